package io.capstan.node.version;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A causal context of one key: for each actor, every dot of that key up to a counter. Immutable, so
 * safe to share between threads.
 *
 * <p>A join semilattice: {@link #join} is associative, commutative and idempotent, and {@link
 * #covers(VersionVector)} is its order.
 */
public final class VersionVector {

  /** Covers nothing. */
  public static final VersionVector EMPTY = new VersionVector(new Actor[0], new long[0]);

  // Sorted by actor, no counter below 1.
  private final Actor[] actors;
  private final long[] counters;
  // The stored form: as it was read, or as it was made when it was first asked for. Rows and
  // messages carry the same one.
  private final io.capstan.proto.store.v1.@Nullable VersionVector read;
  private volatile io.capstan.proto.store.v1.@Nullable VersionVector made;

  private VersionVector(Actor[] actors, long[] counters) {
    this(actors, counters, null);
  }

  private VersionVector(
      Actor[] actors, long[] counters, io.capstan.proto.store.v1.@Nullable VersionVector read) {
    this.actors = actors;
    this.counters = counters;
    this.read = read;
  }

  /**
   * Covers of each actor every dot up to its counter.
   *
   * @param actors in canonical order; handed over, as are the counters
   * @param counters none below 1
   */
  static VersionVector of(Actor[] actors, long[] counters) {
    return actors.length == 0 ? EMPTY : new VersionVector(actors, counters);
  }

  /** Whether nothing is covered. */
  public boolean isEmpty() {
    return actors.length == 0;
  }

  /** The number of actors. */
  public int size() {
    return actors.length;
  }

  /** The actor at the position, in canonical order. */
  public Actor actor(int position) {
    return actors[position];
  }

  /** The counter at the position. */
  public long counter(int position) {
    return counters[position];
  }

  /** The counter up to which dots of the actor are covered; 0 for none. */
  public long counterOf(Actor actor) {
    int position = Actor.search(actors, actors.length, actor);
    return position < 0 ? 0 : counters[position];
  }

  /** Whether the dot, if it is one of this key, is accounted for. */
  public boolean covers(Dot dot) {
    return counterOf(dot.actor()) >= dot.counter();
  }

  /** Whether everything that the other covers is covered here. */
  public boolean covers(VersionVector other) {
    return this == other || other.countBeyond(this) == 0;
  }

  /** How many entries the other does not cover. Both are sorted: one walk through both. */
  private int countBeyond(VersionVector other) {
    int beyond = 0;
    int theirs = 0;
    for (int i = 0; i < actors.length; i++) {
      theirs = other.positionFrom(theirs, actors[i]);
      if (!other.covers(theirs, actors[i], counters[i])) {
        beyond++;
      }
    }
    return beyond;
  }

  private int positionFrom(int from, Actor actor) {
    return Actor.searchFrom(from, actors, actors.length, actor);
  }

  private boolean covers(int position, Actor actor, long counter) {
    return position < actors.length
        && counters[position] >= counter
        && actors[position].equals(actor);
  }

  /** This and the dot. */
  public VersionVector with(Dot dot) {
    if (covers(dot)) {
      return this;
    }
    int position = Actor.search(actors, actors.length, dot.actor());
    if (position >= 0) {
      long[] raised = counters.clone();
      raised[position] = dot.counter();
      return new VersionVector(actors, raised);
    }
    int at = -position - 1;
    Actor[] moreActors = new Actor[actors.length + 1];
    long[] moreCounters = new long[actors.length + 1];
    System.arraycopy(actors, 0, moreActors, 0, at);
    System.arraycopy(counters, 0, moreCounters, 0, at);
    moreActors[at] = dot.actor();
    moreCounters[at] = dot.counter();
    System.arraycopy(actors, at, moreActors, at + 1, actors.length - at);
    System.arraycopy(counters, at, moreCounters, at + 1, actors.length - at);
    return new VersionVector(moreActors, moreCounters);
  }

  /** What either covers. */
  public VersionVector join(VersionVector other) {
    if (this == other || covers(other)) {
      return this;
    }
    if (other.covers(this)) {
      return other;
    }
    List<Actor> joinedActors = new ArrayList<>(actors.length + other.actors.length);
    long[] joinedCounters = new long[actors.length + other.actors.length];
    int mine = 0;
    int theirs = 0;
    while (mine < actors.length || theirs < other.actors.length) {
      int order =
          mine == actors.length
              ? 1
              : theirs == other.actors.length ? -1 : actors[mine].compareTo(other.actors[theirs]);
      int at = joinedActors.size();
      joinedActors.add(order <= 0 ? actors[mine] : other.actors[theirs]);
      if (order <= 0) {
        joinedCounters[at] = counters[mine++];
      }
      if (order >= 0) {
        joinedCounters[at] = Math.max(joinedCounters[at], other.counters[theirs++]);
      }
    }
    return new VersionVector(
        joinedActors.toArray(new Actor[0]), Arrays.copyOf(joinedCounters, joinedActors.size()));
  }

  /** The entries that the other does not cover. */
  public VersionVector beyond(VersionVector other) {
    int kept = this == other ? 0 : countBeyond(other);
    if (kept == 0 || kept == actors.length) {
      return kept == 0 ? EMPTY : this;
    }
    Actor[] keptActors = new Actor[kept];
    long[] keptCounters = new long[kept];
    int at = 0;
    int theirs = 0;
    for (int i = 0; i < actors.length; i++) {
      theirs = other.positionFrom(theirs, actors[i]);
      if (!other.covers(theirs, actors[i], counters[i])) {
        keptActors[at] = actors[i];
        keptCounters[at++] = counters[i];
      }
    }
    return new VersionVector(keptActors, keptCounters);
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.VersionVector toProto() {
    if (read != null) {
      return read;
    }
    var known = made;
    if (known == null) {
      known = encode();
      made = known;
    }
    return known;
  }

  private io.capstan.proto.store.v1.VersionVector encode() {
    var vector = io.capstan.proto.store.v1.VersionVector.newBuilder();
    for (int i = 0; i < actors.length; i++) {
      vector.addEntries(
          io.capstan.proto.store.v1.VersionVector.Entry.newBuilder()
              .setActor(actors[i].toProto())
              .setCounter(counters[i])
              .build());
    }
    return vector.build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if entries are not in ascending order of actors or a counter
   *     is below 1
   */
  public static VersionVector fromProto(io.capstan.proto.store.v1.VersionVector stored) {
    int size = stored.getEntriesCount();
    if (size == 0) {
      return EMPTY;
    }
    Actor[] actors = new Actor[size];
    long[] counters = new long[size];
    // What a later version has added is not passed on: rows of all replicas are the same bytes.
    boolean whole = stored.getUnknownFields().isEmpty();
    for (int i = 0; i < size; i++) {
      var entry = stored.getEntries(i);
      whole &= entry.getUnknownFields().isEmpty() && entry.getActor().getUnknownFields().isEmpty();
      actors[i] = Actor.fromProto(entry.getActor());
      counters[i] = entry.getCounter();
      if (counters[i] < 1 || (i > 0 && actors[i - 1].compareTo(actors[i]) >= 0)) {
        throw new IllegalArgumentException(
            "entry " + actors[i] + ":" + counters[i] + " of a version vector is out of order");
      }
    }
    return new VersionVector(actors, counters, whole ? stored : null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VersionVector that
        && Arrays.equals(counters, that.counters)
        && Arrays.equals(actors, that.actors);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(actors) + Arrays.hashCode(counters);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < actors.length; i++) {
      text.append(i == 0 ? "" : " ").append(actors[i]).append(':').append(counters[i]);
    }
    return text.append('}').toString();
  }
}
