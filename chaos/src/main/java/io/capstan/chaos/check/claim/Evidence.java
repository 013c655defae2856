package io.capstan.chaos.check.claim;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.eventual.ConservationChecker.Discarded;
import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.check.measure.FaultWindow;
import java.util.List;
import java.util.Optional;

/**
 * What a run left behind for the checkers. The history is enough for most claims. Immutable.
 *
 * @param history what the clients saw
 * @param finalStates what each replica held in the end, if they were asked
 * @param discarded writes that last-writer-wins dropped, as the ledger of the keyspace lists them
 * @param window when the network was split, if it was
 */
public record Evidence(
    History history,
    Optional<ReplicaStates> finalStates,
    List<Discarded> discarded,
    Optional<FaultWindow> window) {
  /** Copies the list. */
  public Evidence {
    discarded = List.copyOf(discarded);
  }

  /** A history and nothing else. */
  public static Evidence of(History history) {
    return new Evidence(history, Optional.empty(), List.of(), Optional.empty());
  }

  /** The same, and what each replica held in the end. */
  public Evidence withFinalStates(ReplicaStates states) {
    return new Evidence(history, Optional.of(states), discarded, window);
  }

  /** The same, and the ledger of discarded writes. */
  public Evidence withDiscarded(List<Discarded> ledger) {
    return new Evidence(history, finalStates, ledger, window);
  }

  /** The same, and when the network was split. */
  public Evidence withWindow(FaultWindow split) {
    return new Evidence(history, finalStates, discarded, Optional.of(split));
  }

  /** The same evidence about another part of the history. */
  public Evidence withHistory(History part) {
    return new Evidence(part, finalStates, discarded, window);
  }
}
