package io.capstan.node.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a drained batch of inputs demands of the caller, in the order in which the caller
 * does it:
 *
 * <ol>
 *   <li>when {@link #hasWrite()}: remove entries from {@code truncateFrom} on, append {@code
 *       entries}, remove those up to {@code compactTo} and replace the hard state, all in one
 *       atomic write that is ordered after every earlier one and not yet synced; with {@code
 *       install} that write replaces the state machine and the whole log by the snapshot, and
 *       {@link Raft#installed} is called once it was made;
 *   <li>send {@code sendNow}; hand the write to the sync thread;
 *   <li>apply {@code committed} in order. Their effects must not reach the disk before the write
 *       above does, which holds by itself when both go through one write-ahead log;
 *   <li>send {@code sendWhenDurable} once every write up to {@code sendWhenDurableAfter} is on
 *       disk, in order.
 * </ol>
 *
 * @param writeSequence number of this write; meaningless without {@link #hasWrite()}
 * @param hardState term and vote to store, null when unchanged
 * @param truncateFrom first index to remove from the written log before appending, 0 for none
 * @param entries entries to append, contiguous
 * @param compactTo entries up to this position are to be removed and the position remembered, null
 *     for none. At index 0 nothing is removed: it only notes the members that the group began with
 * @param install the offered snapshot that replaces state and log in this write, null for none;
 *     there are no entries beside it
 * @param sendNow messages that promise nothing that is not yet on disk
 * @param sendWhenDurable messages that do; never empty-handed: when all is durable they stand in
 *     {@code sendNow}
 * @param sendWhenDurableAfter the write sequence that {@code sendWhenDurable} waits for
 * @param committed newly committed entries to apply, in index order, each exactly once per run of
 *     the process
 * @param committedMore whether more committed entries wait: drain again after applying
 * @param reads linearizable reads that were confirmed
 * @param rejectedReads linearizable reads that were refused
 * @param snapshotsNeeded followers that need entries which this leader's log no longer has: send
 *     each of them a snapshot and report {@link Raft#snapshotFinished}. Named once a need; where a
 *     stream to the follower is still under way, let it go on
 * @param roleChange role, leader and term if any of them changed, else null
 */
public record Output(
    long writeSequence,
    @Nullable HardState hardState,
    long truncateFrom,
    List<Entry> entries,
    @Nullable SnapshotPosition compactTo,
    @Nullable SnapshotPosition install,
    List<Message> sendNow,
    List<Message> sendWhenDurable,
    long sendWhenDurableAfter,
    List<Entry> committed,
    boolean committedMore,
    List<ReadState> reads,
    List<ReadRejection> rejectedReads,
    List<String> snapshotsNeeded,
    @Nullable RoleChange roleChange) {

  /** Whether there is something to write, and so whether {@code writeSequence} is used up. */
  public boolean hasWrite() {
    return hardState != null || !entries.isEmpty() || compactTo != null || install != null;
  }

  /** Whether the caller has nothing to do. */
  public boolean isEmpty() {
    return !hasWrite()
        && sendNow.isEmpty()
        && sendWhenDurable.isEmpty()
        && committed.isEmpty()
        && reads.isEmpty()
        && rejectedReads.isEmpty()
        && snapshotsNeeded.isEmpty()
        && roleChange == null;
  }
}
