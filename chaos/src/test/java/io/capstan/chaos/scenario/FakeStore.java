package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import io.capstan.chaos.workload.StoredValue;
import io.capstan.client.Bytes;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * Both kinds of keyspace in memory on a {@link FakeCluster}: one copy behind a majority for CP, one
 * copy a node for AP that merge as soon as they can. It can be made to break its promises.
 */
public final class FakeStore implements ScenarioClients {

  /** What is wrong with it. */
  public enum Defect {
    NONE,
    /** CP: some reads return the value before the last one. */
    STALE_READS,
    /** CP: the side without a majority answers as well, from a copy of its own. */
    SPLIT_BRAIN,
    /** CP: some transfers credit the receiver only. */
    MONEY_FROM_NOWHERE,
    /** AP: some acknowledged writes are not kept. */
    LOSES_WRITES,
    /** AP: copies do not merge after a heal. */
    NEVER_CONVERGES
  }

  private static final int DEFECT_EVERY = 15;

  private final FakeCluster cluster;
  private final Defect defect;
  private final Map<String, Mode> modes = new HashMap<>();
  private final Map<String, String> bank = new HashMap<>();
  private final Map<String, String> bankBefore = new HashMap<>();
  private final Map<String, String> otherBrain = new HashMap<>();
  private final Map<String, Map<String, Wall>> feedByNode = new LinkedHashMap<>();
  private long versions;
  private long calls;
  private boolean isClosed;

  /** What one node holds under one key: live values by version, and all versions that it knows. */
  private record Wall(Map<String, String> live, Set<String> seen) {
    Wall() {
      this(new LinkedHashMap<>(), new TreeSet<>());
    }
  }

  public FakeStore(FakeCluster cluster, Defect defect) {
    this.cluster = cluster;
    this.defect = defect;
    cluster.nodeIds().forEach(node -> feedByNode.put(node, new HashMap<>()));
    cluster.onLinksChanged(this::mergeAll);
  }

  public synchronized boolean isClosed() {
    return isClosed;
  }

  @Override
  public synchronized void createKeyspace(String name, Mode mode, Duration timeout) {
    modes.put(name, mode);
  }

  @Override
  public KeyspaceClient open(String nodeId, String keyspace, Level level) {
    return new KeyspaceClient() {
      @Override
      public String nodeId() {
        return nodeId;
      }

      @Override
      public String level() {
        return level.label();
      }

      @Override
      public CompletableFuture<Reply> send(Request request, Duration timeout) {
        return CompletableFuture.completedFuture(answer(nodeId, keyspace, request));
      }
    };
  }

  private synchronized Reply answer(String node, String keyspace, Request request) {
    calls++;
    return modes.get(keyspace) == Mode.CP ? ofBank(node, request) : ofFeed(node, request);
  }

  private boolean isDefectTime(Defect which) {
    return defect == which && calls % DEFECT_EVERY == 0;
  }

  private Reply ofBank(String node, Request request) {
    if (!cluster.reachesMajority(node)) {
      if (defect != Defect.SPLIT_BRAIN) {
        return calls % 3 == 0
            ? Reply.error(Outcome.UNKNOWN, "TIMEOUT")
            : Reply.error(Outcome.FAILED, "NO_QUORUM");
      }
      if (otherBrain.isEmpty()) {
        otherBrain.putAll(bank);
      }
      return ofBank(otherBrain, request);
    }
    return ofBank(bank, request);
  }

  private Reply ofBank(Map<String, String> data, Request request) {
    switch (request) {
      case Request.Read read -> {
        boolean isStale = isDefectTime(Defect.STALE_READS);
        String value = (isStale ? bankBefore : data).get(read.key());
        return Reply.read(true, Map.of(read.key(), held(value)), Bytes.EMPTY);
      }
      case Request.Write write -> {
        put(data, write.key(), write.value());
        return Reply.written(Long.toString(versions), Bytes.EMPTY, List.of());
      }
      case Request.Transaction transaction -> {
        boolean matched =
            transaction.expected().entrySet().stream()
                .allMatch(each -> each.getValue().equals(data.get(each.getKey())));
        List<String> reads = new ArrayList<>(transaction.reads());
        if (matched) {
          int skipped =
              transaction.writes().size() == 2 && isDefectTime(Defect.MONEY_FROM_NOWHERE) ? 1 : 0;
          transaction.writes().entrySet().stream()
              .skip(skipped)
              .forEach(each -> put(data, each.getKey(), each.getValue()));
        } else {
          reads = List.copyOf(transaction.expected().keySet());
        }
        Map<String, List<StoredValue>> values = new LinkedHashMap<>();
        reads.forEach(key -> values.put(key, held(data.get(key))));
        return Reply.read(matched, values, Bytes.EMPTY);
      }
      default -> {
        return Reply.error(Outcome.FAILED, "WRONG_TYPE");
      }
    }
  }

  private void put(Map<String, String> data, String key, String value) {
    versions++;
    String before = data.put(key, value);
    if (before != null) {
      bankBefore.put(key, before);
    }
  }

  private static List<StoredValue> held(String value) {
    return value == null ? List.of() : List.of(new StoredValue(value, "1"));
  }

  private Reply ofFeed(String node, Request request) {
    return switch (request) {
      case Request.Read read -> {
        Wall wall = wall(node, read.key());
        List<StoredValue> values = new ArrayList<>();
        wall.live().forEach((version, value) -> values.add(new StoredValue(value, version)));
        yield Reply.read(
            true, Map.of(read.key(), values), Bytes.of(String.join(",", wall.live().keySet())));
      }
      case Request.Write write -> {
        Reply reply = write(node, write);
        cluster.nodeIds().stream()
            .filter(other -> cluster.reaches(node, other))
            .forEach(other -> merge(node, other, write.key()));
        yield reply;
      }
      case Request.Transaction transaction -> Reply.error(Outcome.FAILED, "WRONG_MODE");
      default -> Reply.error(Outcome.FAILED, "WRONG_TYPE");
    };
  }

  private Reply write(String node, Request.Write write) {
    Wall wall = wall(node, write.key());
    String version = node + ":" + ++versions;
    Set<String> covered =
        write.context() == null
            ? new TreeSet<>(wall.live().keySet())
            : new TreeSet<>(Arrays.asList(write.context().utf8().split(",", -1)));
    covered.remove("");
    List<String> superseded = covered.stream().filter(old -> wall.live().containsKey(old)).toList();
    covered.forEach(wall.live()::remove);
    wall.seen().addAll(covered);
    wall.seen().add(version);
    if (!isDefectTime(Defect.LOSES_WRITES)) {
      wall.live().put(version, write.value());
    }
    return Reply.written(version, Bytes.EMPTY, superseded);
  }

  private Wall wall(String node, String key) {
    return feedByNode.get(node).computeIfAbsent(key, unused -> new Wall());
  }

  private synchronized void mergeAll() {
    if (defect == Defect.NEVER_CONVERGES) {
      return;
    }
    for (String one : cluster.nodeIds()) {
      for (String other : cluster.nodeIds()) {
        if (cluster.reaches(one, other)) {
          merge(one, other);
        }
      }
    }
  }

  private void merge(String one, String other) {
    Set<String> keys = new TreeSet<>(feedByNode.get(one).keySet());
    keys.addAll(feedByNode.get(other).keySet());
    keys.forEach(key -> merge(one, other, key));
  }

  private void merge(String one, String other, String key) {
    if (!one.equals(other)) {
      Wall left = wall(one, key);
      Wall right = wall(other, key);
      Map<String, String> live = new LinkedHashMap<>();
      left.live()
          .forEach(
              (version, value) -> {
                if (right.live().containsKey(version) || !right.seen().contains(version)) {
                  live.put(version, value);
                }
              });
      right
          .live()
          .forEach(
              (version, value) -> {
                if (left.live().containsKey(version) || !left.seen().contains(version)) {
                  live.put(version, value);
                }
              });
      Set<String> seen = new TreeSet<>(left.seen());
      seen.addAll(right.seen());
      feedByNode.get(one).put(key, new Wall(new LinkedHashMap<>(live), new TreeSet<>(seen)));
      feedByNode.get(other).put(key, new Wall(live, seen));
    }
  }

  @Override
  public synchronized void close() {
    isClosed = true;
  }
}
