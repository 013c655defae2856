package io.capstan.chaos.scenario;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.workload.Attempt;
import io.capstan.chaos.workload.ClientScript;
import io.capstan.chaos.workload.Ending;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Phase;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes of a key each, which nobody overwrites: what was acknowledged has to be there at the end,
 * and what was refused must not be. Thread-safe.
 */
final class KeptWrites {
  private static final String PREFIX = "kept/";

  /** Reads that are under way at once. */
  private static final int READS_MAX = 200;

  private final AtomicLong last = new AtomicLong();
  private final Map<String, Outcome> outcomeByKey = new ConcurrentHashMap<>();

  /** Returns the keys whose write ended so. */
  List<String> keys(Outcome outcome) {
    return outcomeByKey.entrySet().stream()
        .filter(entry -> entry.getValue() == outcome)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Returns a client that writes one fresh key after the other. */
  ClientScript script() {
    return new ClientScript() {
      @Override
      public Attempt next(Phase phase) {
        long number = last.incrementAndGet();
        String key = PREFIX + number;
        return new Attempt(
            "write", key, number, Map.of(), new Request.Write(key, Long.toString(number), null));
      }

      @Override
      public Ending end(Attempt attempt, Reply reply) {
        outcomeByKey.put(String.valueOf(attempt.key()), reply.outcome());
        EventType type =
            switch (reply.outcome()) {
              case OK -> EventType.OK;
              case FAILED -> EventType.FAIL;
              case UNKNOWN -> EventType.INFO;
            };
        return new Ending(
            type,
            attempt.value(),
            reply.isOk() ? Map.of() : Map.of(Extras.ERROR, reply.errorCode()));
      }
    };
  }

  /** Returns what this node holds, key to value; the value is null where there is none. */
  Map<String, @Nullable String> read(KeyspaceClient client, Duration timeout) {
    Map<String, @Nullable String> values = new LinkedHashMap<>();
    List<String> keys = outcomeByKey.keySet().stream().sorted().toList();
    for (int from = 0; from < keys.size(); from += READS_MAX) {
      Map<String, CompletableFuture<Reply>> asked = new LinkedHashMap<>();
      for (String key : keys.subList(from, Math.min(keys.size(), from + READS_MAX))) {
        asked.put(key, client.send(new Request.Read(key), timeout));
      }
      asked.forEach(
          (key, answer) -> {
            Reply reply = answer.join();
            if (!reply.isOk()) {
              throw new IllegalStateException(
                  client.nodeId() + " does not answer for " + key + ": " + reply.errorCode());
            }
            values.put(key, reply.single(key));
          });
    }
    return values;
  }

  /** Returns what is wrong with such contents; nothing where every promise was kept. */
  List<String> broken(Map<String, @Nullable String> contents) {
    List<String> broken = new ArrayList<>();
    contents.forEach(
        (key, value) -> {
          boolean isThere = key.substring(PREFIX.length()).equals(value);
          Outcome outcome = outcomeByKey.get(key);
          if (outcome == Outcome.OK && !isThere) {
            broken.add(key + " was acknowledged, but its value is " + value);
          } else if (outcome == Outcome.FAILED && value != null) {
            broken.add(key + " was refused, but its value is " + value);
          }
        });
    Set<String> unread = Set.copyOf(outcomeByKey.keySet());
    unread.stream()
        .filter(key -> !contents.containsKey(key))
        .forEach(key -> broken.add(key + " was not read"));
    return broken;
  }
}
