package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.client.Bytes;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One client of the feed. */
final class FeedScript implements ClientScript {
  private static final int READ_PERCENT = 45;
  private static final int REPLACE_PERCENT = 35;

  private final int client;
  private final RandomGenerator random;
  private final List<String> walls;
  private final List<String> quietWalls;
  private final Map<String, Seen> lastRead = new HashMap<>();
  private int posts;

  /** What a read found on a wall, and the context that covers it. */
  private record Seen(List<String> values, Bytes context) {}

  FeedScript(int client, RandomGenerator random, List<String> walls, List<String> quietWalls) {
    this.client = client;
    this.random = random;
    this.walls = walls;
    this.quietWalls = quietWalls;
  }

  @Override
  public Attempt next(Phase phase) {
    int kind = random.nextInt(100);
    String wall = walls.get(random.nextInt(walls.size()));
    boolean mustRead = phase == Phase.AFTER && quietWalls.contains(wall);
    if (kind < READ_PERCENT || mustRead) {
      return read(wall);
    }
    if (kind >= READ_PERCENT + REPLACE_PERCENT) {
      return post(wall, null);
    }
    // A context is used once: the second write with it would be concurrent with the first.
    Seen seen = lastRead.remove(wall);
    return seen == null ? read(wall) : post(wall, seen);
  }

  private static Attempt read(String wall) {
    return new Attempt("read", wall, null, Map.of(), new Request.Read(wall));
  }

  private Attempt post(String wall, @Nullable Seen seen) {
    posts++;
    String value = "post " + posts + " of client " + client;
    return new Attempt(
        "write",
        wall,
        value,
        seen == null ? Map.of() : Map.of(Extras.COVERS, seen.values()),
        new Request.Write(wall, value, seen == null ? null : seen.context()));
  }

  @Override
  public Ending end(Attempt attempt, Reply reply) {
    return switch (reply.outcome()) {
      case OK -> endAnswered(attempt, reply);
      case FAILED ->
          new Ending(EventType.FAIL, attempt.value(), Map.of(Extras.ERROR, reply.errorCode()));
      case UNKNOWN ->
          new Ending(EventType.INFO, attempt.value(), Map.of(Extras.ERROR, reply.errorCode()));
    };
  }

  private Ending endAnswered(Attempt attempt, Reply reply) {
    return switch (attempt.request()) {
      case Request.Read read -> {
        List<String> values = reply.valuesOf(read.key()).stream().map(StoredValue::value).toList();
        lastRead.put(read.key(), new Seen(values, reply.context()));
        yield StepScript.seen(values, reply.valuesOf(read.key()));
      }
      case Request.Write write -> {
        Map<String, @Nullable Object> extras = new LinkedHashMap<>();
        extras.put(HistoryCompletion.VERSION, reply.version());
        extras.put(HistoryCompletion.SUPERSEDED_VERSIONS, reply.superseded());
        yield new Ending(EventType.OK, attempt.value(), extras);
      }
      case Request.Transaction transaction ->
          throw new IllegalStateException("the feed has no transactions: " + transaction);
      case Request.CounterAdd add -> throw new IllegalStateException("no counters here: " + add);
      case Request.SetAdd add -> throw new IllegalStateException("no sets here: " + add);
    };
  }
}
