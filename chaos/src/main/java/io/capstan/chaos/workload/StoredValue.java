package io.capstan.chaos.workload;

/**
 * A value that a key holds.
 *
 * @param value the text
 * @param version names the write that made it; unique in its keyspace
 */
public record StoredValue(String value, String version) {}
