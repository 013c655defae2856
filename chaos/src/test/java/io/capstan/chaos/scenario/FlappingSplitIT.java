package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.chaos.workload.AttemptTimes;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.Divergence;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Put;
import io.capstan.client.Receipt;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * An AP keyspace on real processes, split in two, with links that flap inside both halves. Runs
 * when it is asked for, since it loads many keys first: {@code -Dcapstan.chaos.splitSeconds=60} is
 * the long run; {@code -Dcapstan.chaos.splitKeys} says how many keys there are before.
 */
@DisplayName("Five processes, split in two, with flapping links")
@Timeout(900)
@EnabledIfSystemProperty(named = "capstan.chaos.splitSeconds", matches = "[0-9]+")
class FlappingSplitIT {
  private static final String KEYSPACE = "social";
  private static final Duration SPLIT =
      Duration.ofSeconds(Long.getLong("capstan.chaos.splitSeconds", 60));
  private static final int KEYS = Integer.getInteger("capstan.chaos.splitKeys", 100_000);

  /** Of the keys that were there before, so many get a new value on one of the sides. */
  private static final int OVERWRITTEN = Math.min(1_000, KEYS);

  private static final List<String> LEFT = List.of("n1", "n2");
  private static final List<String> RIGHT = List.of("n3", "n4", "n5");
  private static final List<Set<DirectedLink>> FLAPPING =
      List.of(DirectedLink.between(Set.of("n1"), Set.of("n2")), bothWays("n3", "n4"));
  private static final Duration FLAP_INTERVAL = Duration.ofMillis(700);

  private static final int PUTS_UNDER_WAY_MAX = 256;
  private static final Duration WRITE_INTERVAL = Duration.ofMillis(100);
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CONVERGED_MAX = Duration.ofSeconds(60);
  private static final long CONVERGED_WANTED_MILLIS = 5_000;
  private static final double AVAILABILITY_WANTED = 0.99;

  private final Map<String, Tally> sides = new ConcurrentHashMap<>();

  private static Set<DirectedLink> bothWays(String one, String other) {
    return DirectedLink.among(List.of(one, other));
  }

  @Test
  @CapstanCluster(
      nodes = 5,
      nodesAs = NodesAs.PROCESSES,
      configuredBy = LaunchedNodes.class,
      startTimeoutMillis = 120_000)
  @DisplayName("stay available on both sides, lose nothing and are equal soon after the heal")
  void bothSidesGoOn(TestCluster cluster) throws Exception {
    CapstanClient everywhere = cluster.client();
    try (CapstanScenarioClients clients = new CapstanScenarioClients(cluster.cluster())) {
      // Given an AP keyspace with many keys that all five hold.
      clients.createKeyspace(KEYSPACE, Mode.AP, Duration.ofSeconds(10));
      load(clients);
      awaitEqual(everywhere);

      // When the cluster is split, links flap inside both halves, and both sides write.
      KeptWrites kept = new KeptWrites();
      Map<String, String> overwritten = new LinkedHashMap<>();
      try (OpenLoopDriver driver = driver(clients, kept)) {
        cluster.partition("n1,n2|n3,n4,n5");
        long startNanos = System.nanoTime();
        driver.start();
        overwrite(clients, overwritten);
        flapUntil(cluster.cluster(), startNanos + SPLIT.toNanos());
        driver.close();
        driver.drain();
      }
      assertThat(read(clients.client(RIGHT.get(0)), Set.of(key(0))))
          .as("what was written on the left is not heard on the right")
          .containsEntry(key(0), "before");

      // Then after the heal all replicas soon hold the same,
      long healNanos = System.nanoTime();
      // Of the network alone: the nodes have yet to hear each other, and that counts as well.
      cluster.cluster().heal();
      awaitEqual(everywhere);
      long convergedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - healNanos);
      System.out.printf(
          "%d s of a split with %d keys before, %d of them overwritten; kept writes %d"
              + " acknowledged, %d refused, %d unknown; left %s; right %s; equal roots %d ms after"
              + " the heal%n",
          SPLIT.toSeconds(),
          KEYS,
          overwritten.size(),
          kept.keys(Outcome.OK).size(),
          kept.keys(Outcome.FAILED).size(),
          kept.keys(Outcome.UNKNOWN).size(),
          sides.get("left"),
          sides.get("right"),
          convergedMillis);

      // and every acknowledged write is there, through every node,
      for (String node : cluster.nodes()) {
        KeyspaceClient reader = clients.open(node, KEYSPACE, Level.ONE);
        assertThat(kept.broken(kept.read(reader, READ_TIMEOUT)))
            .as("reads through %s", node)
            .isEmpty();
        assertThat(read(clients.client(node), overwritten.keySet()))
            .as("overwritten keys through %s", node)
            .isEqualTo(overwritten);
      }
      // and nobody was turned away.
      assertThat(sides.keySet()).containsExactlyInAnyOrder("left", "right");
      assertThat(sides.values())
          .allSatisfy(side -> assertThat(side.availability()).isGreaterThan(AVAILABILITY_WANTED));
      assertThat(convergedMillis).isLessThanOrEqualTo(CONVERGED_WANTED_MILLIS);
    }
  }

  /** The attempts of one side. */
  private record Tally(AtomicLong attempted, AtomicLong answered) {
    Tally() {
      this(new AtomicLong(), new AtomicLong());
    }

    double availability() {
      return (double) answered.get() / attempted.get();
    }

    @Override
    public String toString() {
      return answered + " of " + attempted;
    }
  }

  private void load(CapstanScenarioClients clients) {
    ArrayDeque<CompletableFuture<Receipt>> underWay = new ArrayDeque<>();
    List<String> nodes = clients.nodeIds();
    for (int i = 0; i < KEYS; i++) {
      CapstanClient client = clients.client(nodes.get(i % nodes.size()));
      underWay.add(client.put(put(key(i), "before")));
      if (underWay.size() >= PUTS_UNDER_WAY_MAX) {
        underWay.remove().join();
      }
    }
    underWay.forEach(CompletableFuture::join);
  }

  private static String key(int number) {
    return "before/" + number;
  }

  private static Put put(String key, String value) {
    return Put.of(key, value).keyspace(KEYSPACE).level(Level.ONE).timeout(READ_TIMEOUT);
  }

  private OpenLoopDriver driver(CapstanScenarioClients clients, KeptWrites kept) {
    HistoryRecorder recorder = new HistoryRecorder(System::nanoTime);
    AtomicLong processes = new AtomicLong();
    SplittableRandom random = new SplittableRandom(1);
    List<WorkloadClient> workers = new ArrayList<>();
    for (String node : clients.nodeIds()) {
      workers.add(
          new WorkloadClient(
              KEYSPACE,
              clients.open(node, KEYSPACE, Level.ONE),
              kept.script(),
              new AttemptTimes(WRITE_INTERVAL, random.split()),
              recorder,
              processes,
              this::count));
    }
    return new OpenLoopDriver(workers, ATTEMPT_TIMEOUT);
  }

  private void count(String keyspace, String node, EventType type, boolean answered) {
    Tally side = sides.computeIfAbsent(LEFT.contains(node) ? "left" : "right", name -> new Tally());
    side.attempted().incrementAndGet();
    if (answered) {
      side.answered().incrementAndGet();
    }
  }

  /** Half of the keys get their new value on the left, the others on the right. */
  private static void overwrite(CapstanScenarioClients clients, Map<String, String> overwritten) {
    for (int i = 0; i < OVERWRITTEN; i++) {
      List<String> side = i % 2 == 0 ? LEFT : RIGHT;
      CapstanClient client = clients.client(side.get(i / 2 % side.size()));
      String key = key(i * (KEYS / OVERWRITTEN));
      Bytes context = client.blocking().get(get(key)).context();
      String value = "after, through " + side.get(i / 2 % side.size());
      client.blocking().put(put(key, value).context(context));
      overwritten.put(key, value);
    }
  }

  private static Get get(String key) {
    return Get.of(key).keyspace(KEYSPACE).level(Level.ONE).timeout(READ_TIMEOUT);
  }

  private static void flapUntil(Cluster cluster, long endNanos) throws InterruptedException {
    for (int i = 0; System.nanoTime() < endNanos; i++) {
      Set<DirectedLink> flapping = FLAPPING.get(i % FLAPPING.size());
      cluster.cut(flapping);
      sleepUntil(Math.min(endNanos, System.nanoTime() + FLAP_INTERVAL.toNanos()));
      cluster.heal(flapping);
    }
  }

  private static void sleepUntil(long nanos) throws InterruptedException {
    long left = nanos - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.sleep(left);
    }
  }

  /** By the roots alone: to look for rows would have the nodes read all of them meanwhile. */
  private static void awaitEqual(CapstanClient client) {
    Awaitility.await("all replicas hold the same rows")
        .atMost(CONVERGED_MAX)
        .until(
            () -> client.blocking().compareRoots(KEYSPACE).verdict() == Divergence.Verdict.EQUAL);
  }

  private static Map<String, String> read(CapstanClient client, Set<String> keys) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String key : keys) {
      Receipt receipt = client.blocking().get(get(key));
      String value = receipt.valueUtf8();
      values.put(key, value == null ? receipt.siblings().toString() : value);
    }
    return values;
  }
}
