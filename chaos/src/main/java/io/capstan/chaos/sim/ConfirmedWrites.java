package io.capstan.chaos.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What clients were told is written to a keyspace that changes sides, and what of it may be gone.
 *
 * <p>What an AP epoch confirmed is on the disks that its receipt names, and may be lost with all of
 * them. What the log confirmed, and what was there when a later epoch opened, is never lost: one
 * disk at a time goes.
 */
final class ConfirmedWrites {

  /** What was written. */
  enum Kind {
    /** A value under a key of its own. */
    VALUE,
    /** An element of the set. */
    ELEMENT,
    /** One more on the counter; no row tells which one. */
    ADDITION
  }

  private final Map<Kind, Set<String>> kept = new HashMap<>();
  // Confirmed since the last opening, each with the disks that confirmed it and are not lost.
  private final Map<Kind, Map<String, Set<Integer>>> onDisks = new HashMap<>();
  private final Map<Kind, Set<String>> lost = new HashMap<>();
  // The versions under which each was confirmed.
  private final Map<Kind, Map<String, Set<String>>> versions = new HashMap<>();
  private final Map<Integer, Integer> lossesOf = new HashMap<>();
  private final Set<Integer> givenUp = new TreeSet<>();
  private final Set<Integer> left = new TreeSet<>();

  ConfirmedWrites() {
    for (Kind kind : Kind.values()) {
      kept.put(kind, new TreeSet<>());
      onDisks.put(kind, new TreeMap<>());
      lost.put(kind, new TreeSet<>());
      versions.put(kind, new TreeMap<>());
    }
  }

  private static <T> T of(Map<Kind, T> each, Kind kind) {
    return java.util.Objects.requireNonNull(each.get(kind));
  }

  /** The log has it: a majority does. */
  void confirmedByLog(Kind kind, String what) {
    of(kept, kind).add(what);
    of(onDisks, kind).remove(what);
    of(lost, kind).remove(what);
  }

  /**
   * An AP epoch has it.
   *
   * @param version the dot under which it was confirmed
   * @param disks the nodes that confirmed it and have not lost their disks since it began
   */
  void confirmedBy(Kind kind, String what, String version, Set<Integer> disks) {
    if (of(kept, kind).contains(what)) {
      return;
    }
    Set<Integer> counting = new TreeSet<>(disks);
    counting.removeAll(givenUp);
    if (!left.containsAll(counting)) {
      counting.removeAll(left);
    }
    if (counting.isEmpty()) {
      of(lost, kind).add(what);
    } else {
      of(onDisks, kind).put(what, counting);
      of(versions, kind).computeIfAbsent(what, w -> new TreeSet<>()).add(version);
    }
  }

  /**
   * An epoch has opened and everything that must be there is: nothing of it is bound to single
   * disks any more.
   */
  void opened() {
    for (Kind kind : Kind.values()) {
      of(kept, kind).addAll(of(onDisks, kind).keySet());
      of(onDisks, kind).clear();
      of(versions, kind).clear();
    }
  }

  /** A node counts no more for what it has confirmed and will confirm. */
  void givesUp(int node) {
    givenUp.add(node);
    lossesOf.merge(node, 1, Integer::sum);
    for (Kind kind : Kind.values()) {
      of(onDisks, kind)
          .entrySet()
          .removeIf(
              each -> {
                boolean was = each.getValue().remove(node);
                boolean gone = was && each.getValue().isEmpty();
                if (gone) {
                  of(lost, kind).add(each.getKey());
                }
                return gone;
              });
    }
  }

  /** A node has left, and others hold what it held: it counts where nobody else does. */
  void left(int node, Heirs heirs) {
    left.add(node);
    for (Kind kind : Kind.values()) {
      of(onDisks, kind)
          .forEach(
              (what, disks) ->
                  heirs.inherit(disks, node, of(versions, kind).getOrDefault(what, Set.of())));
    }
  }

  /** A node begins with an empty disk, and counts again. */
  void startsAnew(int node) {
    givenUp.remove(node);
    left.remove(node);
    lossesOf.merge(node, 1, Integer::sum);
  }

  /** Whether what these nodes confirm counts for nobody. */
  boolean areGivenUp(Set<Integer> nodes) {
    return givenUp.containsAll(nodes);
  }

  /** How often the node has lost what it held. */
  int losses(int node) {
    return lossesOf.getOrDefault(node, 0);
  }

  /** Whether it was confirmed and must be there. */
  boolean isConfirmed(Kind kind, String what) {
    return of(kept, kind).contains(what) || of(onDisks, kind).containsKey(what);
  }

  /** Of what must be there, what is not. */
  List<String> missing(Kind kind, Predicate<String> isThere) {
    List<String> missing = new ArrayList<>(of(kept, kind));
    missing.addAll(of(onDisks, kind).keySet());
    missing.removeIf(isThere);
    return missing;
  }

  /** How many must be there. */
  int count(Kind kind) {
    return of(kept, kind).size() + of(onDisks, kind).size();
  }

  /** How many may be gone with the disks that confirmed them. */
  int lost(Kind kind) {
    return of(lost, kind).size();
  }

  /** How many of all kinds may be gone. */
  int lost() {
    return lost.values().stream().mapToInt(Set::size).sum();
  }
}
