package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.fault.FaultCrew.LinkChange;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.FaultType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * On which side each node stood when. A node can reach a majority if it is up and has links, both
 * ways, to every node of every majority whose members all reach each other: whoever of them leads,
 * it reaches it. With a node that is down, or held still, nobody counts.
 */
public final class ReachTimeline {
  static final String MAJORITY = "majority";
  static final String MINORITY = "minority";
  static final String DOWN = "down";

  private final List<String> nodes;
  private final TreeMap<Long, Map<String, String>> sides = new TreeMap<>();
  private final List<FaultInForce> faults;

  /**
   * @param nodes all nodes at which clients sit
   * @param endNanos faults without an end last until then
   */
  ReachTimeline(
      List<String> nodes, List<LinkChange> changes, List<FaultInForce> faults, long endNanos) {
    this.nodes = List.copyOf(nodes);
    this.faults = List.copyOf(faults);
    TreeSet<Long> moments = new TreeSet<>(Set.of(0L));
    changes.forEach(change -> moments.add(change.atNanos()));
    for (FaultInForce fault : faults) {
      moments.add(fault.startNanos());
      moments.add(Objects.requireNonNullElse(fault.healedNanos(), endNanos));
    }
    for (long moment : moments) {
      sides.put(moment, sides(cutAt(changes, moment), downAt(moment)));
    }
  }

  private static Set<DirectedLink> cutAt(List<LinkChange> changes, long moment) {
    Set<DirectedLink> cut = Set.of();
    for (LinkChange change : changes) {
      if (change.atNanos() <= moment) {
        cut = change.cut();
      }
    }
    return cut;
  }

  private Set<String> downAt(long moment) {
    Set<String> down = new TreeSet<>();
    for (FaultInForce fault : faults) {
      Long healed = fault.healedNanos();
      boolean isForEver = fault.plan().type() == FaultType.MEMBER_REPLACE;
      if (fault.plan().type().takesNodesDown()
          && fault.startNanos() <= moment
          && (isForEver || healed == null || healed > moment)) {
        down.addAll(fault.nodes());
      }
    }
    return down;
  }

  private Map<String, String> sides(Set<DirectedLink> cut, Set<String> down) {
    List<String> up = nodes.stream().filter(node -> !down.contains(node)).toList();
    Map<String, Set<String>> mutual = new HashMap<>();
    for (String node : up) {
      Set<String> reached = new TreeSet<>(Set.of(node));
      for (String other : up) {
        if (!other.equals(node)
            && !cut.contains(new DirectedLink(node, other))
            && !cut.contains(new DirectedLink(other, node))) {
          reached.add(other);
        }
      }
      mutual.put(node, reached);
    }
    Set<String> inMajorities = inMajorities(up, mutual);
    Map<String, String> found = new LinkedHashMap<>();
    for (String node : nodes) {
      Set<String> reached = mutual.getOrDefault(node, Set.of());
      found.put(
          node,
          down.contains(node)
              ? DOWN
              : inMajorities.contains(node) && reached.containsAll(inMajorities)
                  ? MAJORITY
                  : MINORITY);
    }
    return found;
  }

  /** Every node that is in some majority whose members all reach each other. */
  private Set<String> inMajorities(List<String> up, Map<String, Set<String>> mutual) {
    Set<String> found = new TreeSet<>();
    for (int chosen = 1; chosen < 1 << up.size(); chosen++) {
      if (2 * Integer.bitCount(chosen) <= nodes.size()) {
        continue;
      }
      List<String> members = new ArrayList<>();
      for (int i = 0; i < up.size(); i++) {
        if ((chosen & 1 << i) != 0) {
          members.add(up.get(i));
        }
      }
      if (members.stream()
          .allMatch(node -> mutual.getOrDefault(node, Set.of()).containsAll(members))) {
        found.addAll(members);
      }
    }
    return found;
  }

  /** Returns majority, minority or down. */
  public String sideAt(String node, long nanos) {
    Map.Entry<Long, Map<String, String>> entry = sides.floorEntry(Math.max(0, nanos));
    Map<String, String> at = entry == null ? Map.of() : entry.getValue();
    return at.getOrDefault(node, DOWN);
  }

  /**
   * Whether the node stood on one side all that time, and no fault was just beginning or ending.
   */
  boolean isSteady(String node, long fromNanos, long toNanos) {
    String side = sideAt(node, fromNanos);
    for (Map<String, String> between : sides.subMap(fromNanos, true, toNanos, true).values()) {
      if (!side.equals(between.getOrDefault(node, DOWN))) {
        return false;
      }
    }
    return faults.stream().noneMatch(fault -> isChanging(fault, fromNanos));
  }

  private static boolean isChanging(FaultInForce fault, long nanos) {
    Long end = fault.endNanos();
    Long healed = fault.healedNanos();
    return (nanos >= fault.startNanos() && nanos < fault.verifiedNanos())
        || (end != null && healed != null && nanos >= end && nanos < healed);
  }

  /** Whether some fault lasted at that moment. */
  boolean isHurt(long nanos) {
    return faults.stream()
        .anyMatch(
            fault -> {
              Long end = fault.endNanos();
              return nanos >= fault.verifiedNanos() && (end == null || nanos < end);
            });
  }

  /** Returns the moments at which sides changed, with the side of every node from then on. */
  public Map<Long, Map<String, String>> changes() {
    return Collections.unmodifiableMap(sides);
  }
}
