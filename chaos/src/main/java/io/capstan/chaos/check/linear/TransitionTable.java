package io.capstan.chaos.check.linear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers the states that a search meets and remembers where each class of calls leads from each of
 * them. Not safe for several threads.
 *
 * @param <S> the states of the model
 */
final class TransitionTable<S> {
  /** The call is not legal in that state. */
  static final int ILLEGAL = -1;

  private static final int ABSENT = -2;
  private static final int INITIAL_SLOTS = 64;

  private final Model<S> model;
  private final List<Call> calls;
  private final Map<S, Integer> numberByState = new HashMap<>();
  private final List<S> states = new ArrayList<>();
  private long[] memoKeys = new long[INITIAL_SLOTS];
  private int[] memoTargets = new int[INITIAL_SLOTS];
  private int memoSize;
  private long stateBytes;

  TransitionTable(Model<S> model, List<Call> calls) {
    this.model = model;
    this.calls = calls;
    Arrays.fill(memoTargets, ABSENT);
    number(model.initial());
  }

  /** The number of the initial state. */
  int initial() {
    return 0;
  }

  S state(int number) {
    return states.get(number);
  }

  /** Bytes held, roughly. */
  long sizeBytes() {
    return stateBytes + 12L * memoKeys.length;
  }

  /** The number of the state after a call of this class, or {@link #ILLEGAL}. */
  int step(int state, int callClass) {
    long key = ((long) state << 32) | callClass;
    int slot = slot(key);
    while (memoTargets[slot] != ABSENT) {
      if (memoKeys[slot] == key) {
        return memoTargets[slot];
      }
      slot = (slot + 1) & (memoKeys.length - 1);
    }
    S next = model.step(states.get(state), calls.get(callClass));
    int target = next == null ? ILLEGAL : number(next);
    if (2 * (memoSize + 1) > memoKeys.length) {
      grow();
    }
    put(key, target);
    return target;
  }

  /** The number of a state, a new one if it was never met. */
  int number(S state) {
    Integer known = numberByState.putIfAbsent(state, states.size());
    if (known != null) {
      return known;
    }
    states.add(state);
    stateBytes += model.sizeBytes(state) + 64;
    return states.size() - 1;
  }

  private void put(long key, int target) {
    int slot = slot(key);
    while (memoTargets[slot] != ABSENT) {
      slot = (slot + 1) & (memoKeys.length - 1);
    }
    memoKeys[slot] = key;
    memoTargets[slot] = target;
    memoSize++;
  }

  private void grow() {
    long[] oldKeys = memoKeys;
    int[] oldTargets = memoTargets;
    memoKeys = new long[oldKeys.length * 2];
    memoTargets = new int[oldKeys.length * 2];
    Arrays.fill(memoTargets, ABSENT);
    memoSize = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldTargets[i] != ABSENT) {
        put(oldKeys[i], oldTargets[i]);
      }
    }
  }

  private int slot(long key) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed ^ (mixed >>> 32)) & (memoKeys.length - 1);
  }
}
