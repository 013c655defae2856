package io.capstan.node.replica;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Effects of the running step, and what has to wait for the disk.
 *
 * <p>One rule holds for everything that leaves a replica: what promises or reveals state leaves
 * only once that state is on disk. An action given to {@link #whenDurable} belongs to the write
 * that the next {@link #sealed} names, and runs when that write is durable.
 */
final class Outbox {

  private record Held(long writeSequence, Runnable action) {}

  private List<Effect> effects = new ArrayList<>();
  private List<Runnable> unsealed = new ArrayList<>();
  private final ArrayDeque<Held> held = new ArrayDeque<>();
  private long durableSequence;
  private long awaitedSequence;

  void emit(Effect effect) {
    effects.add(effect);
  }

  void whenDurable(Runnable action) {
    unsealed.add(action);
  }

  /**
   * Says that everything done so far is part of the writes up to the sequence.
   *
   * @param writeSequence the newest write handed to the store
   */
  void sealed(long writeSequence) {
    if (unsealed.isEmpty()) {
      return;
    }
    for (Runnable action : unsealed) {
      held.add(new Held(writeSequence, action));
    }
    unsealed = new ArrayList<>();
    awaitedSequence = writeSequence;
  }

  /** The newest write that an action waits for, or has waited for. */
  long awaitedSequence() {
    return awaitedSequence;
  }

  /** Every write up to the sequence is on disk. */
  void durable(long writeSequence) {
    if (writeSequence < durableSequence) {
      throw new ReplicaInvariantViolation(
          "durable write sequence went back from " + durableSequence + " to " + writeSequence);
    }
    durableSequence = writeSequence;
  }

  /**
   * Runs what no longer waits, in order; the actions may write, emit and wait again.
   *
   * @return whether there was any
   */
  boolean runReleased() {
    boolean any = false;
    while (!held.isEmpty() && held.peek().writeSequence() <= durableSequence) {
      held.poll().action().run();
      any = true;
    }
    return any;
  }

  List<Effect> takeEffects() {
    if (effects.isEmpty()) {
      return List.of();
    }
    List<Effect> taken = effects;
    effects = new ArrayList<>();
    return taken;
  }

  /** Whether an action was given that the next {@link #sealed} has yet to take. */
  boolean hasUnsealed() {
    return !unsealed.isEmpty();
  }
}
