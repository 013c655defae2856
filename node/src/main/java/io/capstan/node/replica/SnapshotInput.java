package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.SnapshotManifest;
import org.jspecify.annotations.Nullable;

/**
 * The answers to {@link SnapshotEffect}s. {@code failure} is null where all went well; otherwise a
 * sentence for the log, and the other fields mean nothing. A failure costs a retry, never the
 * process.
 */
public sealed interface SnapshotInput extends Input {

  /** The export is complete and durable; the manifest names its files. */
  record Exported(SnapshotManifest manifest, @Nullable String failure) implements SnapshotInput {}

  /** What was read. */
  record ChunkRead(long transferId, long offset, ByteString data, @Nullable String failure)
      implements SnapshotInput {}

  /**
   * The staging place is ready.
   *
   * @param nextOffset what is there already
   */
  record Staged(long stagingId, long nextOffset, @Nullable String failure)
      implements SnapshotInput {}

  /** The chunk that ends before {@code nextOffset} is stored, not yet durable. */
  record ChunkStored(long stagingId, long nextOffset, @Nullable String failure)
      implements SnapshotInput {}

  /** Whether what is staged is what the manifest says, durably. */
  record Verified(long stagingId, @Nullable String failure) implements SnapshotInput {}
}
