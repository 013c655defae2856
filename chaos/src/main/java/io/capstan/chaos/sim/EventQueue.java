package io.capstan.chaos.sim;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time and what is to happen in it; events of one moment happen in the order of planning. A
 * binary heap over plain arrays: planning an event makes no object.
 */
final class EventQueue {
  private long[] atNanos = new long[256];
  private long[] order = new long[256];
  private @Nullable Runnable[] actions = new @Nullable Runnable[256];
  private int size;
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
    if (size == atNanos.length) {
      atNanos = Arrays.copyOf(atNanos, size * 2);
      order = Arrays.copyOf(order, size * 2);
      actions = Arrays.copyOf(actions, size * 2);
    }
    siftUp(size++, nowNanos + Math.max(0, delayNanos), planned++, action);
  }

  /** Lets the next event happen, if it is due by then; otherwise time moves to that moment. */
  boolean runNext(long untilNanos) {
    if (size == 0 || atNanos[0] > untilNanos) {
      nowNanos = Math.max(nowNanos, untilNanos);
      return false;
    }
    nowNanos = atNanos[0];
    Runnable action = actions[0];
    size--;
    Runnable last = actions[size];
    actions[size] = null;
    if (size > 0 && last != null) {
      siftDown(atNanos[size], order[size], last);
    }
    happened++;
    if (action != null) {
      action.run();
    }
    return true;
  }

  // Both with the arrays at hand and without a method for the three assignments: this is what every
  // event of every simulation goes through, mostly before a better compiler has looked at it.

  private void siftUp(int from, long at, long number, Runnable action) {
    long[] times = atNanos;
    long[] numbers = order;
    @Nullable Runnable[] events = actions;
    int place = from;
    while (place > 0) {
      int parent = (place - 1) >>> 1;
      long time = times[parent];
      if (time < at || (time == at && numbers[parent] < number)) {
        break;
      }
      times[place] = time;
      numbers[place] = numbers[parent];
      events[place] = events[parent];
      place = parent;
    }
    times[place] = at;
    numbers[place] = number;
    events[place] = action;
  }

  private void siftDown(long at, long number, Runnable action) {
    long[] times = atNanos;
    long[] numbers = order;
    @Nullable Runnable[] events = actions;
    int end = size;
    int place = 0;
    int child = 1;
    while (child < end) {
      int other = child + 1;
      if (other < end
          && (times[other] < times[child]
              || (times[other] == times[child] && numbers[other] < numbers[child]))) {
        child = other;
      }
      long time = times[child];
      if (at < time || (at == time && number < numbers[child])) {
        break;
      }
      times[place] = time;
      numbers[place] = numbers[child];
      events[place] = events[child];
      place = child;
      child = 2 * place + 1;
    }
    times[place] = at;
    numbers[place] = number;
    events[place] = action;
  }
}
