package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An operation that took effect, as the ladder sees it: what it saw of one key, what it left there.
 */
final class Access {
  /** Place among all accesses, by invocation. */
  final int number;

  final Operation operation;

  /** What it saw: values beside each other, or one; null where it did not look. */
  final @Nullable List<@Nullable Object> seen;

  final boolean writes;

  /** What it left; null is a deleted key. */
  final @Nullable Object written;

  /** The line of accesses that surely took effect one after another: a client's, or its own. */
  int chain;

  /** Place in its chain, from 0. */
  int place;

  /** What the same client did before it; null if nothing. */
  @Nullable Access before;

  Access(
      int number,
      Operation operation,
      @Nullable List<@Nullable Object> seen,
      boolean writes,
      @Nullable Object written) {
    this.number = number;
    this.operation = operation;
    this.seen = seen;
    this.writes = writes;
    this.written = written;
  }

  @Nullable Object key() {
    return operation.key();
  }

  /** Whether a receipt or a version says that this write replaced the other one. */
  boolean surelyReplaced(Access other) {
    if (!Objects.equals(key(), other.key())) {
      return false;
    }
    return operation.extraList(Extras.SUPERSEDED).contains(other.written)
        || operation.extraList(Extras.COVERS).contains(other.written)
        || (operation.extra("version") instanceof Long version
            && other.operation.extra("version") instanceof Long otherVersion
            && otherVersion < version);
  }

  /** "client 4 read 7 under x at 12.300 s", "client 1's write of 7 at 11.900 s". */
  String told() {
    String key = key() == null ? "" : " under " + HistoryValues.show(key());
    if (!writes) {
      return "client "
          + operation.process()
          + " read "
          + HistoryValues.show(operation.output())
          + key
          + at(operation.invokeNanos());
    }
    return "client "
        + operation.process()
        + "'s "
        + operation.f()
        + (operation.input() == null ? "" : " of " + HistoryValues.show(operation.input()))
        + key
        + at(operation.invokeNanos());
  }

  static String at(long nanos) {
    return nanos < 0 || nanos == Operation.NEVER
        ? ""
        : String.format(Locale.ROOT, " at %.3f s", nanos / 1e9);
  }
}
