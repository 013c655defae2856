package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.version.Dot;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Gets, puts and deletes of one client on one AP keyspace. A write whose outcome its client does
 * not know is sometimes sent once more, after a while and through any node, under its operation id;
 * so is now and then one whose answer has come, as if it had got lost.
 */
final class ApOperations {
  private static final long REPEATED_AFTER_NANOS_MAX = 2_500 * SimulatedClient.MILLI;

  private final SimulatedClient client;
  private final SimulatedClient.World world;
  private final ApOracle oracle;
  private final KeyspaceRef keyspace;
  // What the last read answered: the next put of that key may replace it.
  private ByteString contextKey = ByteString.EMPTY;
  private ByteString context = ByteString.EMPTY;
  private Set<String> contextSiblings = Set.of();
  private List<Integer> lossesAtBegin = List.of();
  private final SimulatedSession session = new SimulatedSession();

  ApOperations(SimulatedClient client, SimulatedClient.World world, ApOracle oracle) {
    this.keyspace = KeyspaceRef.newBuilder().setName(oracle.keyspace()).build();
    this.client = client;
    this.world = world;
    this.oracle = oracle;
  }

  void begin(SimulatedOperation operation, SplittableRandom random) {
    ByteString key = ByteString.copyFromUtf8("w" + operation.key());
    Level level = level(random.nextInt(10));
    boolean quorum = level != Level.LEVEL_ONE;
    lossesAtBegin = oracle.disks().losses(world.nodes());
    if (client.says()) {
      client.say("begins " + operation.type() + " w" + operation.key() + " at " + level);
    }
    switch (operation.type()) {
      case AP_READ, LWW_READ -> {
        Set<String> mustSee = oracle.mustSee(key);
        GetRequest.Builder get =
            GetRequest.newBuilder().setKeyspace(keyspace).setKey(key).setLevel(level);
        // Every second client reads without a session, which would make up for a weak quorum.
        Set<String> ofSession = client.number() % 2 == 0 ? Set.of() : session.knownOf(key);
        if (!ofSession.isEmpty()) {
          get.setAtLeast(session.claim(key));
        }
        client.send(get.build(), answer -> read(key, quorum, mustSee, ofSession, answer));
      }
      case AP_DELETE, LWW_DELETE -> {
        OperationId deletion = client.nextOperation();
        oracle.deletes(deletion, key);
        DeleteRequest delete =
            DeleteRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setLevel(level)
                .setOperation(deletion)
                .build();
        write(new Write(key, quorum, deletion, delete), random);
      }
      case AP_WRITE, LWW_WRITE -> {
        PutRequest put = put(key, level, random.nextBoolean());
        write(new Write(key, quorum, put.getOperation(), put), random);
      }
      default -> throw new IllegalArgumentException(operation.type() + " is not of this side");
    }
  }

  private static Level level(int drawn) {
    return drawn < 5 ? Level.LEVEL_ONE : drawn < 9 ? Level.LEVEL_QUORUM : Level.LEVEL_ALL;
  }

  private PutRequest put(ByteString key, Level level, boolean withContext) {
    OperationId operation = client.nextOperation();
    PutRequest.Builder put =
        PutRequest.newBuilder()
            .setKeyspace(keyspace)
            .setKey(key)
            .setLevel(level)
            .setValue(SimulatedClient.text(client.freshValue()))
            .setOperation(operation);
    if (withContext && key.equals(contextKey) && !context.isEmpty()) {
      oracle.writesWithContext(operation, key, contextSiblings, context);
      put.setContext(context);
    }
    return put.build();
  }

  private void read(
      ByteString key,
      boolean quorum,
      Set<String> mustSee,
      Set<String> ofSession,
      @Nullable Message answer) {
    if (answer instanceof GetResponse get) {
      contextKey = key;
      context = get.getReceipt().getContext();
      contextSiblings = new TreeSet<>();
      get.getReceipt().getSiblingsList().forEach(s -> contextSiblings.add(s.getVersion()));
      if (quorum) {
        oracle.quorumRead(key, mustSee, contextSiblings, context);
      }
      if (!ofSession.isEmpty()) {
        oracle.sessionRead(key, ofSession, context);
        world.coverage().count(Coverage.Counter.SESSION_READS);
      }
      session.learn(key, get.getReceipt(), contextSiblings);
      ended(key, "read " + contextSiblings, Coverage.Counter.OPERATIONS_OK);
    } else if (answer instanceof ErrorDetail error && error.getCode().equals("SESSION_NOT_MET")) {
      ended(key, "refused for its session", Coverage.Counter.SESSION_READS_REFUSED);
    } else {
      ended(key, "no answer", null);
    }
  }

  private record Write(ByteString key, boolean quorum, OperationId operation, Message request) {}

  private void write(Write write, SplittableRandom random) {
    client.send(
        write.request,
        answer -> {
          boolean known = answer instanceof PutResponse || answer instanceof DeleteResponse;
          if (isRefusal(answer) || random.nextInt(known ? 10 : 2) != 0) {
            written(write, answer, false);
            return;
          }
          if (known) {
            acknowledged(write, answer);
          }
          world.events().after(random.nextLong(REPEATED_AFTER_NANOS_MAX) + 1, () -> repeat(write));
        });
  }

  private void repeat(Write write) {
    world.coverage().count(Coverage.Counter.WRITES_REPEATED);
    lossesAtBegin = oracle.disks().losses(world.nodes());
    if (client.says()) {
      client.say("repeats its write of " + write.key.toStringUtf8());
    }
    client.send(write.request, answer -> written(write, answer, true));
  }

  /** Whether a node said that it did nothing; an earlier attempt may have done it all the same. */
  private static boolean isRefusal(@Nullable Message answer) {
    return answer instanceof ErrorDetail error && error.getOutcome() == Outcome.OUTCOME_FAILED;
  }

  private void written(Write write, @Nullable Message answer, boolean repeated) {
    if (isRefusal(answer) && !repeated) {
      oracle.refused(write.operation);
    }
    String dot = acknowledged(write, answer);
    if (answer instanceof ErrorDetail error && error.getCode().equals("CLOCK_AHEAD")) {
      ended(write.key, "refused for a fast clock", Coverage.Counter.FAST_CLOCKS_REFUSED);
    } else if (dot == null) {
      ended(write.key, "not acknowledged", Coverage.Counter.OPERATIONS_UNKNOWN);
    } else {
      ended(write.key, "acknowledged " + dot, Coverage.Counter.OPERATIONS_OK);
    }
  }

  /** Notes what the client was told; null where that is not that it was written. */
  private @Nullable String acknowledged(Write write, @Nullable Message answer) {
    Receipt receipt =
        switch (answer) {
          case PutResponse put -> put.getReceipt();
          case DeleteResponse delete -> delete.getReceipt();
          case null, default -> null;
        };
    if (receipt == null) {
      return null;
    }
    String dot = receipt.getVersion();
    if (dot.isEmpty()) {
      world.coverage().count(Coverage.Counter.REPEATED_AFTER_REPLACED);
      return "as replaced since";
    }
    oracle.acknowledged(
        write.key,
        dot,
        write.quorum,
        write.operation,
        oracle.disks().confirming(receipt, world.nodes(), lossesAtBegin));
    Set<String> stored = new TreeSet<>();
    receipt.getSeenList().forEach(each -> stored.add(Dot.fromProto(each).toString()));
    // A write that was repeated may have lost by now: what won stands for it.
    session.learn(write.key, receipt, stored.contains(dot) ? Set.of(dot) : stored);
    return dot;
  }

  private void ended(ByteString key, String how, Coverage.@Nullable Counter counter) {
    if (client.says()) {
      client.say("ends " + key.toStringUtf8() + ": " + how);
    }
    client.ended(counter);
  }
}
