package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.Table;
import io.capstan.node.version.Dot;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Compares what the nodes of a healed and quiet cluster have come to. */
final class FinalState {
  private final List<SimulatedNode> nodes;

  FinalState(List<SimulatedNode> nodes) {
    this.nodes = nodes;
  }

  /** Whether every node has the same siblings under the same keys of the AP keyspace. */
  boolean apEqual(long keyspace) {
    Map<ByteString, StoredValue> first = ap(0, keyspace);
    for (int i = 1; i < nodes.size(); i++) {
      if (!siblingsEqual(first, ap(i, keyspace))) {
        return false;
      }
    }
    return true;
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
    nodes
        .get(node)
        .disk()
        .rows(Table.data(keyspace))
        .forEach(
            (key, row) -> {
              StoredValue stored = ApOracle.parse(row);
              // A tombstone may have left here already, and elsewhere not yet.
              if (stored.getSiblingsList().stream().anyMatch(StoredSibling::hasValue)) {
                state.put(ByteString.copyFrom(key), stored);
              }
            });
    return state;
  }

  /** The dots that the ledger of any node lists. */
  Set<String> discarded(long keyspace) {
    Set<String> discarded = new TreeSet<>();
    for (SimulatedNode node : nodes) {
      node.disk()
          .rows(Table.ledger(keyspace))
          .forEach(
              (key, row) -> {
                if (key[0] != 0) {
                  discarded.add(dotOf(row));
                }
              });
    }
    return discarded;
  }

  private static String dotOf(byte[] row) {
    try {
      return Dot.fromProto(DiscardedWrite.parseFrom(row).getDot()).toString();
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  /** What the log decides is the same byte for byte: the first keyspace, and the sessions. */
  void checkEqual() {
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
