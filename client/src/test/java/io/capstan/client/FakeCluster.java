package io.capstan.client;

import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Nodes that speak the wire format over real sockets and share one table, with faults on demand. It
 * stands in for the rules that the client relies on (sessions, epochs, receipts), not for a
 * cluster.
 */
public final class FakeCluster implements AutoCloseable {
  public static final int WINDOW_OPERATIONS = 8;

  private final List<FakeNode> nodes = new ArrayList<>();
  private final Map<String, KeyspaceDescription> keyspaces = new LinkedHashMap<>();
  private final Map<String, TreeMap<String, String>> tables = new LinkedHashMap<>();
  private final Map<String, List<String>> siblings = new LinkedHashMap<>();
  private final Set<Long> sessions = new HashSet<>();
  private final Map<OperationId, Receipt> done = new LinkedHashMap<>();
  private String leader = "n1";
  private long index = 10;
  private int applied;

  public FakeCluster(int size) throws Exception {
    addKeyspace("default", Mode.MODE_CP);
    addKeyspace("feed", Mode.MODE_AP);
    for (int i = 1; i <= size; i++) {
      FakeNode node = new FakeNode(this, "n" + i);
      node.start();
      nodes.add(node);
    }
  }

  public FakeNode node(int number) {
    return nodes.get(number - 1);
  }

  public List<FakeNode> nodes() {
    return nodes;
  }

  public List<String> endpoints() {
    return nodes.stream().map(FakeNode::address).toList();
  }

  public synchronized KeyspaceDescription addKeyspace(String name, Mode mode) {
    KeyspaceDescription made =
        KeyspaceDescription.newBuilder()
            .setId(++index)
            .setName(name)
            .setMode(mode)
            .setEpoch(1)
            .setPhase("serving")
            .setGroupId(1)
            .build();
    keyspaces.put(name, made);
    tables.put(name, new TreeMap<>());
    return made;
  }

  public synchronized KeyspaceDescription drop(String name) {
    tables.remove(name);
    return keyspaces.remove(name);
  }

  public synchronized List<KeyspaceDescription> keyspaces() {
    return List.copyOf(keyspaces.values());
  }

  public synchronized KeyspaceDescription keyspace(String name) {
    return keyspaces.get(name);
  }

  /** As after a change of mode and back. */
  public synchronized void nextEpoch(String name) {
    keyspaces.computeIfPresent(
        name, (n, old) -> old.toBuilder().setEpoch(old.getEpoch() + 1).build());
  }

  /** As a change of sides. */
  public synchronized void changeSides(String name, Mode mode) {
    nextEpoch(name);
    keyspaces.computeIfPresent(name, (n, old) -> old.toBuilder().setMode(mode).build());
  }

  synchronized boolean hasDone(OperationId operation) {
    return done.containsKey(operation);
  }

  public synchronized void leader(String id) {
    leader = id;
  }

  public synchronized String leader() {
    return leader;
  }

  public synchronized void forgetSessions() {
    sessions.clear();
  }

  public synchronized void openSession(long session) {
    sessions.add(session);
  }

  public synchronized boolean knowsSession(long session) {
    return sessions.contains(session);
  }

  /** How many writes were performed; one that was recognised as a retry does not count. */
  public synchronized int applied() {
    return applied;
  }

  public synchronized void put(String keyspace, String key, String value) {
    tables.get(keyspace).put(key, value);
  }

  public synchronized void siblings(String key, List<String> values) {
    siblings.put(key, values);
  }

  synchronized List<String> siblingsOf(String key) {
    return siblings.getOrDefault(key, List.of());
  }

  synchronized String value(String keyspace, String key) {
    return tables.get(keyspace).get(key);
  }

  synchronized TreeMap<String, String> table(String keyspace) {
    return new TreeMap<>(tables.get(keyspace));
  }

  /** Performs a write once per operation id. */
  synchronized Receipt write(String keyspace, String key, String value, OperationId operation) {
    Receipt before = operation.getSession() == 0 ? null : done.get(operation);
    if (before != null) {
      return before;
    }
    applied++;
    index++;
    if (value == null) {
      tables.get(keyspace).remove(key);
    } else {
      tables.get(keyspace).put(key, value);
    }
    Receipt receipt = receipt(keyspace).setVersion(Long.toString(index)).build();
    done.put(operation, receipt);
    return receipt;
  }

  synchronized Receipt.Builder receipt(String keyspace) {
    KeyspaceDescription described = keyspaces.get(keyspace);
    return Receipt.newBuilder()
        .setKeyspace(keyspace)
        .setKeyspaceId(described.getId())
        .setMode(described.getMode())
        .setEpoch(described.getEpoch())
        .setPhase("serving")
        .setOutcome(Outcome.OUTCOME_OK)
        .setServerMicros(7);
  }

  @Override
  public void close() {
    nodes.forEach(FakeNode::stop);
  }
}
