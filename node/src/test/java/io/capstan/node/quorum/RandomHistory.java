package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One seeded run: replicas that crash and lose what they had not synced, a network that loses,
 * doubles, delays and splits, clients that write on old contexts and retry; then a heal, silence of
 * the clients, and the questions.
 *
 * <p>{@link HistoryBooks} knows what must hold.
 */
final class RandomHistory {

  private static final long MILLI = 1_000_000;
  private static final long CHAOS_MILLIS = 1_000;
  private static final long CONVERGENCE_MAX_MILLIS = 4_000;
  private static final long TIMEOUT_MILLIS = 400;
  private static final int TICK_MILLIS = 25;
  private static final List<String> KEYS = List.of("a", "b", "c");

  private record Event(long atNanos, long order, Runnable action) {}

  /** What a client has of a key: its token, and the dots that it was really shown. */
  private record Seen(ByteString token, Set<Dot> dots) {}

  private final long seed;
  private final SplittableRandom random;
  private final List<String> names = new ArrayList<>();
  private final Map<String, TestReplica> replicas = new LinkedHashMap<>();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) ->
              a.atNanos != b.atNanos
                  ? Long.compare(a.atNanos, b.atNanos)
                  : Long.compare(a.order, b.order));
  private final Set<String> cut = new HashSet<>();
  private final Set<String> syncing = new HashSet<>();
  private final HistoryBooks books;
  private final List<Runnable> watched = new ArrayList<>();
  private final Map<String, Integer> lives = new HashMap<>();
  private final Map<String, Seen> lastSeen = new HashMap<>();
  private final double lossRate;
  private final double doubleRate;
  private final long delayMaxNanos;
  private final long syncMaxNanos;
  private long nowNanos = 1_000 * MILLI;
  private long order;
  private long lastOperation;
  private boolean calm;

  /** Counted over all runs, so that the test can show that it tested something. */
  record Counts(long confirmed, long unknown, long reads, long crashes, long siblings) {}

  private long unknownCount;
  private long crashCount;

  RandomHistory(long seed) {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    int size = 3 + random.nextInt(3);
    this.lossRate = random.nextInt(3) * 0.08;
    this.doubleRate = random.nextInt(3) * 0.08;
    this.delayMaxNanos = (1 + random.nextInt(30)) * MILLI;
    this.syncMaxNanos = (1 + random.nextInt(15)) * MILLI;
    for (int i = 1; i <= size; i++) {
      names.add("n" + i);
    }
    this.books = new HistoryBooks(seed, size, KEYS);
    var limits =
        new QuorumConfig.Limits(
            1_000,
            8,
            1 << 20,
            10,
            10,
            1 << 20,
            100,
            1 + random.nextInt(6),
            1 << 20,
            100,
            50,
            1_000);
    for (String name : names) {
      QuorumConfig config = new QuorumConfig(name, random.nextLong(), names, 100, 300, 60, limits);
      replicas.put(
          name,
          new TestReplica(TestCluster.record(LEVEL_ONE), config, this::transmit, random.split()));
      lives.put(name, 0);
      tick(name);
    }
  }

  Counts run() {
    for (int client = 0; client < 6; client++) {
      at(random.nextLong(50 * MILLI), this::clientStep);
    }
    at(random.nextLong(300 * MILLI), this::faultStep);
    runUntil(nowNanos + CHAOS_MILLIS * MILLI);
    calm = true;
    cut.clear();
    for (String name : names) {
      restart(name);
    }
    // Every call is answered at its deadline, then nobody asks any more.
    runUntil(nowNanos + (TIMEOUT_MILLIS + 100) * MILLI);
    watched.forEach(Runnable::run);
    long giveUp = nowNanos + CONVERGENCE_MAX_MILLIS * MILLI;
    while (!hasConverged() && nowNanos < giveUp) {
      runUntil(nowNanos + 50 * MILLI);
    }
    checkConverged();
    books.checkConservation(replicas.get(names.get(0)));
    return new Counts(
        books.confirmedWrites(),
        unknownCount,
        books.finishedReads(),
        crashCount,
        books.siblingsShown());
  }

  // ---- time, network, disks ----

  private void at(long delayNanos, Runnable action) {
    events.add(new Event(nowNanos + delayNanos, ++order, action));
  }

  private void runUntil(long endNanos) {
    while (!events.isEmpty() && events.peek().atNanos <= endNanos) {
      Event event = events.poll();
      nowNanos = event.atNanos;
      event.action.run();
      startSyncs();
    }
    nowNanos = endNanos;
  }

  private long wallMillis() {
    return nowNanos / MILLI;
  }

  private void tick(String name) {
    at(
        TICK_MILLIS * MILLI,
        () -> {
          TestReplica replica = replicas.get(name);
          if (replica.isUp()) {
            replica.step(k -> k.tick(nowNanos, wallMillis()));
          }
          tick(name);
        });
  }

  private void transmit(String from, String to, QuorumMessage message) {
    int copies = !calm && random.nextDouble() < doubleRate ? 2 : 1;
    for (int i = 0; i < copies; i++) {
      if (calm || random.nextDouble() >= lossRate) {
        at(random.nextLong(delayMaxNanos) + 1, () -> deliver(from, to, message));
      }
    }
  }

  private void deliver(String from, String to, QuorumMessage message) {
    TestReplica receiver = replicas.get(to);
    if (!cut.contains(from + ">" + to) && receiver.isUp()) {
      receiver.step(k -> k.onMessage(from, message, nowNanos, wallMillis()));
    }
  }

  private void startSyncs() {
    for (TestReplica replica : replicas.values()) {
      if (replica.isUp() && replica.hasUnsynced() && syncing.add(replica.name())) {
        long upTo = replica.writesMade();
        int life = lives.get(replica.name());
        at(
            random.nextLong(syncMaxNanos) + 1,
            () -> {
              if (lives.get(replica.name()) == life) {
                syncing.remove(replica.name());
                replica.syncUpTo(upTo);
              }
            });
      }
    }
  }

  private void faultStep() {
    if (calm) {
      return;
    }
    switch (random.nextInt(5)) {
      case 0 -> crash(any(names));
      case 1, 2 -> split();
      case 3 -> cut.add(any(names) + ">" + any(names));
      default -> cut.clear();
    }
    at(random.nextLong(250 * MILLI) + 1, this::faultStep);
  }

  private void split() {
    cut.clear();
    Set<String> left = new HashSet<>();
    names.stream().filter(n -> random.nextBoolean()).forEach(left::add);
    for (String from : names) {
      for (String to : names) {
        if (left.contains(from) != left.contains(to)) {
          cut.add(from + ">" + to);
        }
      }
    }
  }

  private void crash(String name) {
    TestReplica replica = replicas.get(name);
    if (!replica.isUp()) {
      return;
    }
    crashCount++;
    replica.crash();
    lives.merge(name, 1, Integer::sum);
    syncing.remove(name);
    long durable = replica.tables().readClock().baseOf(replica.actor());
    books.forgetBeyond(replica.actor(), durable);
    books.checkClock(replica, replicas.values());
    at(random.nextLong(500 * MILLI) + 1, () -> restart(name));
  }

  private void restart(String name) {
    if (!replicas.get(name).isUp()) {
      replicas.get(name).start();
    }
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  // ---- clients ----

  private void clientStep() {
    if (calm) {
      return;
    }
    String node = any(names);
    String key = any(KEYS);
    if (replicas.get(node).isUp()) {
      switch (random.nextInt(5)) {
        case 0, 1 -> write(node, key, random.nextInt(4) == 0, newOperation(), anyLevel());
        default -> read(node, key, anyLevel());
      }
      if (random.nextInt(20) == 0) {
        books.checkClock(replicas.get(any(names)), replicas.values());
      }
    }
    at(random.nextLong(40 * MILLI) + 1, this::clientStep);
  }

  private Level anyLevel() {
    return switch (random.nextInt(6)) {
      case 0, 1 -> LEVEL_ONE;
      case 2 -> LEVEL_ALL;
      default -> LEVEL_QUORUM;
    };
  }

  private @Nullable OperationId newOperation() {
    return random.nextInt(3) == 0
        ? null
        : OperationId.newBuilder().setSession(1).setSequence(++lastOperation).build();
  }

  private int required(Level level) {
    return level == LEVEL_ONE ? 1 : level == LEVEL_ALL ? names.size() : names.size() / 2 + 1;
  }

  private void write(
      String node, String key, boolean delete, @Nullable OperationId operation, Level level) {
    TestReplica replica = replicas.get(node);
    ByteString keyBytes = ByteString.copyFromUtf8(key);
    DottedVersionVectorSet held = HistoryBooks.heldBy(replica, key);
    Seen seen = random.nextBoolean() ? lastSeen.get(key) : null;
    Set<Dot> saw = new HashSet<>();
    if (seen == null) {
      held.siblings().forEach(s -> saw.add(s.dot()));
    } else {
      saw.addAll(seen.dots);
    }
    long before = replica.tables().readClock().baseOf(replica.actor());
    long deadline = nowNanos + TIMEOUT_MILLIS * MILLI;
    Call call =
        replica.call(
            (k, id) -> {
              if (delete) {
                var request = DeleteRequest.newBuilder().setKey(keyBytes).setLevel(level);
                if (seen != null) {
                  request.setContext(seen.token);
                }
                if (operation != null) {
                  request.setOperation(operation);
                }
                k.delete(id, request.build(), deadline, nowNanos, wallMillis());
              } else {
                var request =
                    PutRequest.newBuilder()
                        .setKey(keyBytes)
                        .setValue(ByteString.copyFromUtf8("v" + ++order))
                        .setLevel(level);
                if (seen != null) {
                  request.setContext(seen.token);
                }
                if (operation != null) {
                  request.setOperation(operation);
                }
                k.put(id, request.build(), deadline, nowNanos, wallMillis());
              }
            });
    long after = replica.tables().readClock().baseOf(replica.actor());
    if (after > before) {
      Dot dot = new Dot(replica.actor(), after);
      books.wrote(dot, key, saw, operation, delete);
    }
    int life = lives.get(node);
    watch(
        node,
        life,
        call,
        level,
        () -> onWriteAnswered(call, key, delete, operation, level),
        () -> retry(key, delete, operation));
  }

  private void onWriteAnswered(
      Call call, String key, boolean delete, @Nullable OperationId operation, Level level) {
    Receipt receipt = call.isOk() ? call.receipt() : call.error().getReceipt();
    if (call.isOk()) {
      must(receipt.getAckedCount() >= required(level), "too few confirmed %s", receipt);
      if (receipt.getVersion().isEmpty()) {
        must(operation != null, "no version, and no retry: %s", receipt);
      } else {
        books.confirmed(Dot.parse(receipt.getVersion()), key, required(level), nowNanos);
      }
    } else if (call.error().getOutcome() == Outcome.OUTCOME_UNKNOWN) {
      unknownCount++;
      retry(key, delete, operation);
    } else {
      must(call.error().getCode().equals("NO_QUORUM"), "refused with %s", call.error());
      return;
    }
    remember(key, receipt);
  }

  private void retry(String key, boolean delete, @Nullable OperationId operation) {
    String node = any(names);
    if (operation != null && !calm && replicas.get(node).isUp() && random.nextBoolean()) {
      write(node, key, delete, operation, anyLevel());
    }
  }

  private void read(String node, String key, Level level) {
    TestReplica replica = replicas.get(node);
    long startNanos = nowNanos;
    GetRequest request =
        GetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setLevel(level).build();
    Call call =
        replica.call(
            (k, id) ->
                k.get(id, request, nowNanos + TIMEOUT_MILLIS * MILLI, nowNanos, wallMillis()));
    watch(
        node,
        lives.get(node),
        call,
        level,
        () -> {
          if (call.isOk()) {
            books.checkRead(key, required(level), startNanos, nowNanos, call.receipt());
            remember(key, call.receipt());
          } else {
            must(
                call.error().getOutcome() == Outcome.OUTCOME_FAILED,
                "a read has no effect, but %s",
                call.error());
          }
        },
        () -> {});
  }

  /** Looks every now and then whether the call was answered; clients do no more than that. */
  private void watch(
      String node, int life, Call call, Level level, Runnable answered, Runnable gone) {
    if (call.isAnswered()) {
      answered.run();
    } else if (lives.get(node) != life) {
      gone.run();
    } else {
      Runnable again = () -> watch(node, life, call, level, answered, gone);
      at(4 * MILLI, again);
      watched.add(
          () ->
              must(
                  call.isAnswered() || lives.get(node) != life,
                  "a call at %s was never answered",
                  node));
    }
    if (call.isAnswered() && level == LEVEL_ONE) {
      must(call.isOk(), "level one is always available, but %s", call.isOk() ? "" : call.error());
    }
  }

  /** Keeps the context of the key for later writes, with what it really showed. */
  private void remember(String key, Receipt receipt) {
    if (!receipt.getContext().isEmpty()) {
      Set<Dot> dots = books.inHand(key, receipt);
      if (random.nextInt(3) > 0) {
        lastSeen.put(key, new Seen(receipt.getContext(), dots));
      }
    }
  }

  // ---- the end ----

  private boolean hasConverged() {
    TestReplica first = replicas.get(names.get(0));
    return replicas.values().stream()
        .allMatch(
            r ->
                HistoryBooks.withoutMemory(r).equals(HistoryBooks.withoutMemory(first))
                    && r.tables().readClock().equals(first.tables().readClock())
                    && r.tables().dots().equals(first.tables().dots()));
  }

  private void checkConverged() {
    must(
        hasConverged(),
        "no convergence within %d ms after the heal: %s",
        CONVERGENCE_MAX_MILLIS,
        replicas.values().stream().map(r -> r.name() + r.tables().readClock()).toList());
    for (TestReplica replica : replicas.values()) {
      books.checkClock(replica, replicas.values());
      must(
          Objects.equals(replica.keyspace().root(), replica.tables().rootOfRows()),
          "the hash tree of %s is not that of its rows",
          replica.name());
      must(
          replica.keyspace().disagreeing().isEmpty(),
          "%s had the same clock as %s and other rows",
          replica.name(),
          replica.keyspace().disagreeing());
      must(replica.keyspace().openCalls() == 0, "open calls at %s", replica.name());
      must(replica.keyspace().malformedMessages() == 0, "malformed at %s", replica.name());
    }
  }

  private void must(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new AssertionError(
          "seed " + seed + " at " + wallMillis() + " ms: " + message.formatted(arguments));
    }
  }
}
