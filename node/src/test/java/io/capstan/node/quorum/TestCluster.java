package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * Replicas on a table: messages wait in a queue until the test delivers them, links can be cut,
 * disks sync at once unless the test stops them.
 */
final class TestCluster {

  static final long MILLI = 1_000_000;
  static final long TIMEOUT_MILLIS = 2_000;

  record Envelope(String from, String to, QuorumMessage message) {}

  private final KeyspaceRecord record;
  private final Map<String, TestReplica> replicas = new LinkedHashMap<>();
  private final ArrayDeque<Envelope> queue = new ArrayDeque<>();
  private final List<Envelope> delivered = new ArrayList<>();
  private final Set<String> cut = new HashSet<>();
  private final Set<String> stoppedDisks = new HashSet<>();
  private Predicate<Envelope> loses = envelope -> false;
  private final Map<String, Long> wallAheadMillis = new HashMap<>();
  private long nowMillis = 10_000;

  private TestCluster(KeyspaceRecord record, int size, QuorumConfig.Limits limits) {
    this.record = record;
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      names.add("n" + i);
    }
    for (String name : names) {
      QuorumConfig config =
          new QuorumConfig(name, 0xa0 + names.indexOf(name), names, 500, 1_500, 300, limits);
      replicas.put(
          name,
          new TestReplica(
              record,
              config,
              (from, to, message) -> queue.add(new Envelope(from, to, message)),
              new SplittableRandom(names.indexOf(name))));
    }
    settle();
  }

  static TestCluster of(int size) {
    return of(size, Level.LEVEL_ONE, QuorumConfig.Limits.DEFAULT);
  }

  static TestCluster of(int size, Level minWrites, QuorumConfig.Limits limits) {
    return new TestCluster(record(minWrites), size, limits);
  }

  static KeyspaceRecord record(Level minWrites) {
    return KeyspaceRecord.newBuilder()
        .setId(7)
        .setName("feed")
        .setMode(Mode.MODE_AP)
        .setEpoch(1)
        .setMinWrites(minWrites)
        .setGroupId(1)
        .build();
  }

  /** A keyspace in which the latest write wins. */
  static TestCluster latestWins(int size) {
    KeyspaceRecord record =
        record(Level.LEVEL_ONE).toBuilder()
            .setConflicts(ConflictPolicy.CONFLICT_POLICY_LWW)
            .build();
    return new TestCluster(record, size, QuorumConfig.Limits.DEFAULT);
  }

  /** These nodes apply a configuration; a new one is made if there is none of the name. */
  void configure(ReplicaSet next, String... nodes) {
    for (String node : nodes) {
      if (replicas.containsKey(node)) {
        replica(node).configured(next, nowNanos(), wallMillis(node));
      } else {
        QuorumConfig config =
            new QuorumConfig(
                node, 0xa0 + replicas.size(), next, 500, 1_500, 300, QuorumConfig.Limits.DEFAULT);
        replicas.put(
            node,
            new TestReplica(
                record,
                config,
                true,
                (from, to, message) -> queue.add(new Envelope(from, to, message)),
                new SplittableRandom(replicas.size())));
      }
    }
    settle();
  }

  KeyspaceRecord record() {
    return record;
  }

  /** Sets the wall clock of a node, ahead of the others or behind. */
  void setWallAhead(String node, long millis) {
    wallAheadMillis.put(node, millis);
  }

  long wallMillis(String node) {
    return nowMillis + wallAheadMillis.getOrDefault(node, 0L);
  }

  /** What the ledger of the node answers. */
  ListConflictsResponse conflicts(String node, ListConflictsRequest request) {
    return replica(node)
        .call((k, id) -> k.listConflicts(id, request, nowNanos(), wallMillis(node)))
        .conflicts();
  }

  /** What the ledger of the node lists, newest first. */
  List<Conflict> conflicts(String node) {
    return conflicts(node, ListConflictsRequest.getDefaultInstance()).getConflictsList();
  }

  TestReplica replica(String name) {
    TestReplica replica = replicas.get(name);
    if (replica == null) {
      throw new AssertionError("no " + name);
    }
    return replica;
  }

  /** Cuts every link between the two sides, both ways: "n1|n2,n3". */
  void partition(String sides) {
    String[] both = sides.split("\\|");
    for (String left : both[0].split(",")) {
      for (String right : both[1].split(",")) {
        cut(left, right);
        cut(right, left);
      }
    }
  }

  /** Cuts one direction. */
  void cut(String from, String to) {
    cut.add(from + ">" + to);
  }

  void heal() {
    cut.clear();
    loses = envelope -> false;
  }

  /** From now on such messages vanish. */
  void lose(Predicate<Envelope> which) {
    loses = which;
  }

  /** Delivers a message that was lost or delivered before. */
  void deliverAgain(Envelope envelope) {
    deliver(envelope);
    settle();
  }

  void stopDisk(String name) {
    stoppedDisks.add(name);
  }

  void startDisk(String name) {
    stoppedDisks.remove(name);
    replica(name).sync();
  }

  /** Delivers until nothing is under way. */
  void settle() {
    int steps = 0;
    syncAll();
    while (!queue.isEmpty()) {
      if (++steps > 100_000) {
        throw new AssertionError("messages without end; the last: " + queue.peek());
      }
      deliver(queue.poll());
      syncAll();
    }
  }

  private void deliver(Envelope envelope) {
    if (cut.contains(envelope.from() + ">" + envelope.to())
        || loses.test(envelope)
        || !replicas.containsKey(envelope.to())
        || !replica(envelope.to()).isUp()) {
      return;
    }
    delivered.add(envelope);
    replica(envelope.to())
        .step(
            k ->
                k.onMessage(
                    envelope.from(), envelope.message(), nowNanos(), wallMillis(envelope.to())));
  }

  private void syncAll() {
    for (TestReplica replica : replicas.values()) {
      if (replica.isUp() && !stoppedDisks.contains(replica.name())) {
        replica.sync();
      }
    }
  }

  /** Messages that have arrived since {@link #forgetDelivered}, of one kind. */
  List<Envelope> delivered(QuorumMessage.MessageCase kind) {
    return delivered.stream().filter(e -> e.message().getMessageCase() == kind).toList();
  }

  /** All messages that have arrived since {@link #forgetDelivered}. */
  List<Envelope> deliveredOfAnyKind() {
    return List.copyOf(delivered);
  }

  void forgetDelivered() {
    delivered.clear();
  }

  /** Lets time pass in steps of 10 ms, delivering what is sent. */
  void advance(long millis) {
    for (long end = nowMillis + millis; nowMillis < end; ) {
      nowMillis += 10;
      for (TestReplica replica : replicas.values()) {
        if (replica.isUp()) {
          replica.step(k -> k.tick(nowNanos(), wallMillis(replica.name())));
        }
      }
      settle();
    }
  }

  long nowMillis() {
    return nowMillis;
  }

  long nowNanos() {
    return nowMillis * MILLI;
  }

  private long deadlineNanos() {
    return (nowMillis + TIMEOUT_MILLIS) * MILLI;
  }

  static PutRequest.Builder putOf(String key, String value, Level level) {
    return PutRequest.newBuilder()
        .setKey(ByteString.copyFromUtf8(key))
        .setValue(ByteString.copyFromUtf8(value))
        .setLevel(level);
  }

  Call put(String node, PutRequest request) {
    Call call =
        replica(node)
            .call((k, id) -> k.put(id, request, deadlineNanos(), nowNanos(), wallMillis(node)));
    settle();
    return call;
  }

  Call put(String node, String key, String value, Level level) {
    return put(node, putOf(key, value, level).build());
  }

  Call put(String node, String key, String value, Level level, OperationId operation) {
    return put(node, putOf(key, value, level).setOperation(operation).build());
  }

  Call put(String node, String key, String value, Level level, ByteString context) {
    return put(node, putOf(key, value, level).setContext(context).build());
  }

  Call delete(String node, DeleteRequest request) {
    Call call =
        replica(node)
            .call((k, id) -> k.delete(id, request, deadlineNanos(), nowNanos(), wallMillis(node)));
    settle();
    return call;
  }

  Call delete(String node, String key, Level level) {
    return delete(
        node,
        DeleteRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setLevel(level).build());
  }

  Call get(String node, String key, Level level) {
    return get(
        node, GetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setLevel(level).build());
  }

  Call get(String node, GetRequest request) {
    Call call =
        replica(node)
            .call((k, id) -> k.get(id, request, deadlineNanos(), nowNanos(), wallMillis(node)));
    settle();
    return call;
  }

  Call scan(String node, ScanRequest request) {
    Call call =
        replica(node)
            .call((k, id) -> k.scan(id, request, deadlineNanos(), nowNanos(), wallMillis(node)));
    settle();
    return call;
  }

  /** A request of a client, begun at a node; answered where messages allow it. */
  Call ask(String node, Request request) {
    Call call =
        replica(node).call((k, id) -> request.begin(k, id, deadlineNanos(), nowNanos(), nowMillis));
    settle();
    return call;
  }

  /** A request of any kind. */
  interface Request {
    void begin(LeaderlessKeyspace keyspace, long id, long deadlineNanos, long nanos, long millis);
  }

  /** What the replica holds under the key right now. */
  DottedVersionVectorSet held(String node, String key) {
    return replica(node).tables().held(ByteString.copyFromUtf8(key));
  }
}
