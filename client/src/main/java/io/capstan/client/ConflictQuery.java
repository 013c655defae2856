package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which discarded writes of an AP keyspace are asked for.
 *
 * @param keyspace null for that of the client
 * @param key only writes of this key; null for all keys
 * @param version only this write; null for all of them
 * @param limitRows at most so many of each node, newest first
 * @param timeout for each node; null for that of the client
 */
public record ConflictQuery(
    @Nullable String keyspace,
    @Nullable Bytes key,
    @Nullable String version,
    int limitRows,
    @Nullable Duration timeout) {

  /** The most rows that are asked of one node. */
  public static final int LIMIT_ROWS_MAX = 10_000;

  private static final int LIMIT_ROWS_DEFAULT = 1_000;

  /** Checks the limit; throws IllegalArgumentException where it is not allowed. */
  public ConflictQuery {
    if (limitRows < 1 || limitRows > LIMIT_ROWS_MAX) {
      throw new IllegalArgumentException(
          "limitRows " + limitRows + " is not within 1 and " + LIMIT_ROWS_MAX);
    }
  }

  /** The newest of all keys. */
  public static ConflictQuery all() {
    return new ConflictQuery(null, null, null, LIMIT_ROWS_DEFAULT, null);
  }

  /** The same in the keyspace of that name. */
  public ConflictQuery in(String name) {
    return new ConflictQuery(name, key, version, limitRows, timeout);
  }

  /** Only those of one key. */
  public ConflictQuery ofKey(Bytes only) {
    return new ConflictQuery(keyspace, only, version, limitRows, timeout);
  }

  /** Only the write of that version. */
  public ConflictQuery ofVersion(String only) {
    return new ConflictQuery(keyspace, key, only, limitRows, timeout);
  }

  /** At most so many of each node. */
  public ConflictQuery limit(int rows) {
    return new ConflictQuery(keyspace, key, version, rows, timeout);
  }

  /** Waits for each node so long at most. */
  public ConflictQuery timeout(Duration limit) {
    return new ConflictQuery(keyspace, key, version, limitRows, limit);
  }
}
