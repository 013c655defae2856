package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.client.Bytes;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What the scripts of the workloads have in common that run in either mode: attempts of several
 * requests, and the endings that are the same for all. What a client asks for follows from the seed
 * alone, so that both modes are asked for the same; how it is asked depends on the mode.
 */
abstract class StepScript implements ClientScript {
  private static final String OUT_OF_TIME = "TIMEOUT";

  final int client;
  final RandomGenerator random;
  final Mode mode;
  private boolean isExact;

  /** What one attempt has found out and done so far. */
  static final class Memo {
    final Map<String, List<StoredValue>> read = new LinkedHashMap<>();
    final Map<String, Bytes> contexts = new HashMap<>();
    int written;

    /** A write that is to follow its look at the key; null once it is sent. */
    @Nullable Request blind;

    /** What that look saw; null where there was none. */
    @Nullable List<Object> held;

    /** Returns the only value of a key, or the one that an application would settle on. */
    @Nullable String chosen(String key) {
      List<StoredValue> held = read.getOrDefault(key, List.of());
      return held.isEmpty()
          ? null
          : held.stream().map(StoredValue::value).max(StepScript::longerOrLater).orElse(null);
    }
  }

  StepScript(int client, RandomGenerator random, Mode mode) {
    this.client = client;
    this.random = random;
    this.mode = mode;
  }

  /** Any rule will do that is the same for everybody. */
  private static int longerOrLater(String one, String other) {
    return one.length() == other.length()
        ? one.compareTo(other)
        : Integer.compare(one.length(), other.length());
  }

  @Override
  public ClientScript exact() {
    isExact = true;
    return this;
  }

  boolean isCp() {
    return mode == Mode.CP;
  }

  static Memo memo(Attempt attempt) {
    if (attempt.memo() instanceof Memo memo) {
      return memo;
    }
    throw new IllegalStateException("an attempt without a memory: " + attempt);
  }

  Attempt attempt(String f, @Nullable Object key, @Nullable Object value, Request first) {
    return new Attempt(f, key, value, Map.of(), first, new Memo());
  }

  @Override
  public final @Nullable Request again(Attempt attempt, Reply reply) {
    if (!reply.isOk()) {
      return null;
    }
    Memo memo = memo(attempt);
    if (attempt.request() instanceof Request.Read read) {
      memo.read.put(read.key(), reply.valuesOf(read.key()));
      memo.contexts.put(read.key(), reply.context());
    } else if (attempt.request() instanceof Request.Transaction) {
      memo.read.putAll(reply.values());
    }
    if (!(attempt.request() instanceof Request.Read) && reply.matched()) {
      memo.written++;
    }
    Request blind = memo.blind;
    if (blind != null && attempt.request() instanceof Request.Read read) {
      memo.blind = null;
      memo.held = held(reply.valuesOf(read.key()));
      return isExact && blind instanceof Request.Write write
          ? new Request.Write(write.key(), write.value(), reply.context())
          : blind;
    }
    return next(attempt, memo, reply);
  }

  /**
   * A write without a context. In an available keyspace its receipt alone would tell what it
   * replaced, and the receipt of a write that a crash interrupts is lost: so the client looks
   * first. Where receipts are sure to be lost, it writes with the context of what it was shown.
   */
  Attempt blindly(String key, Object value, Request.Write write) {
    Memo memo = new Memo();
    if (isCp()) {
      return new Attempt("write", key, value, Map.of(), write, memo);
    }
    memo.blind = write;
    return new Attempt("write", key, value, Map.of(), new Request.Read(key), memo);
  }

  /** The values as the history writes them. */
  List<Object> held(List<StoredValue> values) {
    List<Object> held = new ArrayList<>();
    values.forEach(each -> held.add(each.value()));
    return held;
  }

  /** Returns the next request of the attempt; null where it has come to its end. */
  @Nullable Request next(Attempt attempt, Memo memo, Reply reply) {
    return null;
  }

  @Override
  public final Ending end(Attempt attempt, Reply reply) {
    Memo memo = memo(attempt);
    if (memo.blind != null) {
      // Nothing but a look was sent.
      String error = reply.isOk() ? OUT_OF_TIME : reply.errorCode();
      return withError(EventType.FAIL, attempt, error);
    }
    Ending ending =
        switch (reply.outcome()) {
          case OK ->
              reply.matched()
                  ? answered(attempt, memo, reply)
                  : withError(EventType.FAIL, attempt, Ending.COMPARISON_FAILED);
          // Of several writes some may be done: then nobody can say that nothing was applied.
          case FAILED ->
              withError(
                  memo.written > 0 ? EventType.INFO : EventType.FAIL, attempt, reply.errorCode());
          case UNKNOWN -> withError(EventType.INFO, attempt, reply.errorCode());
        };
    return memo.held == null
        ? ending
        : ending.with(isExact ? Extras.COVERS : Extras.HELD, memo.held);
  }

  /** Says what the history is to record of an attempt whose last request was answered. */
  abstract Ending answered(Attempt attempt, Memo memo, Reply reply);

  static Ending withError(EventType type, Attempt attempt, String error) {
    return new Ending(type, attempt.value(), Map.of(Extras.ERROR, error));
  }

  /** The ending of a write that a receipt describes. */
  static Ending written(Attempt attempt, Reply reply) {
    Map<String, @Nullable Object> extras = new LinkedHashMap<>();
    extras.put(HistoryCompletion.VERSION, reply.version());
    extras.put(HistoryCompletion.SUPERSEDED_VERSIONS, reply.superseded());
    return new Ending(EventType.OK, attempt.value(), extras);
  }

  /** The ending of a read: what it shows, and by which versions the cluster names that. */
  static Ending seen(@Nullable Object shown, List<StoredValue> held) {
    List<String> versions =
        held.stream().map(StoredValue::version).filter(each -> !each.isEmpty()).toList();
    return versions.isEmpty()
        ? Ending.of(EventType.OK, shown)
        : new Ending(EventType.OK, shown, Map.of(Extras.VERSIONS, versions));
  }

  /** The values are numbers; one that is not is shown as it is, for the checker to refuse. */
  static @Nullable Object number(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return text;
    }
  }

  /** What a read shows: the value, or all of them where there are several. */
  static @Nullable Object shown(List<StoredValue> held) {
    return held.isEmpty()
        ? null
        : held.size() == 1
            ? number(held.get(0).value())
            : held.stream().map(each -> number(each.value())).toList();
  }
}
