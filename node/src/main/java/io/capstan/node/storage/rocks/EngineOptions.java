package io.capstan.node.storage.rocks;

/**
 * The sizes of a node's storage engine. All of them are shared by every keyspace of the node.
 *
 * @param blockCacheBytes uncompressed blocks of table files, index and filter blocks included, that
 *     are kept in memory. Too small: reads go to the file system
 * @param memtableBytes rows that are kept in memory before they are written to table files, over
 *     all column families together. Too small: many small files; too large: memory
 * @param walBytesMax size of the write-ahead log after which the rows that hold it back are
 *     flushed. It bounds the disk that the log takes and the time that a start after a crash needs
 */
public record EngineOptions(long blockCacheBytes, long memtableBytes, long walBytesMax) {

  /** The least that any of the three sizes may be, in bytes. */
  public static final long SIZE_MIN_BYTES = 1L << 20;

  /** Sizes for a node that shares a small machine with others: at most about 200 MiB of memory. */
  public static final EngineOptions DEFAULT = new EngineOptions(64L << 20, 128L << 20, 256L << 20);

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException when one is below {@link #SIZE_MIN_BYTES}
   */
  public EngineOptions {
    requireSize("blockCacheBytes", blockCacheBytes);
    requireSize("memtableBytes", memtableBytes);
    requireSize("walBytesMax", walBytesMax);
  }

  private static void requireSize(String name, long bytes) {
    if (bytes < SIZE_MIN_BYTES) {
      throw new IllegalArgumentException(
          name + " is " + bytes + " but must be at least " + SIZE_MIN_BYTES + " bytes");
    }
  }
}
