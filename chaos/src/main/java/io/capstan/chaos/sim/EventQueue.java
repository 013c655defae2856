package io.capstan.chaos.sim;

import java.util.PriorityQueue;

/**
 * Virtual time and what is to happen in it; events of one moment happen in the order of planning.
 */
final class EventQueue {

  private record Event(long atNanos, long order, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long nowNanos;
  private long planned;
  private long happened;

  long nowNanos() {
    return nowNanos;
  }

  long happened() {
    return happened;
  }

  void after(long delayNanos, Runnable action) {
    events.add(new Event(nowNanos + Math.max(0, delayNanos), planned++, action));
  }

  /** Lets the next event happen, if it is due by then; otherwise time moves to that moment. */
  boolean runNext(long untilNanos) {
    Event next = events.peek();
    if (next == null || next.atNanos() > untilNanos) {
      nowNanos = Math.max(nowNanos, untilNanos);
      return false;
    }
    events.poll();
    nowNanos = next.atNanos();
    happened++;
    next.action().run();
    return true;
  }
}
