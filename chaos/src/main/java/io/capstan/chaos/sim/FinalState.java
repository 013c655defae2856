package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.replica.Replica;
import io.capstan.node.storage.Table;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.RowHash;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.SessionMarks;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Compares what the nodes of a healed and quiet cluster have come to. */
final class FinalState {
  private final Supplier<List<SimulatedNode>> members;
  // Looked up only. Every node holds the same rows, or nearly, and they are compared until all do.
  private final Map<ByteString, StoredValue> parsed = new HashMap<>();

  /**
   * @param members tells who belongs to the cluster by now
   */
  FinalState(Supplier<List<SimulatedNode>> members) {
    this.members = members;
  }

  /** Whether every node has the same siblings under the same keys of the AP keyspace. */
  boolean apEqual(long keyspace) {
    Map<ByteString, StoredValue> first = ap(0, keyspace);
    for (int i = 1; i < members.get().size(); i++) {
      if (!siblingsEqual(first, ap(i, keyspace))) {
        return false;
      }
    }
    return true;
  }

  /** Whether the hash trees of the AP keyspace say that every node holds the same rows. */
  boolean rootsEqual(long keyspace) {
    RowHash first = null;
    for (SimulatedNode node : members.get()) {
      LeaderlessKeyspace leaderless = leaderless(node, keyspace);
      RowHash root = leaderless == null ? null : leaderless.root();
      if (root == null || (first != null && !first.equals(root))) {
        return false;
      }
      first = root;
    }
    return true;
  }

  /** Hash trees are those of the rows, and equal clocks never stood above different rows. */
  void checkRoots(long keyspace) {
    List<SimulatedNode> nodes = members.get();
    for (int node = 0; node < nodes.size(); node++) {
      LeaderlessKeyspace leaderless = leaderless(nodes.get(node), keyspace);
      if (leaderless == null) {
        continue;
      }
      if (!leaderless.disagreeing().isEmpty()) {
        throw new SimulationFailure(
            "replicas with equal clocks hold equal rows",
            nodes.get(node).id() + " and " + leaderless.disagreeing() + " do not");
      }
      RowHash counted = RowHash.ZERO;
      VersionVector bases = StoredRows.basesOf(nodes.get(node).disk().rows(Table.clock(keyspace)));
      for (Map.Entry<byte[], byte[]> row :
          nodes.get(node).disk().rows(Table.data(keyspace)).entrySet()) {
        ByteString key = ByteString.copyFrom(row.getKey());
        StoredValue stored = StoredRows.parse(row.getValue());
        counted = counted.xor(RowHash.of(key, DottedVersionVectorSet.fromStored(stored, bases)));
      }
      if (!counted.equals(leaderless.root())) {
        throw new SimulationFailure(
            "the hash tree is that of the rows",
            nodes.get(node).id() + " says " + leaderless.root() + ", its rows " + counted);
      }
    }
  }

  private static @Nullable LeaderlessKeyspace leaderless(SimulatedNode node, long keyspace) {
    Replica replica = node.replica();
    return replica == null ? null : replica.apKeyspace(keyspace);
  }

  private static boolean siblingsEqual(
      Map<ByteString, StoredValue> first, Map<ByteString, StoredValue> second) {
    if (!first.keySet().equals(second.keySet())) {
      return false;
    }
    return first.entrySet().stream()
        .allMatch(
            row -> {
              StoredValue other = second.get(row.getKey());
              return other != null
                  && row.getValue().getSiblingsList().equals(other.getSiblingsList());
            });
  }

  /** The rows of a node's AP keyspace. */
  Map<ByteString, StoredValue> ap(int node, long keyspace) {
    Map<ByteString, StoredValue> state =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    members
        .get()
        .get(node)
        .disk()
        .rows(Table.data(keyspace))
        .forEach(
            (key, row) -> {
              // What stands on a disk does not change: its bytes need no copy.
              StoredValue stored =
                  parsed.computeIfAbsent(
                      UnsafeByteOperations.unsafeWrap(row), bytes -> StoredRows.parse(row));
              // A tombstone may have left here already, and elsewhere not yet.
              if (stored.getSiblingsList().stream().anyMatch(StoredSibling::hasValue)) {
                state.put(ByteString.copyFrom(key), stored);
              }
            });
    return state;
  }

  /** What a node's ledger says of operations whose writes were replaced, by session. */
  Map<Long, SessionMarks> replacedOperations(int node, long keyspace) {
    Map<Long, SessionMarks> replaced = new HashMap<>();
    members
        .get()
        .get(node)
        .disk()
        .rows(Table.clock(keyspace))
        .forEach(
            (key, row) -> {
              if (new String(key, StandardCharsets.ISO_8859_1).startsWith("operation/")) {
                SessionMarks marks = StoredRows.marks(row);
                replaced.put(marks.getSession(), marks);
              }
            });
    return replaced;
  }

  /** How many writes of former members the log has declared lost. */
  long declaredLost(long keyspace) {
    byte[] key = ByteBuffer.allocate(9).put((byte) 'k').putLong(keyspace).array();
    byte[] row = members.get().get(0).disk().rows(Table.META).get(key);
    try {
      return row == null ? 0 : KeyspaceRecord.parseFrom(row).getLostDots();
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  /**
   * What any ledger lists. Who has left took its own along: a ledger is on one disk only.
   *
   * @param nodes all that ever ran
   */
  static List<DiscardedWrite> discarded(List<SimulatedNode> nodes, long keyspace) {
    List<DiscardedWrite> discarded = new ArrayList<>();
    for (SimulatedNode node : nodes) {
      discarded.addAll(StoredRows.ledger(node.disk().rows(Table.ledger(keyspace))));
    }
    return discarded;
  }

  /** What the log decides is the same byte for byte: the first keyspace, and the sessions. */
  void checkEqual() {
    List<SimulatedNode> nodes = members.get();
    long first = nodes.get(0).disk().keyspaces()[0];
    for (Table table : List.of(Table.data(first), Table.SESSIONS)) {
      for (int i = 1; i < nodes.size(); i++) {
        if (!sameRows(nodes.get(0).disk().rows(table), nodes.get(i).disk().rows(table))) {
          throw new SimulationFailure(
              "equal state",
              table + " of " + nodes.get(0).id() + " and " + nodes.get(i).id() + " differ");
        }
      }
    }
  }

  private static boolean sameRows(
      NavigableMap<byte[], byte[]> first, NavigableMap<byte[], byte[]> second) {
    if (first.size() != second.size()) {
      return false;
    }
    Iterator<Map.Entry<byte[], byte[]>> others = second.entrySet().iterator();
    for (Map.Entry<byte[], byte[]> row : first.entrySet()) {
      Map.Entry<byte[], byte[]> other = others.next();
      if (!Arrays.equals(row.getKey(), other.getKey())
          || !Arrays.equals(row.getValue(), other.getValue())) {
        return false;
      }
    }
    return true;
  }
}
