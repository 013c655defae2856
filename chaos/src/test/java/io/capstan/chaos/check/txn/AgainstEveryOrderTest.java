package io.capstan.chaos.check.txn;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Keyword;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("On thousands of small histories of transactions")
class AgainstEveryOrderTest {
  private static final int TRANSACTIONS = 6;

  /** Tries every order of the acknowledged ones and of any of unknown outcome. */
  private static boolean isSerializable(History history, boolean realTime) {
    List<Operation> left =
        history.operations().stream().filter(o -> o.outcome() != Outcome.FAILED).toList();
    return explains(new HashMap<>(), left, realTime);
  }

  private static boolean explains(
      Map<Object, List<Object>> lists, List<Operation> left, boolean realTime) {
    if (left.stream().noneMatch(Operation::isOk)) {
      return true;
    }
    for (Operation next : left) {
      if (realTime && left.stream().anyMatch(other -> other.precedes(next))) {
        continue;
      }
      Map<Object, List<Object>> after = run(lists, next);
      if (after != null) {
        List<Operation> rest = new ArrayList<>(left);
        rest.remove(next);
        if (explains(after, rest, realTime)) {
          return true;
        }
      }
    }
    return false;
  }

  private static Map<Object, List<Object>> run(
      Map<Object, List<Object>> lists, Operation operation) {
    Map<Object, List<Object>> after = new HashMap<>(lists);
    Object value = operation.isOk() ? operation.output() : operation.input();
    for (Object part : (List<?>) value) {
      List<?> step = (List<?>) part;
      List<Object> held = after.getOrDefault(step.get(1), List.of());
      if (((Keyword) step.get(0)).name().equals("append")) {
        List<Object> longer = new ArrayList<>(held);
        longer.add(step.get(2));
        after.put(step.get(1), longer);
      } else if (operation.isOk() && !held.equals(step.get(2))) {
        return null;
      }
    }
    return after;
  }

  /** Transactions against a store that reads old versions now and then, and runs some late. */
  private static History draw(long seed, double crashes, double stale) {
    SplittableRandom random = new SplittableRandom(seed);
    HistoryScript script = new HistoryScript();
    Map<Long, List<Object>> lists = new HashMap<>();
    Map<Long, List<Object>> running = new HashMap<>();
    long nextElement = 1;
    long nextClient = 0;
    int begun = 0;
    while (begun < TRANSACTIONS || !running.isEmpty()) {
      if (begun < TRANSACTIONS && running.size() < 3 && random.nextInt(2) == 0) {
        List<Object> steps = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
          long key = random.nextInt(2);
          steps.add(
              random.nextBoolean()
                  ? List.of(new Keyword("append"), key, nextElement++)
                  : java.util.Arrays.asList(new Keyword("r"), key, null));
        }
        running.put(nextClient, steps);
        script.invoke(nextClient++, "txn", steps);
        begun++;
      } else if (!running.isEmpty()) {
        long client =
            running.keySet().stream().sorted().toList().get(random.nextInt(running.size()));
        List<Object> steps = running.remove(client);
        boolean crashed = random.nextDouble() < crashes;
        boolean applied = !crashed || random.nextBoolean();
        List<Object> done = applied ? run(random, lists, steps, stale) : steps;
        if (crashed && random.nextInt(3) == 0 && !applied) {
          script.fail(client);
        } else if (crashed) {
          script.info(client);
        } else {
          script.ok(client, done);
        }
      }
    }
    return script.history();
  }

  private static List<Object> run(
      SplittableRandom random, Map<Long, List<Object>> lists, List<Object> steps, double stale) {
    List<Object> done = new ArrayList<>();
    Map<Long, Integer> own = new HashMap<>();
    for (Object part : steps) {
      List<?> step = (List<?>) part;
      long key = (Long) step.get(1);
      List<Object> held = lists.computeIfAbsent(key, unused -> new ArrayList<>());
      if (((Keyword) step.get(0)).name().equals("append")) {
        int place = random.nextDouble() < stale / 4 ? random.nextInt(held.size() + 1) : held.size();
        held.add(place, step.get(2));
        done.add(step);
        own.merge(key, 1, Integer::sum);
      } else {
        int size = random.nextDouble() < stale ? random.nextInt(held.size() + 1) : held.size();
        done.add(List.of(new Keyword("r"), key, List.copyOf(held.subList(0, size))));
      }
    }
    return done;
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0.3, 0", "0, 0.2", "0.3, 0.2", "0.2, 0.6"})
  @DisplayName("the checker says what trying every order says, with and without real time")
  void agrees(double crashes, double stale) {
    int serializable = 0;
    int strict = 0;
    int seeds = 3000;
    for (int seed = 0; seed < seeds; seed++) {
      History history = draw(seed, crashes, stale);
      for (IsolationLevel level :
          List.of(IsolationLevel.SERIALIZABLE, IsolationLevel.STRICT_SERIALIZABLE)) {
        boolean expected = isSerializable(history, level == IsolationLevel.STRICT_SERIALIZABLE);
        ListAppendChecker.Report report =
            ListAppendChecker.check(history, level, Budget.of(Duration.ofSeconds(10)));

        assertThat(report.verdict().isValid())
            .as("seed %d, %s: %s, %s", seed, level, report.verdict().why(), history.operations())
            .isEqualTo(expected);
        serializable += expected && level == IsolationLevel.SERIALIZABLE ? 1 : 0;
        strict += expected && level == IsolationLevel.STRICT_SERIALIZABLE ? 1 : 0;
      }
    }
    assertThat(strict).isLessThanOrEqualTo(serializable);
    if (stale == 0) {
      assertThat(strict).isEqualTo(seeds);
    } else {
      assertThat(serializable).isBetween(seeds / 20, seeds - seeds / 20);
    }
  }
}
