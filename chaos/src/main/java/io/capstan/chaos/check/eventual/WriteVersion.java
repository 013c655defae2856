package io.capstan.chaos.check.eventual;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A version as receipts name it, {@code actor:counter}: who made the write, and which of its writes
 * it was. An actor counts one after another and holds what it made, so of two of its writes the one
 * with the smaller counter was there when the other was made.
 *
 * @param actor the node and its incarnation, such as {@code n1.4f2a}
 */
record WriteVersion(String actor, long counter) {
  private static final Pattern TEXT = Pattern.compile("(.+):(\\d{1,18})");

  /** Reads one; null for what is none. */
  static @Nullable WriteVersion of(@Nullable Object text) {
    Matcher matcher = text instanceof String given ? TEXT.matcher(given) : null;
    return matcher != null && matcher.matches()
        ? new WriteVersion(matcher.group(1), Long.parseLong(matcher.group(2)))
        : null;
  }

  /** The node, without its incarnation. */
  String node() {
    int dot = actor.indexOf('.');
    return dot < 0 ? actor : actor.substring(0, dot);
  }

  /** Whether the other one was there when this one was made, by the count of their actor. */
  boolean follows(WriteVersion other) {
    return actor.equals(other.actor) && counter > other.counter;
  }
}
