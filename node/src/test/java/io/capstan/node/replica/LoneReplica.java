package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGeneratorFactory;

/** A group of one, stepped by hand: it leads by itself, and is its own majority. */
final class LoneReplica {

  static final long SECOND_NANOS = 1_000_000_000L;

  final MemoryStore store;
  private final Map<Long, Message> answers = new HashMap<>();
  private Replica replica;
  private long nanos;
  private long lastCall;
  private long durableSequence;
  private int syncs;

  LoneReplica(MemoryStore store) {
    this.store = store;
    this.replica = open();
    elect();
  }

  private Replica open() {
    return new Replica(
        ReplicaConfig.defaults("n1", 7, List.of("n1")),
        store,
        RandomGeneratorFactory.of("L64X128MixRandom").create(1),
        now());
  }

  private Moment now() {
    return new Moment(nanos, 1_700_000_000_000L + nanos / 1_000_000);
  }

  private void elect() {
    for (int i = 0; i < 10; i++) {
      nanos += SECOND_NANOS / 5;
      step(new Input.Tick());
    }
  }

  /** As after a restart of the process. */
  void restart() {
    durableSequence = 0;
    replica = open();
    elect();
  }

  void pass(long passedNanos) {
    nanos += passedNanos;
    step(new Input.Tick());
  }

  private void step(Input input) {
    replica.step(input, now());
    Flush flush = replica.flush(now());
    collect(flush);
    // The disk is as fast as can be: what is waited for is durable before the next input.
    while (flush.awaitedSequence() > durableSequence) {
      syncs++;
      durableSequence = flush.writeSequence();
      replica.step(new Input.Durable(durableSequence), now());
      flush = replica.flush(now());
      collect(flush);
    }
  }

  private void collect(Flush flush) {
    for (Effect effect : flush.effects()) {
      switch (effect) {
        case Effect.Reply reply -> answers.put(reply.callId(), reply.response());
        case Effect.Fail fail -> answers.put(fail.callId(), fail.error());
        case Effect.Peers peers when peers.linked().isEmpty() -> {}
        default -> throw new AssertionError("a lone replica has nobody to speak to: " + effect);
      }
    }
  }

  /** How often somebody had to wait for the disk. */
  int syncs() {
    return syncs;
  }

  Message ask(Message request) {
    long callId = ++lastCall;
    step(new Input.ClientCall(callId, request, nanos + SECOND_NANOS));
    for (int i = 0; i < 3 && !answers.containsKey(callId); i++) {
      pass(1_000_000);
    }
    Message answer = answers.remove(callId);
    if (answer == null) {
      throw new AssertionError("no answer to " + request);
    }
    return answer;
  }

  ErrorDetail refused(Message request) {
    return (ErrorDetail) ask(request);
  }

  static KeyspaceRef keyspace(String name) {
    return KeyspaceRef.newBuilder().setName(name).build();
  }

  static PutRequest.Builder put(String keyspace, String key, String value) {
    return PutRequest.newBuilder()
        .setKeyspace(keyspace(keyspace))
        .setKey(ByteString.copyFromUtf8(key))
        .setValue(ByteString.copyFromUtf8(value));
  }

  static OperationId operation(long session, long sequence) {
    return OperationId.newBuilder().setSession(session).setSequence(sequence).build();
  }

  GetResponse get(String keyspace, String key) {
    return (GetResponse)
        ask(
            GetRequest.newBuilder()
                .setKeyspace(keyspace(keyspace))
                .setKey(ByteString.copyFromUtf8(key))
                .build());
  }
}
