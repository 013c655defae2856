package io.capstan.node.raft;

import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.VoteRequest;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What all roles share, and the only place where a node changes its role (Raft dissertation, figure
 * 3.3). The handlers ({@link Voter}, {@link Candidate}, {@link Follower}, {@link Leader}) decide
 * when; this class does it.
 */
final class RaftState {
  final RaftConfig config;
  final RaftLog log;
  final Ballot ballot;
  final ElectionTimer timer;
  final Outbox outbox = new Outbox();

  private long nowNanos;
  private Role role = Role.FOLLOWER;
  private @Nullable String leaderId;
  private @Nullable Campaign campaign;
  private @Nullable Leader leader;
  private long readSequence;
  private long learnersFirstIndex;

  RaftState(
      RaftConfig config, HardState hardState, RaftLog log, RandomGenerator random, long nowNanos) {
    this.config = config;
    this.log = log;
    this.ballot = new Ballot(hardState);
    this.timer = new ElectionTimer(config.electionTimeoutNanos(), random, nowNanos);
    this.nowNanos = nowNanos;
    RaftInvariantViolation.require(
        log.lastTerm() <= hardState.term(),
        "the stored term covers the stored log",
        log.lastTerm(),
        hardState.term());
    if (configuration().isSoleVoter(config.nodeId())) {
      timer.expireAt(nowNanos);
    }
  }

  String nodeId() {
    return config.nodeId();
  }

  /** The membership in effect: the latest one in the log, committed or not. */
  Configuration configuration() {
    return log.configurations().latest();
  }

  /** Whether the membership in effect is committed. */
  boolean isConfigurationCommitted() {
    return log.configurations().latestIndex() <= log.commitIndex();
  }

  /** See {@link Raft#learnersBeginWith}. */
  long learnersFirstIndex() {
    return learnersFirstIndex;
  }

  /** Returns whether that is another one than before. */
  boolean learnersBeginWith(long index) {
    boolean changed = learnersFirstIndex != index;
    learnersFirstIndex = index;
    return changed;
  }

  boolean mayVote() {
    return log.configurations().mayVote(nodeId(), log.commitIndex());
  }

  boolean mayCampaign() {
    return log.configurations().mayCampaign(nodeId(), log.commitIndex());
  }

  long nowNanos() {
    return nowNanos;
  }

  /** Instants gathered by several threads may be slightly out of order; time stands still then. */
  void advanceTime(long nowNanos) {
    if (nowNanos - this.nowNanos > 0) {
      this.nowNanos = nowNanos;
    }
  }

  Role role() {
    return role;
  }

  @Nullable String leaderId() {
    return leaderId;
  }

  @Nullable Leader leader() {
    return leader;
  }

  @Nullable Campaign campaign() {
    return campaign;
  }

  long term() {
    return ballot.term();
  }

  /**
   * A number for a read round; never the same twice in the life of this object, whatever the term.
   */
  long nextReadSequence() {
    return ++readSequence;
  }

  /**
   * Whether this node must not help to replace a leader at this moment (dissertation, section
   * 4.2.3). With leases a node that meets a later term on the way still keeps its word to the
   * leader that it answered.
   */
  boolean protectsLeader() {
    return timer.isStartup(nowNanos)
        || role == Role.LEADER
        || ((leaderId != null || config.leaseReads()) && timer.isLeaderContactRecent(nowNanos));
  }

  /** The caller knows that the leader is gone; nobody needs to wait for its silence to be long. */
  void forgetLeader() {
    if (role == Role.FOLLOWER && leaderId != null && !config.leaseReads()) {
      timer.forgetLeader(nowNanos);
      leaderId = null;
    }
  }

  /** Follows in the given term, of a leader if one is known. Stops whatever this node was doing. */
  void becomeFollower(long term, @Nullable String leader) {
    if (term > ballot.term()) {
      ballot.advanceTo(term);
    }
    RaftInvariantViolation.require(
        term == ballot.term(), "a role belongs to the current term", term, ballot.term());
    if (role == Role.LEADER) {
      timer.reset(nowNanos);
    }
    leaderId = leader;
    leaveRole(Role.FOLLOWER);
  }

  /** Asks whether an election could be won (dissertation, section 9.6). Nothing durable changes. */
  void startPreVote() {
    leaderId = null;
    leaveRole(Role.PRE_CANDIDATE);
    timer.reset(nowNanos);
    Configuration configuration = configuration();
    Campaign preVote = new Campaign(configuration, term() + 1);
    campaign = preVote;
    if (preVote.record(nodeId(), true) == Configuration.Tally.WON) {
      startElection(false);
      return;
    }
    for (String voter : configuration.members()) {
      if (!voter.equals(nodeId()) && configuration.isVoter(voter)) {
        outbox.sendNow(
            new PreVoteRequest(nodeId(), voter, term(), log.lastIndex(), log.lastTerm()));
      }
    }
  }

  /**
   * Enters the next term and asks for votes (dissertation, section 3.4).
   *
   * @param transfer whether the present leader wants it (section 3.10)
   */
  void startElection(boolean transfer) {
    ballot.advanceTo(term() + 1);
    ballot.voteFor(nodeId());
    leaderId = null;
    leaveRole(Role.CANDIDATE);
    timer.reset(nowNanos);
    Configuration configuration = configuration();
    campaign = new Campaign(configuration, term());
    for (String voter : configuration.members()) {
      if (!voter.equals(nodeId()) && configuration.isVoter(voter)) {
        outbox.sendWhenDurable(
            new VoteRequest(nodeId(), voter, term(), log.lastIndex(), log.lastTerm(), transfer));
      }
    }
  }

  /** Leads the current term, after a quorum voted for it. */
  void becomeLeader() {
    leaveRole(Role.LEADER);
    leaderId = nodeId();
    leader = new Leader(this);
  }

  private void leaveRole(Role next) {
    if (leader != null) {
      leader.resign(leaderId);
    }
    leader = null;
    campaign = null;
    role = next;
  }
}
