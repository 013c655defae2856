package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.CreateKeyspace;
import io.capstan.client.ElementSet;
import io.capstan.client.Keyspace;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Outcome;
import io.capstan.client.Receipt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;

/**
 * A keyspace that changes sides again and again while clients add elements that nobody else adds,
 * and while in each change one process is killed. Killed is who leads, or anybody, from the moment
 * at which the change is asked for to a little later; it starts again soon, whether the change is
 * done or not, as under a supervisor. Before it does, a change to CP may have to wait for it: where
 * it had not yet said that it holds what the change before opened.
 */
final class SwitchesUnderKillNine {
  static final String KEYSPACE = "flip";

  private static final int WRITERS = 8;
  private static final Duration WRITE_INTERVAL = Duration.ofMillis(25);
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration SWITCH_MAX = Duration.ofSeconds(120);
  private static final Duration READY_MAX = Duration.ofSeconds(120);
  private static final int KILL_WITHIN_MILLIS = 150;
  private static final Duration DOWN = Duration.ofSeconds(3);

  /** Elements of one set; with more the rows of a long run would become large. */
  private static final int ELEMENTS_OF_A_SET = 200;

  private final TestCluster cluster;
  private final SplittableRandom random;
  private final AtomicLong last = new AtomicLong();
  private final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
  private final Set<Long> refused = ConcurrentHashMap.newKeySet();
  private final AtomicInteger unknown = new AtomicInteger();
  private final List<Integer> acknowledgedBySwitch = new ArrayList<>();
  private int killsBeforeTheEnd;
  private volatile boolean over;

  SwitchesUnderKillNine(TestCluster cluster, long seed) {
    this.cluster = cluster;
    this.random = new SplittableRandom(seed);
  }

  /** How many writes were acknowledged up to the end of each change. */
  List<Integer> acknowledgedBySwitch() {
    return acknowledgedBySwitch;
  }

  /** How many processes were killed before the change that they were killed in was done. */
  int killsBeforeTheEnd() {
    return killsBeforeTheEnd;
  }

  /** Changes sides so often, from AP on; all nodes run when it returns. */
  void run(int switches) throws InterruptedException {
    CapstanClient client = client();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      client
          .blocking()
          .createKeyspace(CreateKeyspace.of(KEYSPACE, Mode.AP).minWrites(Level.QUORUM));
      try {
        for (int i = 0; i < WRITERS; i++) {
          threads.execute(() -> write(client));
        }
        for (int i = 1; i <= switches; i++) {
          change(client, threads, i % 2 == 1 ? Mode.CP : Mode.AP);
          acknowledgedBySwitch.add(acknowledged.size());
        }
      } finally {
        over = true;
      }
    }
  }

  private CapstanClient client() {
    return cluster.client(builder -> builder.timeout(WRITE_TIMEOUT));
  }

  // ---- load ----

  private static ElementSet setOf(CapstanClient client, long element) {
    return client.set(KEYSPACE, "set-" + element / ELEMENTS_OF_A_SET);
  }

  private void write(CapstanClient client) {
    while (!over) {
      long element = last.incrementAndGet();
      try {
        client.blocking().add(setOf(client, element), Bytes.of(Long.toString(element)));
        acknowledged.add(element);
      } catch (CapstanException e) {
        if (e.outcome() == Outcome.FAILED) {
          refused.add(element);
        } else {
          unknown.incrementAndGet();
        }
      }
      try {
        TimeUnit.MILLISECONDS.sleep(WRITE_INTERVAL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  // ---- a change and a kill ----

  private void change(CapstanClient client, ExecutorService threads, Mode target)
      throws InterruptedException {
    String victim = victim();
    int delayMillis = random.nextInt(target == Mode.CP ? KILL_WITHIN_MILLIS : 10);
    CompletableFuture<Long> killed =
        CompletableFuture.supplyAsync(() -> kill(victim, delayMillis), threads);
    CompletableFuture<Void> started =
        killed.thenRunAsync(
            () -> cluster.start(victim),
            CompletableFuture.delayedExecutor(DOWN.toMillis(), TimeUnit.MILLISECONDS, threads));
    Awaitility.await(KEYSPACE + " becomes " + target + " without " + victim)
        .atMost(SWITCH_MAX)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> isAt(client, target));
    long doneNanos = System.nanoTime();
    killsBeforeTheEnd += killed.join() < doneNanos ? 1 : 0;
    started.join();
    cluster.cluster().awaitReady(READY_MAX);
  }

  /** Every second time who leads: what it remembers of the change dies with it. */
  private String victim() {
    List<String> nodes = cluster.nodes();
    String leader = cluster.cluster().leader().orElse(nodes.get(0));
    return random.nextBoolean() ? leader : nodes.get(random.nextInt(nodes.size()));
  }

  private long kill(String victim, int delayMillis) {
    try {
      TimeUnit.MILLISECONDS.sleep(delayMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    cluster.kill(victim);
    long killedNanos = System.nanoTime();
    NodeState state = cluster.cluster().state(victim);
    if (state != NodeState.KILLED) {
      throw new IllegalStateException(victim + " was killed, but it is " + state.text());
    }
    return killedNanos;
  }

  /** Asks for the change until it is done: it may be given up, or the answer get lost. */
  private static boolean isAt(CapstanClient client, Mode target) {
    try {
      Keyspace keyspace = client.blocking().describe(KEYSPACE);
      if (keyspace.mode() == target && keyspace.phase().equals("serving")) {
        return true;
      }
      if (keyspace.phase().equals("serving")) {
        client.blocking().setMode(KEYSPACE, target, "kill -9 run");
      }
    } catch (CapstanException e) {
      return false;
    }
    return false;
  }

  // ---- the end ----

  /**
   * What is wrong with what is there now: acknowledged elements that are missing, and refused ones
   * that are there; read at the strongest level of the present mode.
   */
  List<String> broken() {
    TreeSet<Long> present = new TreeSet<>();
    CapstanClient client = client();
    for (long first = 0; first <= last.get(); first += ELEMENTS_OF_A_SET) {
      Receipt set = client.blocking().members(setOf(client, first).timeout(READ_TIMEOUT));
      set.members().forEach(element -> present.add(Long.parseLong(element.utf8())));
    }
    List<String> broken = new ArrayList<>();
    for (Long element : acknowledged) {
      if (!present.contains(element)) {
        broken.add("element " + element + " was acknowledged and is gone");
      }
    }
    for (Long element : refused) {
      if (present.contains(element)) {
        broken.add("element " + element + " was refused and is there");
      }
    }
    return broken;
  }

  @Override
  public String toString() {
    return acknowledgedBySwitch.size()
        + " changes of sides, "
        + killsBeforeTheEnd
        + " processes killed before the change was done; "
        + acknowledged.size()
        + " additions acknowledged, "
        + refused.size()
        + " refused, "
        + unknown
        + " unknown";
  }
}
