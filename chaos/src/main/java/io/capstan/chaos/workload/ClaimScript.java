package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.client.Mode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One client that takes numbers off a roll, like tickets, jobs of a queue or invoice numbers: no
 * number may go to two clients. In a CP keyspace the number is taken by a transaction that compares
 * what the roll holds. In an AP keyspace the client reads, adds one and writes.
 */
final class ClaimScript extends StepScript {
  private final List<String> rolls;
  private final Map<String, String> lastSeen = new HashMap<>();

  ClaimScript(int client, RandomGenerator random, Mode mode, List<String> rolls) {
    super(client, random, mode);
    this.rolls = rolls;
  }

  @Override
  public Attempt next(Phase phase) {
    String roll = rolls.get(random.nextInt(rolls.size()));
    return attempt(
        Workloads.CLAIM,
        roll,
        null,
        isCp() ? take(roll, lastSeen.getOrDefault(roll, "0")) : new Request.Read(roll));
  }

  private static Request take(String roll, String held) {
    return new Request.Transaction(
        Map.of(roll, held), Map.of(roll, Long.toString(Long.parseLong(held) + 1)), List.of());
  }

  @Override
  @Nullable Request next(Attempt attempt, Memo memo, Reply reply) {
    String roll = String.valueOf(attempt.key());
    if (isCp()) {
      String held = reply.single(roll);
      if (reply.matched() || held == null) {
        return null;
      }
      lastSeen.put(roll, held);
      return take(roll, held);
    }
    if (memo.written > 0) {
      return null;
    }
    String held = memo.chosen(roll);
    return new Request.Write(
        roll,
        Long.toString(Long.parseLong(held == null ? "0" : held) + 1),
        memo.contexts.get(roll));
  }

  @Override
  Ending answered(Attempt attempt, Memo memo, Reply reply) {
    return switch (attempt.request()) {
      case Request.Transaction taken -> {
        String number = taken.writes().values().iterator().next();
        lastSeen.put(String.valueOf(attempt.key()), number);
        yield Ending.of(EventType.OK, number(number));
      }
      case Request.Write write -> Ending.of(EventType.OK, number(write.value()));
      default -> withError(EventType.FAIL, attempt, Ending.COMPARISON_FAILED);
    };
  }
}
