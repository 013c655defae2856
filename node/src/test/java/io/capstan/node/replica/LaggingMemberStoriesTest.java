package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Message;
import io.capstan.node.raft.Role;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.RaftMessage;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.MemberRecord;
import io.capstan.proto.store.v1.MembersCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A member whose log lags")
class LaggingMemberStoriesTest {
  private static final List<String> FOUNDERS = List.of("n1", "n2", "n3");
  private static final long CLUSTER = ClusterId.of(FOUNDERS, 9);
  private static final long FORMER = 11;
  private static final long NEXT = 12;

  private final Replica n3 =
      new Replica(
          ReplicaConfig.defaults("n3", 33, FOUNDERS),
          new MemoryStore(),
          RandomGeneratorFactory.of("L64X128MixRandom").create(3),
          at(0));
  private final List<RaftMessage> sentToN1 = new ArrayList<>();
  private Effect.Peers peers = Effect.Peers.ofSettings(true, List.of("n1", "n2"));
  private long millis;

  private static Moment at(long millis) {
    return new Moment(millis * 1_000_000, 1_700_000_000_000L + millis);
  }

  private void step(Input input) {
    n3.step(input, at(millis));
    Flush flush = n3.flush(at(millis));
    flush.effects().forEach(this::take);
    n3.step(new Input.Durable(flush.writeSequence()), at(millis));
    n3.flush(at(millis)).effects().forEach(this::take);
  }

  private void take(Effect effect) {
    switch (effect) {
      case Effect.Peers told -> peers = told;
      case Effect.Send send -> {
        if (send.to().equals("n1") && send.message().hasRaft()) {
          sentToN1.add(send.message().getRaft());
        }
      }
      default -> {}
    }
  }

  private void hear(Message message) {
    step(
        new Input.FromPeer(
            message.from(),
            PeerMessage.newBuilder().setGroupId(1).setRaft(RaftCodec.encode(message)).build()));
  }

  /** The log names the first incarnation of n1, and says which cluster this is. */
  private void hearTheBeginning() {
    LogCommand named =
        LogCommand.newBuilder()
            .setGroupId(1)
            .setMembers(
                MembersCommand.newBuilder()
                    .setClusterId(CLUSTER)
                    .addMembers(MemberRecord.newBuilder().setId("n1").setIncarnation(FORMER)))
            .build();
    List<Entry> entries =
        List.of(
            new Entry(1, 1, Entry.Kind.NORMAL, new byte[0]),
            new Entry(2, 1, Entry.Kind.NORMAL, named.toByteArray()));
    hear(new Message.AppendRequest("n2", "n3", 1, 0, 0, entries, 2, 0));
    assertThat(n3.appliedIndex()).isEqualTo(2);
  }

  private static Input.PeerSeen introduction(long joinedIndex) {
    return new Input.PeerSeen("n1", NEXT, "n1.new:7200", CLUSTER, joinedIndex);
  }

  @Test
  @DisplayName("follows a leader that came back without its data behind the end of that log")
  void followsWhoCameBack() {
    hearTheBeginning();
    assertThat(peers.admission("n1", NEXT)).isEqualTo(Effect.Admission.OTHER_INCARNATION);

    step(introduction(50));
    assertThat(peers.admission("n1", NEXT)).isEqualTo(Effect.Admission.ADMITTED);
    hear(new Message.AppendRequest("n1", "n3", 7, 2, 1, List.of(), 2, 0));

    assertThat(n3.term()).isEqualTo(7);
    assertThat(n3.status(at(millis)).getLeader()).isEqualTo("n1");
    assertThat(sentToN1.get(sentToN1.size() - 1).getAppendResponse().getSuccess()).isTrue();
  }

  @Test
  @DisplayName("counts no answer of it: the votes are those of the former one")
  void countsNoAnswer() {
    hearTheBeginning();
    step(introduction(50));
    millis = 2_000;
    step(new Input.Tick());
    assertThat(n3.role()).isEqualTo(Role.PRE_CANDIDATE);

    hear(new Message.PreVoteResponse("n1", "n3", 1, 2, true));
    assertThat(n3.role()).isEqualTo(Role.PRE_CANDIDATE);

    hear(new Message.PreVoteResponse("n2", "n3", 1, 2, true));
    assertThat(n3.role()).isEqualTo(Role.CANDIDATE);
  }

  @Test
  @DisplayName("gives it its vote, as to any candidate whose log is longer")
  void votesForIt() {
    hearTheBeginning();
    step(introduction(50));
    millis = 2_000;

    hear(new Message.VoteRequest("n1", "n3", 3, 60, 2));

    RaftMessage answer = sentToN1.get(sentToN1.size() - 1);
    assertThat(answer.getVoteResponse().getGranted()).isTrue();
    assertThat(answer.getTerm()).isEqualTo(3);
  }

  @Test
  @DisplayName("refuses a member that has lost its disk and was not taken in anew")
  void refusesWhoLostItsDisk() {
    hearTheBeginning();

    step(introduction(0));
    step(introduction(2));
    step(new Input.PeerSeen("n1", NEXT, "", CLUSTER + 1, 50));

    assertThat(peers.admission("n1", NEXT)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
  }

  @Test
  @DisplayName(
      "hears who was added while it was cut off from the beginning, of its own cluster only")
  void founderThatMissedTheBeginning() {
    step(new Input.PeerSeen("n6", 66, "n6:7200", CLUSTER, 40));
    step(new Input.PeerSeen("n7", 77, "n7:7200", ClusterId.of(List.of("n7"), 9), 40));

    assertThat(peers.admission("n6", 66)).isEqualTo(Effect.Admission.ADMITTED);
    assertThat(peers.admission("n7", 77)).isEqualTo(Effect.Admission.STRANGER);
  }

  @Test
  @DisplayName("answers a leader that it knows as a member only from entries not applied yet")
  void reachesWhomUnappliedEntriesName() {
    hearTheBeginning();
    Configuration withN6 =
        new Configuration(new TreeSet<>(FOUNDERS), new TreeSet<>(), new TreeSet<>(List.of("n6")));
    Entry entry = new Entry(3, 1, Entry.Kind.CONFIGURATION, withN6.toBytes());
    hear(new Message.AppendRequest("n2", "n3", 1, 2, 1, List.of(entry), 2, 0));
    assertThat(n3.appliedIndex()).isEqualTo(2);

    step(new Input.PeerSeen("n6", 66, "n6:7200", CLUSTER, 3));

    assertThat(peers.linked()).contains(new Effect.Peer("n6", "n6:7200", "", 0));
  }
}
