package io.capstan.node.storage;

import com.google.protobuf.ByteString;
import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.SnapshotPosition;

/** Positions of the log as they stand in manifests of snapshots, and back. */
public final class LogPositions {

  private LogPositions() {}

  /** As a message. */
  public static io.capstan.proto.store.v1.SnapshotPosition toProto(SnapshotPosition position) {
    return io.capstan.proto.store.v1.SnapshotPosition.newBuilder()
        .setIndex(position.index())
        .setTerm(position.term())
        .setConfiguration(ByteString.copyFrom(position.configuration().toBytes()))
        .build();
  }

  /**
   * The position that the message stands for.
   *
   * @throws IllegalArgumentException when it is damaged or of a later version
   */
  public static SnapshotPosition of(io.capstan.proto.store.v1.SnapshotPosition message) {
    Configuration configuration =
        message.getConfiguration().isEmpty()
            ? Configuration.NONE
            : Configuration.fromBytes(message.getConfiguration().toByteArray());
    return new SnapshotPosition(message.getIndex(), message.getTerm(), configuration);
  }
}
