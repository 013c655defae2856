package io.capstan.node.storage.rocks;

import io.capstan.node.raft.HardState;
import io.capstan.node.storage.StorageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The value of the hard state's row: {@code crc32c (4) term (8) voted (1) name of the vote}, with
 * voted 0 where nobody has the vote.
 */
final class HardStateRecord {

  private static final int CRC_BYTES = 4;
  private static final int HEADER_BYTES = CRC_BYTES + 8 + 1;

  private HardStateRecord() {}

  static byte[] encode(HardState state) {
    String votedFor = state.votedFor();
    byte[] name = votedFor == null ? new byte[0] : votedFor.getBytes(StandardCharsets.UTF_8);
    ByteBuffer value = ByteBuffer.allocate(HEADER_BYTES + name.length).order(ByteOrder.BIG_ENDIAN);
    value.putInt(0).putLong(state.term()).put((byte) (votedFor == null ? 0 : 1)).put(name);
    return value.putInt(0, checksum(value.array())).array();
  }

  /**
   * The hard state that was stored.
   *
   * @throws StorageException when the value is not what was written
   */
  static HardState decode(byte[] value) {
    ByteBuffer fields = ByteBuffer.wrap(value).order(ByteOrder.BIG_ENDIAN);
    if (value.length < HEADER_BYTES || fields.getInt(0) != checksum(value)) {
      throw new StorageException(
          "The term and vote of this node are damaged on disk: their checksum does not match. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
    boolean voted = value[HEADER_BYTES - 1] == 1;
    String name =
        new String(value, HEADER_BYTES, value.length - HEADER_BYTES, StandardCharsets.UTF_8);
    return new HardState(fields.getLong(CRC_BYTES), voted ? name : null);
  }

  private static int checksum(byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(value, CRC_BYTES, value.length - CRC_BYTES);
    return (int) crc.getValue();
  }
}
