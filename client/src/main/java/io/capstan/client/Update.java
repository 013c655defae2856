package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A read, a change and a write of one key that loses nobody else's change: siblings are resolved
 * first, and the write replaces exactly what was read. Immutable: each method returns a changed
 * copy.
 *
 * @param resolver makes one value of siblings
 * @param change makes the new value of the one that was found
 * @param attemptsMax rounds of reading and writing at most, 1 or more
 * @param keyspace null for the default of the client
 * @param level of reads and writes; null for the default of the keyspace's mode
 * @param timeout of the whole update; null for the default of the client
 */
public record Update(
    Bytes key,
    Resolver resolver,
    Change change,
    int attemptsMax,
    @Nullable String keyspace,
    @Nullable Level level,
    @Nullable Duration timeout) {

  /** Rounds where nothing else is said. */
  public static final int ATTEMPTS_DEFAULT = 16;

  /** Makes the new value. Applied again only where an earlier result was surely not written. */
  @FunctionalInterface
  public interface Change {
    /**
     * Changes.
     *
     * @param value null where the key has none
     * @return null deletes the key
     */
    @Nullable Bytes apply(@Nullable Bytes value);
  }

  public Update {
    if (attemptsMax < 1) {
      throw new IllegalArgumentException(
          "attemptsMax is " + attemptsMax + ", at least 1 is needed");
    }
  }

  public static Update of(Bytes key, Resolver resolver, Change change) {
    return new Update(key, resolver, change, ATTEMPTS_DEFAULT, null, null, null);
  }

  public static Update of(String key, Resolver resolver, Change change) {
    return of(Bytes.of(key), resolver, change);
  }

  /** Only resolves what concurrent writes have left. */
  public static Update merge(String key, Resolver resolver) {
    return of(key, resolver, value -> value);
  }

  public Update keyspace(@Nullable String name) {
    return new Update(key, resolver, change, attemptsMax, name, level, timeout);
  }

  public Update level(@Nullable Level wanted) {
    return new Update(key, resolver, change, attemptsMax, keyspace, wanted, timeout);
  }

  public Update attemptsMax(int attempts) {
    return new Update(key, resolver, change, attempts, keyspace, level, timeout);
  }

  public Update timeout(@Nullable Duration limit) {
    return new Update(key, resolver, change, attemptsMax, keyspace, level, limit);
  }
}
