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

  private void siftUp(int from, long at, long number, Runnable action) {
    int place = from;
    while (place > 0) {
      int parent = (place - 1) >>> 1;
      if (atNanos[parent] < at || (atNanos[parent] == at && order[parent] < number)) {
        break;
      }
      move(parent, place);
      place = parent;
    }
    set(place, at, number, action);
  }

  private void siftDown(long at, long number, Runnable action) {
    int place = 0;
    int child = 1;
    while (child < size) {
      if (child + 1 < size && isBefore(child + 1, child)) {
        child++;
      }
      if (at < atNanos[child] || (at == atNanos[child] && number < order[child])) {
        break;
      }
      move(child, place);
      place = child;
      child = 2 * place + 1;
    }
    set(place, at, number, action);
  }

  private boolean isBefore(int first, int second) {
    return atNanos[first] < atNanos[second]
        || (atNanos[first] == atNanos[second] && order[first] < order[second]);
  }

  private void move(int from, int to) {
    atNanos[to] = atNanos[from];
    order[to] = order[from];
    actions[to] = actions[from];
  }

  private void set(int place, long at, long number, Runnable action) {
    atNanos[place] = at;
    order[place] = number;
    actions[place] = action;
  }
}
