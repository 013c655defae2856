package io.capstan.node.version;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a replica has seen of one keyspace: a bitmapped version vector, that is for each actor every
 * dot up to a base, and single ones beyond it (Goncalves, Almeida, Baquero, Fonte: DottedDB, 2017,
 * section III).
 *
 * <p><b>The invariant of its owner:</b> a dot is in the clock only if its effect is reflected in
 * the owner's stored state, as a sibling of its key or as superseded by that key's context. The
 * reverse need not hold: a dot that is missing here is sent once more by anti-entropy and merged to
 * no effect. Hence a dot more than {@link #GAP_MAX_DOTS} beyond the base may simply not be
 * recorded, which bounds the size of the clock.
 *
 * <p>Mutable and not thread-safe: it belongs to one event loop. {@link #toProto} and {@link #copy}
 * give what may leave it.
 */
public final class NodeClock {

  /** How far beyond its base an actor's dots are recorded: 2 MiB of bitmap. */
  public static final long GAP_MAX_DOTS = 1L << 24;

  private final TreeMap<Actor, DotRange> byActor = new TreeMap<>();
  // As it is now, null where it was not asked for since the last change: each peer gets the same.
  private io.capstan.proto.store.v1.@Nullable NodeClock stored;

  /** Receives dots of one actor after another. */
  public interface DotVisitor {
    /**
     * @return whether to go on
     */
    boolean visit(Actor actor, long counter);
  }

  /** Whether nothing was seen. */
  public boolean isEmpty() {
    return byActor.isEmpty();
  }

  /** The actors of which anything was seen, in canonical order. */
  public List<Actor> actors() {
    return new ArrayList<>(byActor.keySet());
  }

  /** Whether the dot is recorded. */
  public boolean contains(Dot dot) {
    DotRange range = byActor.get(dot.actor());
    return range != null && range.contains(dot.counter());
  }

  /** The counter up to which every dot of the actor is recorded; 0 for none. */
  public long baseOf(Actor actor) {
    DotRange range = byActor.get(actor);
    return range == null ? 0 : range.base();
  }

  /** The largest counter of the actor that is recorded; 0 for none. */
  public long maxOf(Actor actor) {
    DotRange range = byActor.get(actor);
    return range == null ? 0 : range.max();
  }

  /**
   * Returns the bases as a context: by the invariant of the owner, everything that it covers is
   * reflected in the owner's state, whichever key it was written to.
   */
  public VersionVector bases() {
    VersionVector bases = VersionVector.EMPTY;
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      if (entry.getValue().base() > 0) {
        bases = bases.with(new Dot(entry.getKey(), entry.getValue().base()));
      }
    }
    return bases;
  }

  /**
   * Records the dot.
   *
   * @return whether it is recorded now and was not before; false as well where it lies more than
   *     {@link #GAP_MAX_DOTS} beyond the base
   */
  public boolean add(Dot dot) {
    DotRange range = byActor.get(dot.actor());
    if (range == null) {
      if (dot.counter() > GAP_MAX_DOTS) {
        return false;
      }
      range = new DotRange();
      byActor.put(dot.actor(), range);
    }
    stored = null;
    return range.add(dot.counter());
  }

  /** Whether dots of the actor are missing in front of one that is recorded. */
  public boolean hasGaps(Actor actor) {
    DotRange range = byActor.get(actor);
    return range != null && range.max() > range.base();
  }

  /** What is recorded of one actor alone; later changes on either side do not show on the other. */
  public NodeClock only(Actor actor) {
    NodeClock only = new NodeClock();
    DotRange range = byActor.get(actor);
    if (range != null) {
      only.byActor.put(actor, range.copy());
    }
    return only;
  }

  /** Whether the dot lies in front of a recorded one of its actor and is not recorded itself. */
  public boolean isGap(Dot dot) {
    return dot.counter() < maxOf(dot.actor()) && !contains(dot);
  }

  /** Visits the dots that {@link #isGap}, counters ascending, actors in canonical order. */
  public void visitGaps(DotVisitor visitor) {
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      if (!entry.getValue().visitGaps(entry.getKey(), visitor)) {
        return;
      }
    }
  }

  /** Records everything that the other has recorded. */
  public void join(NodeClock other) {
    stored = null;
    for (Map.Entry<Actor, DotRange> entry : other.byActor.entrySet()) {
      byActor.computeIfAbsent(entry.getKey(), a -> new DotRange()).join(entry.getValue());
    }
  }

  /** Whether everything that the other has recorded is recorded here. */
  public boolean containsAll(NodeClock other) {
    for (Map.Entry<Actor, DotRange> entry : other.byActor.entrySet()) {
      DotRange here = byActor.get(entry.getKey());
      if (here == null || here.base() < entry.getValue().max()) {
        if (entry.getValue().countMissingIn(here) > 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** How many dots are recorded here and not in the other. */
  public long countMissingIn(NodeClock other) {
    long missing = 0;
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      missing += entry.getValue().countMissingIn(other.byActor.get(entry.getKey()));
    }
    return missing;
  }

  /**
   * Visits the dots that are recorded here and not in the other: counters ascending, actors in
   * canonical order, except that those of one actor come first.
   *
   * @param first whose dots come first, or null for none. Replicas that each name themselves here
   *     send different dots to one that lacks much
   */
  public void visitMissingIn(NodeClock other, @Nullable Actor first, DotVisitor visitor) {
    DotRange firstRange = first == null ? null : byActor.get(first);
    if (first != null
        && firstRange != null
        && !firstRange.visitMissingIn(other.byActor.get(first), first, visitor)) {
      return;
    }
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      Actor actor = entry.getKey();
      if (!actor.equals(first)
          && !entry.getValue().visitMissingIn(other.byActor.get(actor), actor, visitor)) {
        return;
      }
    }
  }

  /** Another clock with the same dots. */
  public NodeClock copy() {
    NodeClock copy = new NodeClock();
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      copy.byActor.put(entry.getKey(), entry.getValue().copy());
    }
    return copy;
  }

  /** The stored form, in canonical order and as short as can be. */
  public io.capstan.proto.store.v1.NodeClock toProto() {
    var known = stored;
    if (known == null) {
      known = encode();
      stored = known;
    }
    return known;
  }

  private io.capstan.proto.store.v1.NodeClock encode() {
    var clock = io.capstan.proto.store.v1.NodeClock.newBuilder();
    for (Map.Entry<Actor, DotRange> entry : byActor.entrySet()) {
      DotRange range = entry.getValue();
      if (!range.isEmpty()) {
        var row = io.capstan.proto.store.v1.NodeClock.Entry.newBuilder();
        row.setActor(entry.getKey().toProto()).setBase(range.base());
        range.writeBitmap(row);
        clock.addEntries(row.build());
      }
    }
    return clock.build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if actors are out of order, a base is negative or a bitmap
   *     longer than {@link #GAP_MAX_DOTS}
   */
  public static NodeClock fromProto(io.capstan.proto.store.v1.NodeClock stored) {
    NodeClock clock = new NodeClock();
    for (var entry : stored.getEntriesList()) {
      Actor actor = Actor.fromProto(entry.getActor());
      if (!clock.byActor.isEmpty() && clock.byActor.lastKey().compareTo(actor) >= 0) {
        throw new IllegalArgumentException("entry " + actor + " of a clock is out of order");
      }
      clock.byActor.put(actor, DotRange.of(entry.getBase(), entry.getBitmapList()));
    }
    return clock;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NodeClock that && toProto().equals(that.toProto());
  }

  @Override
  public int hashCode() {
    return toProto().hashCode();
  }

  @Override
  public String toString() {
    return byActor.toString();
  }
}
