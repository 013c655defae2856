package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A read of one key. Immutable: each method returns a changed copy.
 *
 * @param keyspace null for the default of the client
 * @param level null for the default of the keyspace's mode
 * @param timeout null for the default of the client
 */
public record Get(
    Bytes key, @Nullable String keyspace, @Nullable Level level, @Nullable Duration timeout) {

  public static Get of(Bytes key) {
    return new Get(key, null, null, null);
  }

  public static Get of(String key) {
    return of(Bytes.of(key));
  }

  public Get keyspace(@Nullable String name) {
    return new Get(key, name, level, timeout);
  }

  public Get level(@Nullable Level wanted) {
    return new Get(key, keyspace, wanted, timeout);
  }

  public Get timeout(@Nullable Duration limit) {
    return new Get(key, keyspace, level, limit);
  }
}
