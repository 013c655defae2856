package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads once more, of a healed cluster, everything that sessions have seen, each key through some
 * node at the weakest level: what a session holds must be satisfiable for ever.
 */
final class SessionProbe {
  private static final long ANSWER_NANOS = 500 * SimulatedClient.MILLI;

  private final EventQueue events;
  private final List<SimulatedNode> nodes;
  private final Level level;
  private final List<Asking> sessions = new ArrayList<>();

  SessionProbe(EventQueue events, List<SimulatedNode> nodes, Mode mode) {
    this.events = events;
    this.nodes = nodes;
    this.level = mode == Mode.MODE_AP ? Level.LEVEL_ONE : Level.LEVEL_STALE;
  }

  void add(FlipSession session) {
    sessions.add(new Asking(session, sessions.size()));
  }

  /** Whether all is answered; asks on, and again where an answer is overdue or was a refusal. */
  boolean isAnswered() {
    boolean all = true;
    for (Asking each : sessions) {
      all &= each.isAnswered();
    }
    return all;
  }

  /** One key after the other. */
  private final class Asking {
    private final FlipSession session;
    private final ArrayDeque<ByteString> left;
    private int node;
    private @Nullable ByteString asked;
    private long askedNanos;

    Asking(FlipSession session, int node) {
      this.session = session;
      this.left = new ArrayDeque<>(session.keys());
      this.node = node;
    }

    boolean isAnswered() {
      if (asked == null || events.nowNanos() - askedNanos > ANSWER_NANOS) {
        ask();
      }
      return left.isEmpty();
    }

    private void ask() {
      ByteString key = left.peekFirst();
      asked = key;
      if (key == null) {
        return;
      }
      askedNanos = events.nowNanos();
      nodes
          .get(node++ % nodes.size())
          .call(
              GetRequest.newBuilder()
                  .setKeyspace(KeyspaceRef.newBuilder().setName(SimulatedClient.FLIP_KEYSPACE))
                  .setKey(key)
                  .setLevel(level)
                  .setAtLeast(session.claim(key))
                  .build(),
              ANSWER_NANOS,
              answer -> answered(key, answer));
    }

    private void answered(ByteString key, @Nullable Message answer) {
      if (answer instanceof GetResponse get && key.equals(left.peekFirst())) {
        session.read(key, get.getReceipt());
        left.removeFirst();
        ask();
      }
    }
  }
}
