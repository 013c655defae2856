package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Bounds on what a leader takes in: what waits for a quorum, so that a leader cut off fills no
 * memory, and what waits for the state machine, so that a slow one is not buried.
 */
final class ProposalLimits {

  private record Waiting(long index, long bytes) {}

  private final RaftConfig config;
  private final Deque<Waiting> uncommitted = new ArrayDeque<>();
  private final Deque<Waiting> unapplied = new ArrayDeque<>();
  private long uncommittedBytes;
  private long unappliedBytes;

  ProposalLimits(RaftConfig config) {
    this.config = config;
  }

  /**
   * Why an entry of this size may not join, null when it may. Alone it always may wait for a
   * quorum, or a large one could never be written.
   *
   * @param unappliedEntries how many committed entries wait for the state machine
   */
  ProposeResult.@Nullable Overloaded refusal(long entryBytes, long unappliedEntries) {
    if (!uncommitted.isEmpty() && uncommittedBytes + entryBytes > config.uncommittedBytesMax()) {
      return new ProposeResult.Overloaded(
          ProposeResult.Limit.UNCOMMITTED_BYTES, uncommittedBytes, config.uncommittedBytesMax());
    }
    if (unappliedEntries > config.applyLagEntriesMax()) {
      return new ProposeResult.Overloaded(
          ProposeResult.Limit.APPLY_LAG_ENTRIES, unappliedEntries, config.applyLagEntriesMax());
    }
    if (unappliedBytes > config.applyLagBytesMax()) {
      return new ProposeResult.Overloaded(
          ProposeResult.Limit.APPLY_LAG_BYTES, unappliedBytes, config.applyLagBytesMax());
    }
    return null;
  }

  void appended(Entry entry) {
    uncommitted.addLast(new Waiting(entry.index(), entry.sizeBytes()));
    uncommittedBytes += entry.sizeBytes();
  }

  void committed(long commitIndex) {
    for (Waiting first = uncommitted.peekFirst();
        first != null && first.index() <= commitIndex;
        first = uncommitted.peekFirst()) {
      uncommittedBytes -= first.bytes();
      unappliedBytes += first.bytes();
      unapplied.addLast(uncommitted.removeFirst());
    }
  }

  void applied(long appliedIndex) {
    for (Waiting first = unapplied.peekFirst();
        first != null && first.index() <= appliedIndex;
        first = unapplied.peekFirst()) {
      unappliedBytes -= first.bytes();
      unapplied.removeFirst();
    }
  }

  /** Bytes that wait for a quorum. */
  long uncommittedBytes() {
    return uncommittedBytes;
  }
}
