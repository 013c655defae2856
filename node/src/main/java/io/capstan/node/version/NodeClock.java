package io.capstan.node.version;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

  private static final Actor[] NO_ACTORS = new Actor[0];
  private static final DotRange[] NO_RANGES = new DotRange[0];

  // In canonical order, with the dots of each; so many of them count.
  private Actor[] actors = NO_ACTORS;
  private DotRange[] ranges = NO_RANGES;
  private int size;
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
    return size == 0;
  }

  /** The actors of which anything was seen, in canonical order. */
  public List<Actor> actors() {
    return new ArrayList<>(Arrays.asList(actors).subList(0, size));
  }

  /** Whether the dot is recorded. */
  public boolean contains(Dot dot) {
    DotRange range = rangeOf(dot.actor());
    return range != null && range.contains(dot.counter());
  }

  /** The counter up to which every dot of the actor is recorded; 0 for none. */
  public long baseOf(Actor actor) {
    DotRange range = rangeOf(actor);
    return range == null ? 0 : range.base();
  }

  /** The largest counter of the actor that is recorded; 0 for none. */
  public long maxOf(Actor actor) {
    DotRange range = rangeOf(actor);
    return range == null ? 0 : range.max();
  }

  /**
   * Returns the bases as a context: by the invariant of the owner, everything that it covers is
   * reflected in the owner's state, whichever key it was written to.
   */
  public VersionVector bases() {
    Actor[] covered = new Actor[size];
    long[] counters = new long[size];
    int count = 0;
    for (int i = 0; i < size; i++) {
      long base = ranges[i].base();
      if (base > 0) {
        covered[count] = actors[i];
        counters[count++] = base;
      }
    }
    return count == size
        ? VersionVector.of(covered, counters)
        : VersionVector.of(Arrays.copyOf(covered, count), Arrays.copyOf(counters, count));
  }

  private @Nullable DotRange rangeOf(Actor actor) {
    int position = Actor.search(actors, size, actor);
    return position < 0 ? null : ranges[position];
  }

  /** The dots of the actor where it stands at that position, or null. */
  private @Nullable DotRange rangeAt(int position, Actor actor) {
    return position < size && actors[position].equals(actor) ? ranges[position] : null;
  }

  /** Makes room for an actor of which nothing was seen. */
  private void insert(int position, Actor actor, DotRange range) {
    if (size == actors.length) {
      actors = Arrays.copyOf(actors, size + size / 2 + 4);
      ranges = Arrays.copyOf(ranges, actors.length);
    }
    System.arraycopy(actors, position, actors, position + 1, size - position);
    System.arraycopy(ranges, position, ranges, position + 1, size - position);
    actors[position] = actor;
    ranges[position] = range;
    size++;
  }

  /**
   * Records the dot.
   *
   * @return whether it is recorded now and was not before; false as well where it lies more than
   *     {@link #GAP_MAX_DOTS} beyond the base
   */
  public boolean add(Dot dot) {
    int position = Actor.search(actors, size, dot.actor());
    if (position < 0) {
      if (dot.counter() > GAP_MAX_DOTS) {
        return false;
      }
      position = -position - 1;
      insert(position, dot.actor(), new DotRange());
    }
    boolean added = ranges[position].add(dot.counter());
    if (added) {
      stored = null;
    }
    return added;
  }

  /** Whether dots of the actor are missing in front of one that is recorded. */
  public boolean hasGaps(Actor actor) {
    DotRange range = rangeOf(actor);
    return range != null && range.max() > range.base();
  }

  /** What is recorded of one actor alone; later changes on either side do not show on the other. */
  public NodeClock only(Actor actor) {
    NodeClock only = new NodeClock();
    DotRange range = rangeOf(actor);
    if (range != null) {
      only.insert(0, actor, range.copy());
    }
    return only;
  }

  /** Whether the dot lies in front of a recorded one of its actor and is not recorded itself. */
  public boolean isGap(Dot dot) {
    return dot.counter() < maxOf(dot.actor()) && !contains(dot);
  }

  /** Visits the dots that {@link #isGap}, counters ascending, actors in canonical order. */
  public void visitGaps(DotVisitor visitor) {
    for (int i = 0; i < size; i++) {
      if (!ranges[i].visitGaps(actors[i], visitor)) {
        return;
      }
    }
  }

  /** Records everything that the other has recorded. */
  public void join(NodeClock other) {
    stored = null;
    int here = 0;
    for (int i = 0; i < other.size; i++) {
      Actor actor = other.actors[i];
      here = Actor.searchFrom(here, actors, size, actor);
      if (rangeAt(here, actor) == null) {
        insert(here, actor, new DotRange());
      }
      ranges[here].join(other.ranges[i]);
    }
  }

  /** Whether everything that the other has recorded is recorded here. */
  public boolean containsAll(NodeClock other) {
    int here = 0;
    for (int i = 0; i < other.size; i++) {
      here = Actor.searchFrom(here, actors, size, other.actors[i]);
      DotRange range = rangeAt(here, other.actors[i]);
      if ((range == null || range.base() < other.ranges[i].max())
          && other.ranges[i].countMissingIn(range) > 0) {
        return false;
      }
    }
    return true;
  }

  /** How many dots are recorded here and not in the other. */
  public long countMissingIn(NodeClock other) {
    long missing = 0;
    int there = 0;
    for (int i = 0; i < size; i++) {
      there = Actor.searchFrom(there, other.actors, other.size, actors[i]);
      missing += ranges[i].countMissingIn(other.rangeAt(there, actors[i]));
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
    DotRange firstRange = first == null ? null : rangeOf(first);
    if (first != null
        && firstRange != null
        && !firstRange.visitMissingIn(other.rangeOf(first), first, visitor)) {
      return;
    }
    int there = 0;
    for (int i = 0; i < size; i++) {
      Actor actor = actors[i];
      there = Actor.searchFrom(there, other.actors, other.size, actor);
      if (!actor.equals(first)
          && !ranges[i].visitMissingIn(other.rangeAt(there, actor), actor, visitor)) {
        return;
      }
    }
  }

  /** Another clock with the same dots. */
  public NodeClock copy() {
    NodeClock copy = new NodeClock();
    copy.actors = Arrays.copyOf(actors, size);
    copy.ranges = new DotRange[size];
    copy.size = size;
    for (int i = 0; i < size; i++) {
      copy.ranges[i] = ranges[i].copy();
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
    for (int i = 0; i < size; i++) {
      DotRange range = ranges[i];
      if (!range.isEmpty()) {
        var row = io.capstan.proto.store.v1.NodeClock.Entry.newBuilder();
        row.setActor(actors[i].toProto()).setBase(range.base());
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
    int entries = stored.getEntriesCount();
    clock.actors = new Actor[entries];
    clock.ranges = new DotRange[entries];
    for (int i = 0; i < entries; i++) {
      var entry = stored.getEntries(i);
      Actor actor = Actor.fromProto(entry.getActor());
      if (i > 0 && clock.actors[i - 1].compareTo(actor) >= 0) {
        throw new IllegalArgumentException("entry " + actor + " of a clock is out of order");
      }
      clock.insert(i, actor, DotRange.of(entry.getBase(), entry.getBitmapList()));
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
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < size; i++) {
      text.append(i == 0 ? "" : ", ").append(actors[i]).append('=').append(ranges[i]);
    }
    return text.append('}').toString();
  }
}
