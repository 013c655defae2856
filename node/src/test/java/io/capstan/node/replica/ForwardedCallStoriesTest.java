package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Message;
import io.capstan.proto.peer.v1.Forward;
import io.capstan.proto.peer.v1.ForwardReply;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.store.v1.CreateKeyspaceCommand;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.PutResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A write that a follower forwards")
class ForwardedCallStoriesTest {
  private static final long DEADLINE_NANOS = 3_000_000_000L;

  private final Replica n3 =
      new Replica(
          ReplicaConfig.defaults("n3", 33, List.of("n1", "n2", "n3")),
          new MemoryStore(),
          RandomGeneratorFactory.of("L64X128MixRandom").create(3),
          new Moment(0, 1_700_000_000_000L));
  private Moment now = new Moment(1_000_000_000L, 1_700_000_000_000L);
  private final List<Forward> forwarded = new ArrayList<>();
  private final List<Effect> answers = new ArrayList<>();

  private void step(Input input) {
    n3.step(input, now);
    Flush flush = n3.flush(now);
    flush.effects().forEach(this::take);
    n3.step(new Input.Durable(flush.writeSequence()), now);
    n3.flush(now).effects().forEach(this::take);
  }

  private void take(Effect effect) {
    switch (effect) {
      case Effect.Send send when send.message().hasForward() ->
          forwarded.add(send.message().getForward());
      case Effect.Reply reply -> answers.add(reply);
      case Effect.Fail fail -> answers.add(fail);
      default -> {}
    }
  }

  private void hear(String from, PeerMessage.Builder message) {
    step(new Input.FromPeer(from, message.setGroupId(1).build()));
  }

  private void led(String leader, long term, Entry... entries) {
    long previous = n3.appliedIndex();
    Message append =
        new Message.AppendRequest(
            leader,
            "n3",
            term,
            previous,
            previous == 0 ? 0 : 1,
            List.of(entries),
            previous + entries.length,
            0);
    hear(leader, PeerMessage.newBuilder().setRaft(RaftCodec.encode(append)));
  }

  private void reply(String from, Forward attempt, ForwardReply.Builder reply) {
    hear(
        from,
        PeerMessage.newBuilder()
            .setForwardReply(
                reply.setForwardId(attempt.getForwardId()).setSenderRun(attempt.getSenderRun())));
  }

  private static ForwardReply.Builder refusal() {
    return ForwardReply.newBuilder().setError(Errors.noLeader("n1", 3, false));
  }

  @BeforeEach
  void followsN1() {
    LogCommand create =
        LogCommand.newBuilder()
            .setGroupId(1)
            .setCreateKeyspace(
                CreateKeyspaceCommand.newBuilder()
                    .setKeyspace(
                        KeyspaceRecord.newBuilder().setName("default").setMode(Mode.MODE_CP)))
            .build();
    led("n1", 1, new Entry(1, 1, Entry.Kind.NORMAL, create.toByteArray()));
  }

  private void write() {
    step(
        new Input.ClientCall(
            1,
            LoneReplica.put("default", "k", "v").setOperation(LoneReplica.operation(5, 1)).build(),
            DEADLINE_NANOS));
  }

  @Test
  @DisplayName("is not taken for refused because an earlier attempt of it was")
  void lateRefusalOfAnEarlierAttempt() {
    // given a write that was handed to n1, and to n2 once that leads
    write();
    led("n2", 2);
    assertThat(forwarded).hasSize(2);
    Forward first = forwarded.get(0);
    Forward second = forwarded.get(1);
    assertThat(second.getForwardId()).isGreaterThan(first.getForwardId());

    // when n1 says, late and twice, that it does not lead
    reply("n1", first, refusal());
    reply("n1", first, refusal());

    // then the attempt under way goes on, and its answer is the answer
    assertThat(forwarded).hasSize(2);
    assertThat(answers).isEmpty();
    reply("n2", second, ForwardReply.newBuilder().setPut(PutResponse.getDefaultInstance()));
    assertThat(answers).hasSize(1);
    assertThat(answers.get(0)).isInstanceOf(Effect.Reply.class);
  }

  @Test
  @DisplayName("is tried again where the attempt itself was refused for want of a leader")
  void refusalOfThePresentAttempt() {
    write();

    reply("n1", forwarded.get(0), refusal());
    step(new Input.Tick());
    assertThat(forwarded).hasSize(1);
    untilNextTick();

    assertThat(forwarded).hasSize(2);
    assertThat(answers).isEmpty();
  }

  @Test
  @DisplayName("goes to the next leader at once, however short ago the last one refused it")
  void refusedJustBeforeTheNextLeads() {
    write();
    reply("n1", forwarded.get(0), refusal());

    led("n2", 2);

    assertThat(forwarded).hasSize(2);
  }

  @Test
  @DisplayName("is not asked for in a circle while nobody leads")
  void whileNobodyLeads() {
    write();

    // when the leader of before refuses whatever it is asked, until this node misses it as well
    int refused = 0;
    while (refused < forwarded.size() && refused < 1_000) {
      reply("n1", forwarded.get(refused), refusal());
      refused++;
      for (int i = 0; i < 5 && forwarded.size() == refused; i++) {
        untilNextTick();
      }
    }

    assertThat(refused).isBetween(2, 20);
  }

  private void untilNextTick() {
    long passedNanos = Math.max(0, n3.nextTickNanos() - now.nanos());
    now = new Moment(now.nanos() + passedNanos, now.wallMillis() + passedNanos / 1_000_000);
    step(new Input.Tick());
  }
}
