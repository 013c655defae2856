package io.capstan.client;

import org.jspecify.annotations.Nullable;

/**
 * One of the concurrent values of a key.
 *
 * @param value null for a tombstone: a delete that is concurrent with the other siblings
 * @param version the write that made it
 * @param writtenAtMillis when, by the hybrid logical clock of its coordinator, since 1970
 */
public record Sibling(@Nullable Bytes value, String version, long writtenAtMillis) {}
