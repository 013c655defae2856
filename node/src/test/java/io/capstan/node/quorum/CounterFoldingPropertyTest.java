package io.capstan.node.quorum;

import static io.capstan.node.quorum.TypedRequests.add;
import static io.capstan.node.quorum.TypedRequests.operation;
import static io.capstan.node.quorum.TypedRequests.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A counter is the exact sum of its distinct operations")
final class CounterFoldingPropertyTest {

  private static final int STEPS = 250;
  private static final int SETTLING_MILLIS = 4_000;
  private static final String KEY = "likes";

  private record Addition(OperationId operation, long delta) {}

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  @DisplayName("whatever was cut, lost, repeated, delivered twice or forgotten in a crash")
  void exactSum(int block) {
    for (int seed = block * 20; seed < (block + 1) * 20; seed++) {
      run(seed);
    }
  }

  private static void run(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int size = 2 + random.nextInt(3);
    TestCluster cluster = TestCluster.of(size);
    Map<OperationId, Addition> additions = new LinkedHashMap<>();
    for (int step = 0; step < STEPS; step++) {
      String node = "n" + (1 + random.nextInt(size));
      switch (random.nextInt(12)) {
        case 0 -> cluster.cut(node, "n" + (1 + random.nextInt(size)));
        case 1 -> cluster.heal();
        case 2 -> cluster.stopDisk(node);
        case 3 -> {
          // What it had not synced is forgotten; it is back at once.
          cluster.replica(node).crash();
          cluster.replica(node).start();
          cluster.startDisk(node);
        }
        case 4 -> {
          int percent = random.nextInt(60);
          SplittableRandom dice = random.split();
          cluster.lose(envelope -> dice.nextInt(100) < percent);
        }
        case 5 -> {
          List<TestCluster.Envelope> all = cluster.deliveredOfAnyKind();
          if (!all.isEmpty()) {
            cluster.deliverAgain(all.get(random.nextInt(all.size())));
          }
        }
        case 6, 7 -> cluster.advance(10 * random.nextInt(120));
        default -> {
          Addition addition = addition(additions, random);
          cluster.ask(node, add(KEY, addition.delta, level(random), addition.operation));
        }
      }
    }
    cluster.heal();
    for (int i = 1; i <= size; i++) {
      cluster.startDisk("n" + i);
    }
    cluster.advance(SETTLING_MILLIS);
    // Every operation is repeated until it is certain: through nodes that have never seen it too.
    for (Addition addition : additions.values()) {
      String node = "n" + (1 + random.nextInt(size));
      Call call = cluster.ask(node, add(KEY, addition.delta, Level.LEVEL_ALL, addition.operation));
      assertThat(call.isOk()).as(() -> "a retry: " + call.error()).isTrue();
    }
    long sum = additions.values().stream().mapToLong(Addition::delta).sum();
    for (int i = 1; i <= size; i++) {
      assertThat(cluster.ask("n" + i, value(KEY, Level.LEVEL_ONE)).receipt().getCounter())
          .as("seed %s at n%s", seed, i)
          .isEqualTo(sum);
    }
    cluster.advance(SETTLING_MILLIS);
    assertThat(cluster.held("n1", KEY).siblings()).as("seed %s", seed).hasSizeLessThan(5 * size);
    assertThat(cluster.ask("n1", value(KEY, Level.LEVEL_ONE)).receipt().getCounter())
        .as("seed %s after folding", seed)
        .isEqualTo(sum);
  }

  /** Mostly a new one; sometimes one that was sent before, to whichever node comes next. */
  private static Addition addition(Map<OperationId, Addition> additions, SplittableRandom random) {
    List<Addition> sent = new ArrayList<>(additions.values());
    if (!sent.isEmpty() && random.nextInt(3) == 0) {
      return sent.get(Math.max(0, sent.size() - 1 - random.nextInt(8)));
    }
    Addition fresh =
        new Addition(
            operation(1 + random.nextInt(3), additions.size() + 1L),
            random.nextLong(-1L << 40, 1L << 40));
    additions.put(fresh.operation, fresh);
    return fresh;
  }

  private static Level level(SplittableRandom random) {
    return random.nextInt(3) == 0 ? Level.LEVEL_QUORUM : Level.LEVEL_ONE;
  }
}
