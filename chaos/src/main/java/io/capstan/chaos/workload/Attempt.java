package io.capstan.chaos.workload;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a client, as it is sent and as the history records its invocation.
 *
 * @param f the function as histories name it: read, write, cas, transfer, read-all
 * @param key the independent key; null for a function of several keys
 * @param value the argument; null for a read
 * @param extras what else the invocation tells, see {@link io.capstan.chaos.check.Extras}
 * @param memo what the script keeps between the requests of this attempt; null for none
 */
public record Attempt(
    String f,
    @Nullable Object key,
    @Nullable Object value,
    Map<String, @Nullable Object> extras,
    Request request,
    @Nullable Object memo) {

  /** An attempt whose script keeps nothing. */
  public Attempt(
      String f,
      @Nullable Object key,
      @Nullable Object value,
      Map<String, @Nullable Object> extras,
      Request request) {
    this(f, key, value, extras, request, null);
  }

  /** Returns the same attempt with what it sends now. */
  Attempt with(Request next) {
    return new Attempt(f, key, value, extras, next, memo);
  }
}
