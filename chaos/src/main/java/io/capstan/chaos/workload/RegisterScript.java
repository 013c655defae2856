package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.client.Bytes;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One client of registers: reads, writes and, where asked for, compare-and-sets. An AP keyspace has
 * no compare-and-set, so there the client does what an application would: it reads, compares, and
 * writes with the context of its read.
 */
final class RegisterScript extends StepScript {
  private static final int READ_PERCENT = 48;
  private static final int CAS_PERCENT = 14;
  private static final long VALUES_PER_CLIENT = 1_000_000;

  private final List<String> keys;
  private final List<String> quietKeys;
  private final boolean withCas;
  private final Map<String, Seen> lastSeen = new HashMap<>();
  private long nextValue;

  private record Seen(List<Object> values, @Nullable String single, Bytes context) {}

  RegisterScript(
      int client,
      RandomGenerator random,
      Mode mode,
      List<String> keys,
      List<String> quietKeys,
      boolean withCas) {
    super(client, random, mode);
    this.keys = keys;
    this.quietKeys = quietKeys;
    this.withCas = withCas;
    this.nextValue = client * VALUES_PER_CLIENT + 1;
  }

  @Override
  public Attempt next(Phase phase) {
    int kind = random.nextInt(100);
    String key = keys.get(random.nextInt(keys.size()));
    boolean isBlind = random.nextBoolean();
    long value = nextValue++;
    boolean mustRead = phase == Phase.AFTER && quietKeys.contains(key);
    if (kind < READ_PERCENT || mustRead) {
      return attempt("read", key, null, new Request.Read(key));
    }
    Seen seen = lastSeen.get(key);
    if (withCas && kind < READ_PERCENT + CAS_PERCENT && seen != null && seen.single() != null) {
      return cas(key, seen.single(), value);
    }
    String text = Long.toString(value);
    if (isCp() || isBlind || seen == null) {
      return blindly(key, value, new Request.Write(key, text, null));
    }
    // A context is used once: the second write with it would be concurrent with the first.
    lastSeen.remove(key);
    return new Attempt(
        "write",
        key,
        value,
        Map.of(Extras.COVERS, seen.values()),
        new Request.Write(key, text, seen.context()),
        new Memo());
  }

  private Attempt cas(String key, String expected, long value) {
    Object argument = List.of(Long.parseLong(expected), value);
    return attempt(
        "cas",
        key,
        argument,
        isCp()
            ? new Request.Transaction(
                Map.of(key, expected), Map.of(key, Long.toString(value)), List.of())
            : new Request.Read(key));
  }

  @Override
  @Nullable Request next(Attempt attempt, Memo memo, Reply reply) {
    boolean hasLooked =
        attempt.f().equals("cas") && attempt.request() instanceof Request.Read && !isCp();
    if (!hasLooked || !isExpected(attempt, memo)) {
      return null;
    }
    String key = String.valueOf(attempt.key());
    return new Request.Write(key, String.valueOf(argument(attempt).get(1)), memo.contexts.get(key));
  }

  private static List<?> argument(Attempt attempt) {
    return attempt.value() instanceof List<?> list ? list : List.of();
  }

  private static boolean isExpected(Attempt attempt, Memo memo) {
    List<StoredValue> held = memo.read.getOrDefault(String.valueOf(attempt.key()), List.of());
    return held.size() == 1 && held.get(0).value().equals(String.valueOf(argument(attempt).get(0)));
  }

  @Override
  Ending answered(Attempt attempt, Memo memo, Reply reply) {
    String key = String.valueOf(attempt.key());
    if (attempt.f().equals("read")) {
      List<StoredValue> held = reply.valuesOf(key);
      lastSeen.put(key, new Seen(numbers(held), reply.single(key), reply.context()));
      return seen(shown(held), held);
    }
    if (attempt.f().equals("cas") && attempt.request() instanceof Request.Read) {
      return withError(EventType.FAIL, attempt, Ending.COMPARISON_FAILED);
    }
    return written(attempt, reply);
  }

  @Override
  List<Object> held(List<StoredValue> values) {
    return numbers(values);
  }

  private static List<Object> numbers(List<StoredValue> held) {
    List<Object> numbers = new ArrayList<>();
    held.forEach(each -> numbers.add(Long.parseLong(each.value())));
    return numbers;
  }
}
