package io.capstan.node.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The contract of the facade; what happens between nodes is told by the transcripts. */
class RaftTest {
  private static final byte[] PAYLOAD = {1};
  private static final long TIMEOUT_NANOS = 1_000_000_000L;

  private final MemoryDisk disk = new MemoryDisk();

  private Raft start(String... voters) {
    return new Raft(
        RaftConfig.defaults("n1", Configuration.ofVoters(voters)),
        disk.hardState(),
        disk,
        0,
        new SplittableRandom(1),
        Long.MAX_VALUE - TIMEOUT_NANOS / 2);
  }

  @Test
  void theClockMayOverflow() {
    Raft raft = start("n1", "n2", "n3");
    long start = Long.MAX_VALUE - TIMEOUT_NANOS / 2;

    raft.tick(start + TIMEOUT_NANOS - 1);
    assertThat(raft.role()).isEqualTo(Role.FOLLOWER);
    assertThat(raft.nextTickNanos() - start).isBetween(TIMEOUT_NANOS, 2 * TIMEOUT_NANOS);
    raft.tick(raft.nextTickNanos());
    assertThat(raft.role()).isEqualTo(Role.PRE_CANDIDATE);
  }

  @Test
  void aQuietNodeHasNothingToDo() {
    Raft raft = start("n1", "n2", "n3");

    assertThat(raft.drain(1).isEmpty()).isTrue();
    assertThat(raft.drain(1).isEmpty()).as("the number was not used up").isTrue();
  }

  @Test
  void wrongCallsAreRefused() {
    Raft raft = start("n1");
    raft.tick(0);
    assertThat(raft.drain(5).hasWrite()).isTrue();

    assertThatThrownBy(() -> raft.drain(5)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> raft.durable(6)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> raft.propose(new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> raft.step(new Message.VoteRequest("n2", "n3", 1, 0, 0), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> raft.step(new Message.VoteRequest("n1", "n1", 1, 0, 0), 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void damagedAppendsAreRefusedBeforeTheyReachTheLog() {
    Entry second = new Entry(2, 1, PAYLOAD);

    assertThatThrownBy(() -> new Message.AppendRequest("n2", "n1", 1, 0, 0, List.of(second), 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Message.AppendRequest("n2", "n1", 3, 1, 2, List.of(second), 0, 0))
        .as("terms never fall")
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void settingsAreCheckedByName() {
    Configuration one = Configuration.ofVoters("n1");
    assertThatThrownBy(
            () ->
                RaftConfig.builder("n1", one)
                    .electionTimeoutMillis(100)
                    .heartbeatIntervalMillis(60)
                    .build())
        .hasMessageContaining("heartbeatIntervalMillis is 60")
        .hasMessageContaining("at most half of electionTimeoutMillis (100)");
    assertThatThrownBy(() -> RaftConfig.builder("n1", one).inflightMessagesMax(0).build())
        .hasMessageContaining("inflightMessagesMax is 0, allowed is 1 or more");
  }

  @Test
  void aThousandProposalsCostOneWriteAndOneMessageForEachFollower() {
    Raft raft = leaderOfThree();

    for (int i = 0; i < 1_000; i++) {
      assertThat(raft.propose(PAYLOAD)).isInstanceOf(ProposeResult.Accepted.class);
    }
    Output output = raft.drain(100);

    assertThat(output.entries()).hasSize(1_000);
    assertThat(output.sendNow()).hasSize(2);
    assertThat(((Message.AppendRequest) output.sendNow().get(0)).entries())
        .as("followers share the batch")
        .isSameAs(((Message.AppendRequest) output.sendNow().get(1)).entries());
    assertThat(disk.entryReads()).as("replication reads no storage").isZero();
  }

  @Test
  void statusShowsTheFollowers() {
    Raft raft = leaderOfThree();

    assertThat(raft.status().followers())
        .extracting(RaftStatus.FollowerStatus::nodeId, RaftStatus.FollowerStatus::state)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("n2", ProgressState.REPLICATE),
            org.assertj.core.groups.Tuple.tuple("n3", ProgressState.REPLICATE));
  }

  private Raft leaderOfThree() {
    Raft raft = start("n1", "n2", "n3");
    long now = raft.nextTickNanos();
    raft.tick(now);
    raft.step(new Message.PreVoteResponse("n2", "n1", 0, 1, true), now);
    write(raft.drain(1));
    raft.durable(1);
    raft.step(new Message.VoteResponse("n2", "n1", 1, true), now);
    write(raft.drain(2));
    raft.durable(2);
    raft.step(new Message.AppendResponse("n2", "n1", 1, true, 0, 1, 0, 0, 0), now);
    raft.step(new Message.AppendResponse("n3", "n1", 1, true, 0, 1, 0, 0, 0), now);
    write(raft.drain(3));
    assertThat(raft.role()).isEqualTo(Role.LEADER);
    assertThat(raft.commitIndex()).isEqualTo(1);
    return raft;
  }

  private void write(Output output) {
    if (output.hasWrite()) {
      disk.write(output);
    }
  }
}
