package io.capstan.node.storage.rocks;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.StorageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The value of the row that says where the log begins: {@code crc32c (4)} and a serialized {@code
 * capstan.store.v1.SnapshotPosition}.
 */
final class SnapshotPositionRecord {

  private static final int CRC_BYTES = 4;

  private SnapshotPositionRecord() {}

  static byte[] encode(SnapshotPosition position) {
    byte[] message =
        io.capstan.proto.store.v1.SnapshotPosition.newBuilder()
            .setIndex(position.index())
            .setTerm(position.term())
            .setConfiguration(ByteString.copyFrom(position.configuration().toBytes()))
            .build()
            .toByteArray();
    ByteBuffer value = ByteBuffer.allocate(CRC_BYTES + message.length).order(ByteOrder.BIG_ENDIAN);
    value.putInt(0).put(message);
    return value.putInt(0, checksum(value.array())).array();
  }

  /**
   * The position that was stored.
   *
   * @throws StorageException when the value is not what was written
   */
  static SnapshotPosition decode(byte[] value) {
    ByteBuffer fields = ByteBuffer.wrap(value).order(ByteOrder.BIG_ENDIAN);
    if (value.length < CRC_BYTES || fields.getInt(0) != checksum(value)) {
      throw damaged(null);
    }
    fields.position(CRC_BYTES);
    try {
      io.capstan.proto.store.v1.SnapshotPosition stored =
          io.capstan.proto.store.v1.SnapshotPosition.parseFrom(fields);
      return new SnapshotPosition(
          stored.getIndex(),
          stored.getTerm(),
          Configuration.fromBytes(stored.getConfiguration().toByteArray()));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      throw damaged(e);
    }
  }

  private static StorageException damaged(@org.jspecify.annotations.Nullable Throwable cause) {
    return new StorageException(
        "The place where the Raft log of this node begins cannot be read from disk. "
            + StorageEngine.REBUILD_ADVICE,
        cause);
  }

  private static int checksum(byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(value, CRC_BYTES, value.length - CRC_BYTES);
    return (int) crc.getValue();
  }
}
