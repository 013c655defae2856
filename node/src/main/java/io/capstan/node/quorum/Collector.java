package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Removes what no replica needs any more: tombstones, and rows of the dot log, of dots that every
 * replica is known to have ({@link Stability}); never by time. On the way, contexts lose what the
 * clock says by now.
 *
 * <p>A removed tombstone cannot be undone by a late message: its dots and all that they replaced
 * lie below the bases of the clock, and {@link ReplicaState#read} says so of every key.
 *
 * <p>Works in slices of {@link QuorumConfig.Limits#collectedDotsMax} dots, so that no input waits.
 */
final class Collector {
  private final ReplicaState state;
  private final Stability stability;
  private final int dotsMax;
  // Looked up only. The counters up to which nothing is left to do since the start.
  private final Map<Actor, Long> doneThrough = new HashMap<>();
  private long tombstonesRemoved;
  // There was nothing to do when the stability had changed so often: asked after every input.
  private long idleAsOf = -1;

  Collector(ReplicaState state, Stability stability, int dotsMax) {
    this.state = state;
    this.stability = stability;
    this.dotsMax = dotsMax;
  }

  /** Whether {@link #collect} has something to do now. */
  boolean hasWork() {
    long changes = stability.changes();
    if (changes == idleAsOf && stability.hasPeers()) {
      return false;
    }
    for (Actor actor : state.clock().actors()) {
      if (stability.baseOf(actor) > doneThrough.getOrDefault(actor, 0L)) {
        return true;
      }
    }
    idleAsOf = changes;
    return false;
  }

  /**
   * Does one slice of what there is to do. A key is looked at once, however often it was written.
   */
  void collect() {
    int[] left = {dotsMax};
    boolean more = false;
    Set<ByteString> keys = new LinkedHashSet<>();
    for (Actor actor : state.clock().actors()) {
      long through = stability.baseOf(actor);
      long done = doneThrough.getOrDefault(actor, 0L);
      if (through <= done) {
        continue;
      }
      if (left[0] == 0) {
        more = true;
        break;
      }
      long[] reached = {through};
      state.dots(
          actor,
          done + 1,
          through,
          (dot, key) -> {
            if (left[0] == 0) {
              reached[0] = dot.counter() - 1;
              return false;
            }
            left[0]--;
            state.leavesDotLog(dot);
            keys.add(key);
            return true;
          });
      doneThrough.put(actor, reached[0]);
      more |= reached[0] < through;
    }
    if (!more) {
      idleAsOf = stability.changes();
    }
    for (ByteString key : keys) {
      tombstonesRemoved += state.settle(key, stability);
    }
  }

  /** How many tombstones were removed since the start. */
  long tombstonesRemoved() {
    return tombstonesRemoved;
  }
}
