package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Removes the value of one key. Immutable: each method returns a changed copy.
 *
 * @param keyspace null for the default of the client
 * @param level null for the default of the keyspace's mode
 * @param ifVersion CP only: delete only where the key's version is this one; null for any
 * @param context from an earlier receipt: deletes exactly what that receipt saw; null for none
 * @param timeout null for the default of the client
 * @param repeats whether it is repeated in an AP keyspace too: see {@link #repeatedWhereUnclear()}
 */
public record Delete(
    Bytes key,
    @Nullable String keyspace,
    @Nullable Level level,
    @Nullable Long ifVersion,
    @Nullable Bytes context,
    @Nullable Duration timeout,
    boolean repeats) {

  public static Delete of(Bytes key) {
    return new Delete(key, null, null, null, null, null, false);
  }

  public static Delete of(String key) {
    return of(Bytes.of(key));
  }

  public Delete keyspace(@Nullable String name) {
    return new Delete(key, name, level, ifVersion, context, timeout, repeats);
  }

  public Delete level(@Nullable Level wanted) {
    return new Delete(key, keyspace, wanted, ifVersion, context, timeout, repeats);
  }

  public Delete ifVersion(long version) {
    return new Delete(key, keyspace, level, version, context, timeout, repeats);
  }

  public Delete context(@Nullable Bytes seen) {
    return new Delete(key, keyspace, level, ifVersion, seen, timeout, repeats);
  }

  public Delete timeout(@Nullable Duration limit) {
    return new Delete(key, keyspace, level, ifVersion, context, limit, repeats);
  }

  /**
   * Repeats it until its deadline, through other nodes too, while nobody can say whether it was
   * applied: as {@link Put#repeatedWhereUnclear()}, with the same limits.
   */
  public Delete repeatedWhereUnclear() {
    return new Delete(key, keyspace, level, ifVersion, context, timeout, true);
  }
}
