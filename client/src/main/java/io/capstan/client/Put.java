package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A write of one key. Immutable: each method returns a changed copy.
 *
 * @param keyspace null for the default of the client
 * @param level null for the default of the keyspace's mode
 * @param ifVersion CP only: write only where the key's version is this one; null for any
 * @param ifAbsent CP only: write only where the key has no value
 * @param context from an earlier receipt: replaces exactly what that receipt saw; null for none
 * @param timeout null for the default of the client
 * @param linger how much longer the answer of an attempt is waited for that was sent in time and is
 *     not repeated (a write of an AP keyspace): what became of it is known then. Null for not at
 *     all
 */
public record Put(
    Bytes key,
    Bytes value,
    @Nullable String keyspace,
    @Nullable Level level,
    @Nullable Long ifVersion,
    boolean ifAbsent,
    @Nullable Bytes context,
    @Nullable Duration timeout,
    @Nullable Duration linger) {

  public static Put of(Bytes key, Bytes value) {
    return new Put(key, value, null, null, null, false, null, null, null);
  }

  public static Put of(String key, String value) {
    return of(Bytes.of(key), Bytes.of(value));
  }

  public Put keyspace(@Nullable String name) {
    return new Put(key, value, name, level, ifVersion, ifAbsent, context, timeout, linger);
  }

  public Put level(@Nullable Level wanted) {
    return new Put(key, value, keyspace, wanted, ifVersion, ifAbsent, context, timeout, linger);
  }

  public Put ifVersion(long version) {
    return new Put(key, value, keyspace, level, version, ifAbsent, context, timeout, linger);
  }

  /** Writes only where the key has no value. */
  public Put onlyIfAbsent() {
    return new Put(key, value, keyspace, level, ifVersion, true, context, timeout, linger);
  }

  public Put context(@Nullable Bytes seen) {
    return new Put(key, value, keyspace, level, ifVersion, ifAbsent, seen, timeout, linger);
  }

  public Put timeout(@Nullable Duration limit) {
    return new Put(key, value, keyspace, level, ifVersion, ifAbsent, context, limit, linger);
  }

  public Put linger(@Nullable Duration limit) {
    return new Put(key, value, keyspace, level, ifVersion, ifAbsent, context, timeout, limit);
  }
}
