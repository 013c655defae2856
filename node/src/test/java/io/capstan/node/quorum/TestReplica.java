package io.capstan.node.quorum;

import com.google.protobuf.Message;
import io.capstan.node.version.Actor;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One replica with a disk that syncs when the test says so. */
final class TestReplica implements QuorumOutput {

  /** Takes what a replica sends. */
  interface Network {
    void send(String from, String to, QuorumMessage message);
  }

  private record Held(long afterWrites, Runnable action) {}

  private final KeyspaceRecord record;
  private QuorumConfig config;
  private boolean older;
  private final Network network;
  private final RandomGenerator random;
  private final Map<Long, Call> calls = new HashMap<>();
  private MemoryTables tables = new MemoryTables();
  private @Nullable LeaderlessKeyspace keyspace;
  private List<Runnable> unsealed = new ArrayList<>();
  private final ArrayDeque<Held> held = new ArrayDeque<>();
  private long writesMade;
  private long writesDurable;
  private long lastCallId;

  TestReplica(KeyspaceRecord record, QuorumConfig config, Network network, RandomGenerator random) {
    this(record, config, false, network, random);
  }

  /**
   * @param older whether the keyspace is older than the replica
   */
  TestReplica(
      KeyspaceRecord record,
      QuorumConfig config,
      boolean older,
      Network network,
      RandomGenerator random) {
    this.older = older;
    this.record = record;
    this.config = config;
    this.network = network;
    this.random = random;
    start();
  }

  String name() {
    return config.nodeId();
  }

  Actor actor() {
    return config.self();
  }

  MemoryTables tables() {
    return tables;
  }

  LeaderlessKeyspace keyspace() {
    if (keyspace == null) {
      throw new AssertionError(name() + " is down");
    }
    return keyspace;
  }

  boolean isUp() {
    return keyspace != null;
  }

  boolean hasUnsynced() {
    return tables.unsynced() > 0;
  }

  void start() {
    keyspace = new LeaderlessKeyspace(record, config, tables, older, this, random);
    tables.sync(tables.unsynced());
  }

  /** Comes back with an empty disk, as another incarnation. */
  void startAnew(long incarnation) {
    crash();
    tables = new MemoryTables();
    config =
        new QuorumConfig(
            config.nodeId(),
            incarnation,
            config.replicas(),
            config.antiEntropyIntervalMillis(),
            config.peerSilentMillis(),
            config.resendAfterMillis(),
            config.limits());
    older = true;
    start();
  }

  /** What the node does when it applies a configuration; one that leaves ends. */
  void configured(ReplicaSet next, long nowNanos, long wallMillis) {
    config =
        new QuorumConfig(
            config.nodeId(),
            config.incarnation(),
            next,
            config.antiEntropyIntervalMillis(),
            config.peerSilentMillis(),
            config.resendAfterMillis(),
            config.limits());
    step(k -> k.replicasChanged(next, nowNanos, wallMillis));
  }

  /** Loses what was not synced, and every call. */
  void crash() {
    keyspace = null;
    calls.clear();
    unsealed = new ArrayList<>();
    held.clear();
    tables.crash();
    writesMade = writesDurable;
  }

  /** Puts the disk back to an earlier state. */
  void restore(MemoryTables backup) {
    crash();
    tables = MemoryTables.copyOf(backup);
    start();
  }

  /** One input, then the end of its batch. */
  void step(Consumer<LeaderlessKeyspace> input) {
    input.accept(keyspace());
    endBatch();
  }

  Call call(CallInput input) {
    Call call = new Call();
    long callId = open(call);
    step(k -> input.accept(k, callId));
    return call;
  }

  /** The id under which the call expects its answer. */
  long open(Call call) {
    calls.put(++lastCallId, call);
    return lastCallId;
  }

  /** A request with the id that its answer will carry. */
  interface CallInput {
    void accept(LeaderlessKeyspace keyspace, long callId);
  }

  private void endBatch() {
    do {
      keyspace().beforeFlush();
      writesMade = writesDurable + tables.unsynced();
      List<Runnable> actions = unsealed;
      unsealed = new ArrayList<>();
      actions.forEach(action -> held.add(new Held(writesMade, action)));
    } while (runReleased());
  }

  private boolean runReleased() {
    boolean ran = false;
    while (!held.isEmpty() && held.peek().afterWrites <= writesDurable) {
      held.poll().action.run();
      ran = true;
    }
    return ran;
  }

  /** The number to give to {@link #syncUpTo} for all that is written now. */
  long writesMade() {
    return writesMade;
  }

  void sync() {
    syncUpTo(writesMade);
  }

  /** A sync that began when so many writes had been made has ended. */
  void syncUpTo(long writes) {
    if (writes > writesDurable) {
      tables.sync((int) (writes - writesDurable));
      writesDurable = writes;
    }
    if (runReleased()) {
      endBatch();
    }
  }

  @Override
  public void send(String to, QuorumMessage message) {
    network.send(name(), to, message);
  }

  @Override
  public void whenDurable(Runnable action) {
    unsealed.add(action);
  }

  @Override
  public void reply(long callId, Message response) {
    take(callId).answer(response);
  }

  @Override
  public void fail(long callId, ErrorDetail error) {
    take(callId).answer(error);
  }

  private Call take(long callId) {
    Call call = calls.remove(callId);
    if (call == null) {
      throw new AssertionError("call " + callId + " is answered, but it is not open");
    }
    return call;
  }
}
