package io.capstan.node.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Watches a whole group from outside and compares it with what Raft promises (Raft dissertation,
 * figure 3.2), at every step and over the whole history, crashes included.
 */
final class SafetyChecker {

  private record Position(long index, long term) {}

  private record Content(long prevTerm, int payloadHash) {}

  private record Committed(Entry entry, long observerTerm) {}

  private record Ballot(String voter, long term) {}

  private final Map<Long, String> leaders = new HashMap<>();
  private final Map<Position, Content> contents = new HashMap<>();
  private final Map<Ballot, String> votes = new HashMap<>();
  private final Map<String, Long> terms = new HashMap<>();
  private final List<Committed> committed = new ArrayList<>();

  long committedIndex() {
    return committed.size();
  }

  int elections() {
    return leaders.size();
  }

  /** Election safety and leader completeness. */
  void leads(String node, long term, MemoryDisk disk) {
    assertThat(disk.syncedHardState())
        .as("the leader's own vote is on disk")
        .isEqualTo(new HardState(term, node));
    String other = leaders.putIfAbsent(term, node);
    assertThat(other).as("leaders of term %d", term).isIn(null, node);
    for (Committed known : committed) {
      if (known.observerTerm() < term) {
        assertThat(disk.hasWritten(known.entry()))
            .as("leader %s of term %d has committed entry %s", node, term, known.entry())
            .isTrue();
      }
    }
  }

  /**
   * Log matching: index and term name one entry and, by induction over its predecessor, one log up
   * to it.
   */
  void writes(List<Entry> entries, MemoryDisk disk) {
    for (Entry entry : entries) {
      if (entry.index() <= disk.snapshot().index()) {
        continue;
      }
      Content content = new Content(disk.term(entry.index() - 1), Arrays.hashCode(entry.payload()));
      Content known = contents.putIfAbsent(new Position(entry.index(), entry.term()), content);
      assertThat(known).as("entry %s everywhere", entry).isIn(null, content);
    }
  }

  /**
   * State machine safety, and that a quorum really has on its disks what is called committed: of
   * the membership that held at the entry, or of the one that its applier follows.
   */
  void applies(
      String node,
      long term,
      Entry entry,
      Map<String, MemoryDisk> disks,
      List<Configuration> memberships) {
    if (entry.index() <= committed.size()) {
      assertThat(entry)
          .as("entry applied by %s", node)
          .isEqualTo(committed.get((int) entry.index() - 1).entry());
      return;
    }
    assertThat(entry.index()).as("applied without a gap").isEqualTo(committed.size() + 1L);
    assertThat(memberships)
        .as("a quorum has synced %s when %s first applies it", entry, node)
        .anyMatch(members -> isQuorum(members, id -> disks.get(id).hasSynced(entry)));
    committed.add(new Committed(entry, term));
  }

  /** Counted here a second time, so that a mistake in the code's own arithmetic shows. */
  static boolean isQuorum(Configuration members, Predicate<String> holds) {
    return isMajority(members.voters(), holds)
        && (members.outgoing().isEmpty() || isMajority(members.outgoing(), holds));
  }

  private static boolean isMajority(Collection<String> ids, Predicate<String> holds) {
    return ids.stream().filter(holds).count() > ids.size() / 2;
  }

  /** A leader commits by counting only entries of its own term (dissertation, figure 3.7). */
  void commitsAsLeader(String node, long term, long commitIndex, MemoryDisk disk) {
    if (commitIndex > disk.snapshot().index() && commitIndex <= disk.lastIndex()) {
      assertThat(disk.term(commitIndex))
          .as("term of what leader %s commits at %d", node, commitIndex)
          .isEqualTo(term);
    }
  }

  /** A leader that has not heard of a quorum for an election timeout steps down at its tick. */
  void stillLeads(RaftStatus status, long timeoutNanos) {
    assertThat(
            isQuorum(
                status.configuration(),
                id ->
                    id.equals(status.nodeId())
                        || status.followers().stream()
                            .anyMatch(
                                follower ->
                                    follower.nodeId().equals(id)
                                        && follower.lastContactAgeNanos() < timeoutNanos)))
        .as("%s hears of a quorum", status)
        .isTrue();
  }

  /** Terms never fall while a node runs, and a vote is remembered across crashes. */
  void sends(Message message) {
    if (message instanceof Message.VoteResponse vote && vote.granted()) {
      votesFor(vote.from(), vote.term(), vote.to());
    } else if (message instanceof Message.VoteRequest request) {
      votesFor(request.from(), request.term(), request.from());
    }
  }

  private void votesFor(String voter, long term, String candidate) {
    String earlier = votes.putIfAbsent(new Ballot(voter, term), candidate);
    assertThat(earlier).as("vote of %s in term %d", voter, term).isIn(null, candidate);
  }

  void runs(String node, long term) {
    long earlier = terms.merge(node, term, Math::max);
    assertThat(term).as("term of %s", node).isGreaterThanOrEqualTo(earlier);
  }

  void crashed(String node) {
    terms.remove(node);
  }

  void confirmsRead(String node, long readIndex, long committedAtRequest) {
    assertThat(readIndex)
        .as("read at %s sees everything committed before it was asked", node)
        .isGreaterThanOrEqualTo(committedAtRequest);
  }
}
