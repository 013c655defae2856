package io.capstan.chaos.check.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("On thousands of small histories of a store whose replicas lag")
class AgainstDefinitionsTest {
  private static final int OPERATIONS = 12;

  /** Clients hop between replicas, to which writes come late and out of order. */
  private static History draw(long seed, double hops) {
    SplittableRandom random = new SplittableRandom(seed);
    HistoryScript script = new HistoryScript();
    List<Map<String, Long>> replicas = List.of(new HashMap<>(), new HashMap<>(), new HashMap<>());
    List<List<Object>> pending = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    int[] home = {0, 1, 2};
    long nextValue = 1;
    for (int i = 0; i < OPERATIONS; i++) {
      int client = random.nextInt(3);
      if (random.nextDouble() < hops) {
        home[client] = random.nextInt(3);
      }
      String key = random.nextBoolean() ? "x" : "y";
      script.on(key);
      if (random.nextInt(5) < 2) {
        long value = nextValue++;
        script.did(client, "write", value);
        for (int replica = 0; replica < 3; replica++) {
          pending.get(replica).add(List.of(key, value));
          if (replica == home[client]) {
            replicas.get(replica).put(key, value);
          }
        }
      } else {
        script.read(client, replicas.get(home[client]).get(key));
      }
      for (int replica = 0; replica < 3; replica++) {
        while (!pending.get(replica).isEmpty() && random.nextInt(2) == 0) {
          int which = random.nextInt(pending.get(replica).size());
          List<?> write = (List<?>) pending.get(replica).remove(which);
          replicas.get(replica).merge((String) write.get(0), (Long) write.get(1), Math::max);
        }
      }
    }
    return script.history();
  }

  /** The definitions, word for word, by looking at every combination. */
  private static final class Definitions {
    private final List<Operation> operations;
    private final boolean[][] before;

    Definitions(History history) {
      operations = history.operations();
      int count = operations.size();
      before = new boolean[count][count];
      for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
          before[a][b] = (a < b && sameClient(a, b)) || readFrom(a, b);
        }
      }
      for (int via = 0; via < count; via++) {
        for (int a = 0; a < count; a++) {
          for (int b = 0; b < count; b++) {
            before[a][b] |= before[a][via] && before[via][b];
          }
        }
      }
    }

    private boolean sameClient(int a, int b) {
      return operations.get(a).process() == operations.get(b).process();
    }

    private boolean isWrite(int a) {
      return operations.get(a).f().equals("write");
    }

    private boolean readFrom(int write, int read) {
      return isWrite(write)
          && !isWrite(read)
          && sameKey(write, read)
          && Objects.equals(operations.get(write).input(), operations.get(read).output());
    }

    private boolean sameKey(int a, int b) {
      return Objects.equals(operations.get(a).key(), operations.get(b).key());
    }

    private boolean misses(int read, int write) {
      if (isWrite(read) || !isWrite(write) || !sameKey(read, write)) {
        return false;
      }
      for (int source = 0; source < operations.size(); source++) {
        if (readFrom(source, read)) {
          return before[source][write];
        }
      }
      return operations.get(read).output() == null;
    }

    boolean holds(Rung rung) {
      int count = operations.size();
      for (int write = 0; write < count; write++) {
        for (int read = 0; read < count; read++) {
          if (misses(read, write) && shouldKnow(rung, write, read)) {
            return false;
          }
        }
      }
      return true;
    }

    private boolean shouldKnow(Rung rung, int write, int read) {
      return switch (rung) {
        case CAUSAL -> before[write][read];
        case READ_YOUR_WRITES -> sameClient(write, read) && write < read;
        case MONOTONIC_READS -> readBySameClient(write, read);
        case MONOTONIC_WRITES -> {
          boolean found = false;
          for (int later = write + 1; later < operations.size(); later++) {
            found |= isWrite(later) && sameClient(write, later) && readBySameClient(later, read);
          }
          yield found;
        }
        case WRITES_FOLLOW_READS -> {
          boolean found = false;
          for (int other = 0; other < operations.size(); other++) {
            for (int later = other + 1; later < operations.size(); later++) {
              found |=
                  readFrom(write, other)
                      && isWrite(later)
                      && sameClient(other, later)
                      && readBySameClient(later, read);
            }
          }
          yield found;
        }
        default -> throw new IllegalArgumentException(rung.label());
      };
    }

    private boolean readBySameClient(int write, int read) {
      for (int earlier = 0; earlier < read; earlier++) {
        if (sameClient(earlier, read) && readFrom(write, earlier)) {
          return true;
        }
      }
      return false;
    }

    /** Tries every order that keeps each client's. */
    boolean isSequential() {
      return explains(new HashMap<>(), operations);
    }

    private static boolean explains(Map<Object, Object> state, List<Operation> left) {
      if (left.isEmpty()) {
        return true;
      }
      for (Operation next : left) {
        boolean first =
            left.stream().noneMatch(o -> o.process() == next.process() && o.id() < next.id());
        boolean write = next.f().equals("write");
        if (!first || (!write && !Objects.equals(state.get(next.key()), next.output()))) {
          continue;
        }
        Map<Object, Object> after = new HashMap<>(state);
        if (write) {
          after.put(next.key(), next.input());
        }
        List<Operation> rest = new ArrayList<>(left);
        rest.remove(next);
        if (explains(after, rest)) {
          return true;
        }
      }
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1, 0.5})
  @DisplayName("every rung says what its definition says")
  void agrees(double hops) {
    Map<Rung, Integer> holding = new HashMap<>();
    int seeds = 3000;
    for (int seed = 0; seed < seeds; seed++) {
      History history = draw(seed, hops);
      Definitions definitions = new Definitions(history);
      Ladder.Report report =
          Ladder.climb(history, null, Optional.empty(), Budget.of(Duration.ofSeconds(20)));
      for (Rung rung :
          List.of(
              Rung.CAUSAL,
              Rung.READ_YOUR_WRITES,
              Rung.MONOTONIC_READS,
              Rung.MONOTONIC_WRITES,
              Rung.WRITES_FOLLOW_READS)) {
        boolean expected = definitions.holds(rung);
        assertRung(report, rung, expected, seed, history);
        holding.merge(rung, expected ? 1 : 0, Integer::sum);
      }
      boolean sequential = definitions.isSequential();
      assertRung(report, Rung.SEQUENTIAL, sequential, seed, history);
      holding.merge(Rung.SEQUENTIAL, sequential ? 1 : 0, Integer::sum);
      if (!sequential) {
        History reduced = only(history, report.on(Rung.SEQUENTIAL).operations());
        assertThat(new Definitions(reduced).isSequential()).as("seed %d, reduced", seed).isFalse();
      }
    }
    assertThat(holding.get(Rung.SEQUENTIAL)).isBetween(seeds / 50, seeds - 1);
    assertThat(holding.get(Rung.MONOTONIC_WRITES)).isLessThan(seeds);
  }

  private static History only(History history, List<Operation> kept) {
    return History.of(
        history.events().stream()
            .filter(
                event ->
                    kept.stream()
                        .anyMatch(
                            o ->
                                history.events().get(o.invokePosition()) == event
                                    || history.events().get(o.completePosition()) == event))
            .toList());
  }

  private static void assertRung(
      Ladder.Report report, Rung rung, boolean expected, int seed, History history) {
    if (report.on(rung).why().contains("no read succeeded")) {
      return;
    }
    assertThat(report.on(rung).isValid())
        .as("seed %d, %s: %s, %s", seed, rung, report.on(rung).why(), history.operations())
        .isEqualTo(expected);
  }
}
