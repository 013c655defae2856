package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change of sides that a keyspace has gone through.
 *
 * @param id grows from change to change
 * @param from null where the cluster names a mode that this client does not know
 * @param to the side that it stands on since; for one that was given up, where it stayed
 * @param epoch that it led to
 * @param requestedBy who asked for it; may be empty
 * @param beganAtMillis by the time of the cluster's log, milliseconds since 1970
 * @param endedAtMillis likewise
 * @param phases in order, each with its length
 * @param dotsMoved writes that some replica lacked when it was sealed, all replicas together
 * @param aborted why it was given up; empty where it was not
 */
public record ModeChange(
    long id,
    @Nullable Mode from,
    @Nullable Mode to,
    long epoch,
    String requestedBy,
    long beganAtMillis,
    long endedAtMillis,
    List<Phase> phases,
    long dotsMoved,
    String aborted) {

  /**
   * One phase.
   *
   * @param name "prepare", "seal", "converge" or "barrier"
   * @param millis by the time of the cluster's log
   */
  public record Phase(String name, long millis) {}

  public ModeChange {
    phases = List.copyOf(phases);
  }

  /** How long no write was taken: sealed, and converging after that. */
  public long writesPausedMillis() {
    return phases.stream()
        .filter(phase -> phase.name().equals("seal") || phase.name().equals("converge"))
        .mapToLong(Phase::millis)
        .sum();
  }
}
