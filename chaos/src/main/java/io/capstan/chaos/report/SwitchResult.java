package io.capstan.chaos.report;

import java.util.List;

/**
 * A keyspace that changed sides and came back under load: what result.json says of it.
 *
 * @param keyspace that changed
 * @param changes one after the other
 * @param acknowledged writes that were confirmed, all stages together
 * @param refused writes that definitely took no effect
 * @param unknown writes that may have taken effect
 * @param lostWrites acknowledged ones that are not there at the end
 */
public record SwitchResult(
    String keyspace,
    List<Change> changes,
    int acknowledged,
    int refused,
    int unknown,
    int lostWrites) {

  public SwitchResult {
    changes = List.copyOf(changes);
  }

  /**
   * One change.
   *
   * @param to cp or ap
   * @param epoch that it led to
   * @param phases in order
   * @param writesPausedMillis how long no replica took a write, by the cluster's log
   * @param longestWaitMillis the longest that a client waited for a write meanwhile
   * @param dotsMoved writes that some replica lacked
   * @param levelOne what a write at level one is told afterwards: ok, or the code of the refusal
   * @param readLevel at which a read is answered that names none
   * @param siblings keys that show more than one value afterwards
   */
  public record Change(
      String to,
      long epoch,
      List<Phase> phases,
      long writesPausedMillis,
      long longestWaitMillis,
      long dotsMoved,
      String levelOne,
      String readLevel,
      int siblings) {

    public Change {
      phases = List.copyOf(phases);
    }
  }

  /** A phase and its length. */
  public record Phase(String name, long millis) {}
}
