package io.capstan.node.quorum;

import io.capstan.node.version.Actor;
import io.capstan.node.version.NodeClock;
import java.util.HashMap;
import java.util.Map;

/**
 * Dots that came so lately that their coordinator is still sending them to everybody: a peer that
 * lacks one is about to get it anyway. Under load there are always some, and to every clock that is
 * received anti-entropy would answer with them.
 *
 * <p>A dot is young for one to two windows, each as long as it was set at least, and as long as
 * nobody looks at the time; what stood on disk at the start never is. Costs two counters for each
 * actor, whatever the load.
 */
final class YoungDots {
  private final NodeClock clock;
  private final StepTime time;
  private final long windowNanos;
  // Looked up only. By actor, the largest counter that came one to two windows ago, or before.
  private Map<Actor, Long> oldThrough;
  private Map<Actor, Long> latelyThrough;
  private long turnedNanos;
  private boolean hasTurned;

  /**
   * @param clock the live clock of this replica
   * @param windowNanos how long a write takes to reach everybody while nothing is wrong
   */
  YoungDots(NodeClock clock, StepTime time, long windowNanos) {
    this.clock = clock;
    this.time = time;
    this.windowNanos = windowNanos;
    this.oldThrough = newest();
    this.latelyThrough = oldThrough;
  }

  /** Time has passed: begins the next window where the present one is over. */
  void tick() {
    if (!hasTurned || time.nowNanos() - turnedNanos >= windowNanos) {
      hasTurned = true;
      turnedNanos = time.nowNanos();
      oldThrough = latelyThrough;
      latelyThrough = newest();
    }
  }

  private Map<Actor, Long> newest() {
    Map<Actor, Long> counters = new HashMap<>();
    for (Actor actor : clock.actors()) {
      counters.put(actor, clock.maxOf(actor));
    }
    return counters;
  }

  /** Whether a dot of the clock is young. */
  boolean contains(Actor actor, long counter) {
    return counter > oldThrough.getOrDefault(actor, 0L);
  }
}
