package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Makes a keyspace. Immutable: each method returns a changed copy.
 *
 * @param name {@code [a-z][a-z0-9-]{0,62}}
 * @param conflicts null for the default, siblings
 * @param minWrites the smallest write level allowed in AP; null for the default, one
 * @param timeout null for the default of the client
 */
public record CreateKeyspace(
    String name,
    Mode mode,
    @Nullable ConflictPolicy conflicts,
    @Nullable Level minWrites,
    @Nullable Duration timeout) {

  public static CreateKeyspace of(String name, Mode mode) {
    return new CreateKeyspace(name, mode, null, null, null);
  }

  public CreateKeyspace conflicts(@Nullable ConflictPolicy policy) {
    return new CreateKeyspace(name, mode, policy, minWrites, timeout);
  }

  public CreateKeyspace minWrites(@Nullable Level level) {
    return new CreateKeyspace(name, mode, conflicts, level, timeout);
  }

  public CreateKeyspace timeout(@Nullable Duration limit) {
    return new CreateKeyspace(name, mode, conflicts, minWrites, limit);
  }
}
