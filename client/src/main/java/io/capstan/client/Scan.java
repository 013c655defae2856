package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One page of the keys of a keyspace, in the order of their bytes. Immutable: each method returns a
 * changed copy.
 *
 * @param prefix only keys that begin with these bytes
 * @param from only keys at or after these bytes
 * @param pageRows 1 to 1,000 rows; 0 leaves the size of the page to the cluster
 * @param keysOnly leaves the values out
 * @param keyspace null for the default of the client
 * @param level null for the default of the keyspace's mode
 * @param timeout of each page; null for the default of the client
 */
public record Scan(
    Bytes prefix,
    Bytes from,
    int pageRows,
    boolean keysOnly,
    @Nullable String keyspace,
    @Nullable Level level,
    @Nullable Duration timeout) {

  /** The largest page that the cluster gives. */
  public static final int PAGE_ROWS_MAX = 1_000;

  /** Everything, from the first key on. */
  public static Scan all() {
    return new Scan(Bytes.EMPTY, Bytes.EMPTY, 0, false, null, null, null);
  }

  public static Scan prefix(String prefix) {
    return all().withPrefix(Bytes.of(prefix));
  }

  public Scan withPrefix(Bytes start) {
    return new Scan(start, from, pageRows, keysOnly, keyspace, level, timeout);
  }

  public Scan from(Bytes first) {
    return new Scan(prefix, first, pageRows, keysOnly, keyspace, level, timeout);
  }

  public Scan pageRows(int rows) {
    return new Scan(prefix, from, rows, keysOnly, keyspace, level, timeout);
  }

  public Scan keysOnly(boolean only) {
    return new Scan(prefix, from, pageRows, only, keyspace, level, timeout);
  }

  public Scan keyspace(@Nullable String name) {
    return new Scan(prefix, from, pageRows, keysOnly, name, level, timeout);
  }

  public Scan level(@Nullable Level wanted) {
    return new Scan(prefix, from, pageRows, keysOnly, keyspace, wanted, timeout);
  }

  public Scan timeout(@Nullable Duration limit) {
    return new Scan(prefix, from, pageRows, keysOnly, keyspace, level, limit);
  }
}
