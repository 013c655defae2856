package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Reads one file of RocksDB's write-ahead log to find where its whole records end; see {@link
 * WalTail} for the rule.
 *
 * <p>The file is a sequence of blocks of 32 KiB. A block is a sequence of fragments, {@code masked
 * crc32c of type and payload (4) length (2) type (1) payload}, little-endian; fewer than seven
 * bytes at the end of a block are zeros. A record is one FULL fragment, or FIRST, any number of
 * MIDDLE, and LAST.
 */
final class WalScan {

  private static final int BLOCK_BYTES = 32 << 10;
  private static final int HEADER_BYTES = 7;
  private static final int FULL = 1;
  private static final int FIRST = 2;
  private static final int MIDDLE = 3;
  private static final int LAST = 4;
  // Records about the log itself, each in one fragment, such as its compression.
  private static final int ABOUT_MIN = 9;
  private static final int CRC_MASK_DELTA = 0xa282ead8;

  private final Path file;
  private final FileChannel channel;
  private final long size;
  private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final CRC32C crc = new CRC32C();
  private long blockStart;
  private boolean inRecord;

  WalScan(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    size = channel.size();
  }

  /**
   * How many bytes from the start of the file are whole records.
   *
   * @return the size of the file where no record is incomplete
   * @throws StorageException when a complete record is damaged
   */
  long wholeBytes() throws IOException {
    long whole = 0;
    for (blockStart = 0; blockStart < size; blockStart += BLOCK_BYTES) {
      readBlock();
      int at = 0;
      while (BLOCK_BYTES - at >= HEADER_BYTES) {
        if (at == block.limit() && !inRecord) {
          return size;
        }
        if (torn(at)) {
          return whole;
        }
        at = next(at);
        if (!inRecord) {
          whole = blockStart + at;
        }
      }
    }
    // The padding of the last block may be there or not.
    return inRecord ? whole : size;
  }

  private void readBlock() throws IOException {
    block.clear().limit((int) Math.min(BLOCK_BYTES, size - blockStart));
    while (block.hasRemaining()) {
      if (channel.read(block, blockStart + block.position()) < 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
    }
    block.flip();
  }

  /** Whether the fragment is incomplete, and nothing but zeros follows what there is of it. */
  private boolean torn(int at) throws IOException {
    int present = block.limit() - at;
    if (present < HEADER_BYTES) {
      return true;
    }
    int length = length(at);
    int end = at + HEADER_BYTES + length;
    if (end <= block.limit()) {
      boolean endsInZero = block.get(end - 1) == 0;
      return crcOf(at, length) != storedCrc(at) && endsInZero && zerosFrom(blockStart + end);
    }
    if (end > BLOCK_BYTES) {
      throw damaged(at, "its length crosses the end of a block");
    }
    if (fitsShorterLength(at, present - HEADER_BYTES)) {
      throw damaged(at, "its length is wrong");
    }
    return true;
  }

  /**
   * Whether a batch ends within the bytes that are there, and the checksum is that of the batch.
   */
  private boolean fitsShorterLength(int at, int payloadBytes) {
    crc.reset();
    crc.update(block.get(at + HEADER_BYTES - 1));
    for (int i = 0; i < payloadBytes; i++) {
      byte next = block.get(at + HEADER_BYTES + i);
      crc.update(next);
      if (next == WalTail.RECORD_END_BYTE && masked() == storedCrc(at)) {
        return true;
      }
    }
    return false;
  }

  /** Checks the complete fragment and returns where the next one begins. */
  private int next(int at) {
    int length = length(at);
    int type = block.get(at + HEADER_BYTES - 1) & 0xFF;
    if (crcOf(at, length) != storedCrc(at)) {
      throw damaged(at, "its checksum does not match");
    }
    boolean continues = type == MIDDLE || type == LAST;
    boolean known = type >= FULL && type <= LAST || type >= ABOUT_MIN;
    if (!known || continues != inRecord) {
      throw damaged(at, "a fragment of type " + type + " cannot be there");
    }
    inRecord = type == FIRST || type == MIDDLE;
    return at + HEADER_BYTES + length;
  }

  private boolean zerosFrom(long position) throws IOException {
    ByteBuffer rest = ByteBuffer.allocate(BLOCK_BYTES);
    long from = position;
    while (from < size) {
      rest.clear();
      int read = channel.read(rest, from);
      if (read < 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
      for (int i = 0; i < read; i++) {
        if (rest.get(i) != 0) {
          return false;
        }
      }
      from += read;
    }
    return true;
  }

  private int length(int at) {
    return block.getShort(at + 4) & 0xFFFF;
  }

  private int storedCrc(int at) {
    return block.getInt(at);
  }

  private int crcOf(int at, int length) {
    crc.reset();
    crc.update(block.array(), at + HEADER_BYTES - 1, 1 + length);
    return masked();
  }

  private int masked() {
    return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK_DELTA;
  }

  private StorageException damaged(int at, String what) {
    return new StorageException(
        "The write-ahead log "
            + file
            + " is damaged: the record at byte "
            + (blockStart + at)
            + " is complete, but "
            + what
            + ". It may have been acknowledged. "
            + StorageEngine.REBUILD_ADVICE,
        null);
  }
}
