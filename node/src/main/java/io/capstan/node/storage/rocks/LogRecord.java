package io.capstan.node.storage.rocks;

import io.capstan.node.raft.Entry;
import io.capstan.node.storage.StorageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The value of a log row: {@code crc32c (4) term (8) kind (1) payload}, big-endian.
 *
 * <p>The checksum is our own, beside those of RocksDB's log and blocks: it covers the entry from
 * the moment it is written to the moment it is read, memory and compaction included, and it covers
 * the group and index as well, so that a row in the wrong place is noticed too.
 *
 * <p>Not thread-safe: one instance per group.
 */
final class LogRecord {

  private static final int CRC_BYTES = 4;
  private static final int HEADER_BYTES = CRC_BYTES + 8 + 1;

  private final CRC32C crc = new CRC32C();

  /** The value to store under the key. */
  byte[] encode(byte[] key, Entry entry) {
    byte[] payload = entry.payload();
    byte[] value = new byte[HEADER_BYTES + payload.length];
    ByteBuffer.wrap(value)
        .order(ByteOrder.BIG_ENDIAN)
        .position(CRC_BYTES)
        .putLong(entry.term())
        .put(code(entry.kind()))
        .put(payload)
        .putInt(0, 0);
    ByteBuffer.wrap(value).order(ByteOrder.BIG_ENDIAN).putInt(0, checksum(key, value));
    return value;
  }

  /**
   * The entry that was stored.
   *
   * @throws StorageException when the value is not what was written under that key
   */
  Entry decode(byte[] key, byte[] value) {
    long index = RowKeys.logIndex(key);
    ByteBuffer fields = checked(index, key, value);
    byte[] payload = Arrays.copyOfRange(value, HEADER_BYTES, value.length);
    return new Entry(
        index, fields.getLong(CRC_BYTES), kind(index, value[HEADER_BYTES - 1]), payload);
  }

  /**
   * The term of the entry that was stored.
   *
   * @throws StorageException when the value is not what was written under that key
   */
  long term(byte[] key, byte[] value) {
    return checked(RowKeys.logIndex(key), key, value).getLong(CRC_BYTES);
  }

  private ByteBuffer checked(long index, byte[] key, byte[] value) {
    ByteBuffer fields = ByteBuffer.wrap(value).order(ByteOrder.BIG_ENDIAN);
    if (value.length < HEADER_BYTES || fields.getInt(0) != checksum(key, value)) {
      throw new StorageException(
          "Entry "
              + index
              + " of the Raft log is damaged on disk: its checksum does not match. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
    return fields;
  }

  private int checksum(byte[] key, byte[] value) {
    crc.reset();
    crc.update(key, 0, key.length);
    crc.update(value, CRC_BYTES, value.length - CRC_BYTES);
    return (int) crc.getValue();
  }

  private static byte code(Entry.Kind kind) {
    return switch (kind) {
      case NORMAL -> 1;
      case CONFIGURATION -> 2;
    };
  }

  private static Entry.Kind kind(long index, byte code) {
    return switch (code) {
      case 1 -> Entry.Kind.NORMAL;
      case 2 -> Entry.Kind.CONFIGURATION;
      default ->
          throw new StorageException(
              "Entry "
                  + index
                  + " of the Raft log is of kind "
                  + code
                  + ", which this version does not know. Start the version that wrote it.",
              null);
    };
  }
}
