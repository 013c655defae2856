package io.capstan.chaos.command;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.report.SwitchResult;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Get;
import io.capstan.client.Keyspace;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.ModeChange;
import io.capstan.client.Outcome;
import io.capstan.client.Put;
import io.capstan.client.Receipt;
import io.capstan.client.Scan;
import io.capstan.client.ScanRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The last act of the demo: once the split is healed, the feed goes to CP and back while clients
 * post to it, each post under a key of its own.
 */
final class SwitchAct {
  private static final String PREFIX = "post-during-switch/";
  private static final int WRITERS = 4;
  private static final Duration INTERVAL = Duration.ofMillis(10);
  private static final Duration BETWEEN = Duration.ofSeconds(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CHANGE_MAX = Duration.ofSeconds(30);
  private static final Duration LOOK_INTERVAL = Duration.ofMillis(20);

  private final CapstanClient client;
  private final String keyspace;
  private final AtomicInteger last = new AtomicInteger();
  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger unknown = new AtomicInteger();
  private final AtomicLong longestNanos = new AtomicLong();
  private volatile boolean over;

  private SwitchAct(CapstanClient client, String keyspace) {
    this.client = client;
    this.keyspace = keyspace;
  }

  /**
   * Plays it; the keyspace is AP before and after.
   *
   * @throws CapstanException where the cluster cannot be asked, or a change does not come to its
   *     end in time
   */
  static SwitchResult play(Cluster cluster, String keyspace) throws InterruptedException {
    try (CapstanClient client =
        CapstanClient.builder()
            .endpoints(cluster.nodeIds().stream().map(cluster::clientAddress).toList())
            .timeout(TIMEOUT)
            .build()) {
      return new SwitchAct(client, keyspace).play();
    }
  }

  private SwitchResult play() throws InterruptedException {
    List<SwitchResult.Change> changes = new ArrayList<>();
    try (ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        for (int i = 0; i < WRITERS; i++) {
          writers.execute(this::write);
        }
        for (Mode target : List.of(Mode.CP, Mode.AP)) {
          TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis());
          changes.add(change(target));
        }
        TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis());
      } finally {
        over = true;
      }
    }
    return new SwitchResult(
        keyspace, changes, acknowledged.size(), refused.get(), unknown.get(), lost());
  }

  private void write() {
    while (!over) {
      String key = PREFIX + last.incrementAndGet();
      long startNanos = System.nanoTime();
      try {
        client.blocking().put(Put.of(key, key).keyspace(keyspace));
        acknowledged.add(key);
        longestNanos.accumulateAndGet(System.nanoTime() - startNanos, Math::max);
      } catch (CapstanException e) {
        (e.outcome() == Outcome.FAILED ? refused : unknown).incrementAndGet();
      }
      try {
        TimeUnit.MILLISECONDS.sleep(INTERVAL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private SwitchResult.Change change(Mode target) throws InterruptedException {
    longestNanos.set(0);
    long endNanos = System.nanoTime() + CHANGE_MAX.toNanos();
    client.blocking().setMode(keyspace, target, "the demo");
    Keyspace now = client.blocking().describe(keyspace);
    while (now.mode() != target || !now.phase().equals("serving")) {
      if (System.nanoTime() - endNanos >= 0) {
        throw new CapstanException(
            ErrorCode.TIMEOUT,
            Outcome.UNKNOWN,
            "Keyspace " + keyspace + " has not become " + target.label() + " in time.",
            "Look what it waits for: capstan mode get " + keyspace,
            null);
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_INTERVAL.toMillis());
      now = client.blocking().describe(keyspace);
      if (now.phase().equals("serving") && now.mode() != target) {
        // Given up, since some replica did not answer for a moment.
        client.blocking().setMode(keyspace, target, "the demo");
      }
    }
    // What waited meanwhile is answered by now.
    TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis() / 2);
    ModeChange passed = now.lastChange();
    List<SwitchResult.Phase> phases =
        passed == null
            ? List.of()
            : passed.phases().stream()
                .map(phase -> new SwitchResult.Phase(phase.name(), phase.millis()))
                .toList();
    Receipt read = client.blocking().get(Get.of("no-such-post").keyspace(keyspace));
    Level level = read.level();
    return new SwitchResult.Change(
        target.label(),
        now.epoch(),
        phases,
        passed == null ? 0 : passed.writesPausedMillis(),
        longestNanos.get() / 1_000_000,
        passed == null ? 0 : passed.dotsMoved(),
        levelOne(),
        level == null ? "" : level.label(),
        siblings());
  }

  private String levelOne() {
    try {
      client.blocking().put(Put.of("level-one", "asked").keyspace(keyspace).level(Level.ONE));
      return "ok";
    } catch (CapstanException e) {
      return e.code();
    }
  }

  private int siblings() {
    int keys = 0;
    for (ScanRow row : client.blocking().rows(Scan.all().keyspace(keyspace))) {
      keys += row.siblings().size() > 1 ? 1 : 0;
    }
    return keys;
  }

  private int lost() {
    Set<String> missing = ConcurrentHashMap.newKeySet();
    missing.addAll(acknowledged);
    for (ScanRow row :
        client.blocking().rows(Scan.prefix(PREFIX).keyspace(keyspace).level(Level.ALL))) {
      missing.remove(row.key().utf8());
    }
    return missing.size();
  }

  // ---- for people ----

  /** What it changed for the clients, sentence by sentence. */
  static List<String> story(SwitchResult result) {
    List<String> told = new ArrayList<>();
    for (SwitchResult.Change change : result.changes()) {
      boolean cp = change.to().equals("cp");
      StringBuilder phases = new StringBuilder();
      for (SwitchResult.Phase phase : change.phases()) {
        phases
            .append(phases.isEmpty() ? "" : ", ")
            .append(phase.name())
            .append(' ')
            .append(phase.millis())
            .append(" ms");
      }
      told.add(
          String.format(
              Locale.ROOT,
              "To %s, epoch %d: %s. No client waited longer than %d ms for a write. A read that"
                  + " names no level is %s now; a write at level one is %s. %s",
              change.to().toUpperCase(Locale.ROOT),
              change.epoch(),
              phases,
              change.longestWaitMillis(),
              change.readLevel(),
              change.levelOne().equals("ok")
                  ? "taken: one replica is enough again"
                  : "refused (" + change.levelOne() + "): the log needs a majority",
              cp
                  ? change.siblings()
                      + " keys still show all their concurrent values, until a client resolves"
                      + " them."
                  : change.siblings() + " keys show concurrent values."));
    }
    told.add(
        String.format(
            Locale.ROOT,
            "%,d posts were acknowledged meanwhile, %d refused, %d of unknown outcome; lost: %d.",
            result.acknowledged(),
            result.refused(),
            result.unknown(),
            result.lostWrites()));
    return told;
  }
}
