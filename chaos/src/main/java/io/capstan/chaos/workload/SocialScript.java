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

/**
 * One client of walls (plain values), counters and sets, in any mixture: the workloads feed,
 * counter and set.
 */
final class SocialScript extends StepScript {
  private static final int READ_PERCENT = 45;
  private static final int REPLACE_PERCENT = 60;
  private static final int TYPED_READ_PERCENT = 30;

  private final Keys keys;
  private final Map<String, Seen> lastRead = new HashMap<>();
  private long posts;

  /** What the clients work on; a list may be empty. */
  record Keys(
      List<String> walls, List<String> counters, List<String> sets, List<String> quietKeys) {
    List<String> all() {
      List<String> all = new ArrayList<>(walls);
      all.addAll(counters);
      all.addAll(sets);
      return all;
    }
  }

  private record Seen(List<String> values, Bytes context) {}

  SocialScript(int client, RandomGenerator random, Mode mode, Keys keys) {
    super(client, random, mode);
    this.keys = keys;
  }

  @Override
  public Attempt next(Phase phase) {
    int kind = random.nextInt(100);
    int use = random.nextInt(100);
    List<String> all = keys.all();
    String key = all.get(random.nextInt(all.size()));
    long amount = 1 + random.nextInt(3);
    boolean mustRead = phase == Phase.AFTER && keys.quietKeys().contains(key);
    if (keys.counters().contains(key)) {
      return mustRead || kind < TYPED_READ_PERCENT
          ? read(key)
          : attempt("add", key, amount, new Request.CounterAdd(key, amount));
    }
    if (keys.sets().contains(key)) {
      String element = "client " + client + ", " + ++posts;
      return mustRead || kind < TYPED_READ_PERCENT
          ? read(key)
          : attempt("add", key, element, new Request.SetAdd(key, element));
    }
    if (mustRead || kind < READ_PERCENT) {
      return read(key);
    }
    return post(key, use < REPLACE_PERCENT);
  }

  private Attempt read(String key) {
    return attempt("read", key, null, new Request.Read(key));
  }

  private Attempt post(String wall, boolean replaces) {
    posts++;
    String value = "post " + posts + " of client " + client;
    // A context is used once: the second write with it would be concurrent with the first.
    Seen seen = replaces && !isCp() ? lastRead.remove(wall) : null;
    if (seen == null) {
      return blindly(wall, value, new Request.Write(wall, value, null));
    }
    return new Attempt(
        "write",
        wall,
        value,
        Map.of(Extras.COVERS, seen.values()),
        new Request.Write(wall, value, seen.context()),
        new Memo());
  }

  @Override
  Ending answered(Attempt attempt, Memo memo, Reply reply) {
    String key = String.valueOf(attempt.key());
    if (attempt.request() instanceof Request.Write) {
      return written(attempt, reply);
    }
    if (!(attempt.request() instanceof Request.Read)) {
      return Ending.of(EventType.OK, attempt.value());
    }
    List<StoredValue> held = reply.valuesOf(key);
    List<String> values = held.stream().map(StoredValue::value).toList();
    if (keys.counters().contains(key)) {
      return Ending.of(EventType.OK, held.isEmpty() ? 0L : number(held.get(0).value()));
    }
    if (keys.sets().contains(key)) {
      return Ending.of(EventType.OK, values);
    }
    lastRead.put(key, new Seen(values, reply.context()));
    return seen(values.size() == 1 ? values.get(0) : values.isEmpty() ? null : values, held);
  }
}
