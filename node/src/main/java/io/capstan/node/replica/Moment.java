package io.capstan.node.replica;

/**
 * The time of one step, read once by the shell and handed in.
 *
 * @param nanos monotonic clock, nanoseconds from an arbitrary start; for timeouts
 * @param wallMillis wall clock, milliseconds since 1970-01-01 UTC; may jump, decides nothing but
 *     hybrid timestamps
 */
public record Moment(long nanos, long wallMillis) {}
