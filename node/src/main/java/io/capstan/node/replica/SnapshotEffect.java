package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.SnapshotManifest;

/**
 * What a replica asks of the snapshots on its disk. Each but the two that discard is answered by
 * one {@link SnapshotInput}; none may hold up the thread that drives the replica.
 *
 * <p>There are two places: <em>exports</em>, made here to be sent, and one <em>staging</em> place,
 * where a snapshot of another node gathers until it is installed.
 */
public sealed interface SnapshotEffect extends Effect {

  /**
   * Make files of the state as it is at this moment, after the batch that was just written. The
   * view must be taken before the next batch; the files can be written afterwards, elsewhere.
   *
   * @param plan everything of the manifest but its files
   */
  record Export(SnapshotManifest plan) implements SnapshotEffect {}

  /**
   * Read from an export.
   *
   * @param transferId echoed by the answer
   * @param exportId which export
   * @param offset counted over all files
   * @param lengthBytes lies within one file
   */
  record ReadChunk(long transferId, long exportId, long offset, int lengthBytes)
      implements SnapshotEffect {}

  /** No export is needed any more: delete them. */
  record DiscardExports() implements SnapshotEffect {}

  /**
   * Prepare the staging place for this snapshot, and say how much of it is there already. Whatever
   * else is staged is deleted.
   *
   * @param stagingId echoed by the answers to this and what follows
   */
  record Stage(long stagingId, SnapshotManifest manifest) implements SnapshotEffect {}

  /** Append to what is staged. */
  record StoreChunk(long stagingId, long offset, ByteString data) implements SnapshotEffect {}

  /** Everything is stored: make it durable and compare every file with the manifest. */
  record Verify(long stagingId) implements SnapshotEffect {}

  /** What is staged is of no use: delete it. */
  record DiscardStaging(long stagingId) implements SnapshotEffect {}
}
