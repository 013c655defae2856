package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledged writes of an AP keyspace that the latest of concurrent writes won against, as the
 * ledgers of its nodes list them.
 *
 * @param conflicts each write once, whichever ledgers list it; the last discarded first
 * @param nodes what each node counts, or why it did not say
 */
public record ConflictList(List<Conflict> conflicts, List<Node> nodes) {

  public ConflictList {
    conflicts = List.copyOf(conflicts);
    nodes = List.copyOf(nodes);
  }

  /**
   * A write that lost.
   *
   * @param value null for a delete; the beginning only, where valueSizeBytes is larger
   * @param valueSizeBytes of the whole value
   * @param winnerVersion the write that it lost to
   * @param discardedAtMillis by the wall clock of the node that lists it
   * @param listedBy the nodes whose ledgers list it
   */
  public record Conflict(
      Bytes key,
      String version,
      @Nullable Bytes value,
      long valueSizeBytes,
      long writtenAtMillis,
      String winnerVersion,
      long winnerWrittenAtMillis,
      long discardedAtMillis,
      List<String> listedBy) {

    public Conflict {
      listedBy = List.copyOf(listedBy);
    }

    /** Whether the ledger kept the beginning of the value only. */
    public boolean isCut() {
      return value != null && value.toByteArray().length < valueSizeBytes;
    }
  }

  /**
   * What one node counts.
   *
   * @param endpoint as it was given to the client
   * @param id empty where it did not answer
   * @param discarded all that it ever dropped, or copied from the ledger of another node
   * @param collapsed of these, counted only, because the ledger was full
   * @param collapsedUntilMillis when the last of these was dropped
   * @param hasMore whether it lists more than were asked for
   * @param error null where it answered
   */
  public record Node(
      String endpoint,
      String id,
      long discarded,
      long collapsed,
      long collapsedUntilMillis,
      boolean hasMore,
      @Nullable CapstanException error) {}
}
