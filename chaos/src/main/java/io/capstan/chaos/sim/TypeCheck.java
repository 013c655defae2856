package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Asks every node of a healed and quiet cluster for every counter and set. */
final class TypeCheck {
  private static final long CALL_NANOS = 5_000 * SimulatedClient.MILLI;

  private final List<SimulatedNode> nodes;
  private final TypeOracle oracle;
  private int unanswered;

  TypeCheck(List<SimulatedNode> nodes, TypeOracle oracle) {
    this.nodes = nodes;
    this.oracle = oracle;
  }

  /** Whether every node has the same siblings under the same counters and sets. */
  boolean areEqual() {
    Map<ByteString, List<StoredSibling>> first = typed(nodes.get(0));
    for (SimulatedNode node : nodes) {
      if (!typed(node).equals(first)) {
        return false;
      }
    }
    return true;
  }

  private Map<ByteString, List<StoredSibling>> typed(SimulatedNode node) {
    Map<ByteString, List<StoredSibling>> typed =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    node.disk()
        .rows(Table.data(oracle.keyspaceId()))
        .forEach(
            (key, row) -> {
              List<StoredSibling> siblings = StoredRows.parse(row).getSiblingsList();
              if (siblings.stream().anyMatch(StoredSibling::hasTyped)) {
                typed.put(ByteString.copyFrom(key), siblings);
              }
            });
    return typed;
  }

  /** Asks; {@link #isAnswered} tells when all answers are there and were judged. */
  void ask() {
    KeyspaceRef keyspace = KeyspaceRef.newBuilder().setName(oracle.keyspace()).build();
    Level level = oracle.isCp() ? Level.LEVEL_LINEARIZABLE : Level.LEVEL_ONE;
    for (SimulatedNode node : nodes) {
      for (ByteString key : oracle.counters()) {
        CounterGetRequest get =
            CounterGetRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setLevel(level)
                .build();
        ask(node, get, answer -> counter(key, answer, node.id()));
      }
      for (ByteString key : oracle.sets()) {
        SetMembersRequest members =
            SetMembersRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setLevel(level)
                .build();
        ask(node, members, answer -> set(key, answer, node.id()));
      }
    }
  }

  private void ask(SimulatedNode node, Message request, SimulatedClient.Handler judge) {
    unanswered++;
    node.call(
        request,
        CALL_NANOS,
        answer -> {
          judge.answer(answer);
          unanswered--;
        });
  }

  boolean isAnswered() {
    return unanswered == 0;
  }

  private void counter(ByteString key, @Nullable Message answer, String node) {
    if (!(answer instanceof CounterGetResponse get)) {
      throw new SimulationFailure("a healed cluster tells its counters", "got " + answer);
    }
    oracle.checkCounter(key, get.getReceipt().getCounter(), node);
  }

  private void set(ByteString key, @Nullable Message answer, String node) {
    if (!(answer instanceof SetMembersResponse members)) {
      throw new SimulationFailure("a healed cluster tells its sets", "got " + answer);
    }
    TreeSet<ByteString> found = new TreeSet<>(ByteString.unsignedLexicographicalComparator());
    found.addAll(members.getReceipt().getMembersList());
    oracle.checkSet(key, found, node);
  }
}
