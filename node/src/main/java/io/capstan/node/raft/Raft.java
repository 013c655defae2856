package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.VoteRequest;
import io.capstan.node.raft.Message.VoteResponse;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One node of one Raft group, as a deterministic state machine: inputs change memory only, {@link
 * #drain} tells what to write, send and apply. The same inputs give the same outputs. See the
 * package documentation for the loop around it.
 *
 * <p>Not thread-safe: one event loop calls it. All instants are nanoseconds of one monotonic clock
 * with any origin.
 */
public final class Raft {
  private final RaftConfig config;
  private final RaftState state;
  private final RaftLog log;
  private final Voter voter;
  private final Candidate candidate;
  private final Follower follower;

  private long lastWriteSequence;
  private long durableSequence;
  private long commitIndexSeen;
  private RoleChange reported;

  /**
   * Starts a node from what is on disk. Everything that {@code hardState} and {@code log} show must
   * already be synced: a node that read back its own unsynced write would promise it to others and
   * could lose it at the next power cut.
   *
   * @param config settings and membership
   * @param hardState stored term and vote, {@link HardState#INITIAL} on the first start
   * @param log the written log
   * @param appliedIndex last entry whose effect is in the stored state machine, 0 on the first
   *     start
   * @param random source of election timeouts; seed it differently on each node
   * @param nowNanos the moment of the start; for one election timeout from here this node grants no
   *     vote
   * @throws RaftInvariantViolation when the stored parts contradict each other
   */
  public Raft(
      RaftConfig config,
      HardState hardState,
      LogReader log,
      long appliedIndex,
      RandomGenerator random,
      long nowNanos) {
    this.config = config;
    this.log = new RaftLog(log, appliedIndex, config.cacheBytesMax());
    this.state = new RaftState(config, hardState, this.log, random, nowNanos);
    this.voter = new Voter(state);
    this.candidate = new Candidate(state);
    this.follower = new Follower(state);
    this.commitIndexSeen = appliedIndex;
    this.reported = new RoleChange(Role.FOLLOWER, null, hardState.term());
  }

  /**
   * Lets time pass: election timeouts, heartbeats and the leader's quorum check happen here and
   * only here. Call it at {@link #nextTickNanos} or at any finer step.
   */
  public void tick(long nowNanos) {
    state.advanceTime(nowNanos);
    Leader leader = state.leader();
    if (leader != null) {
      leader.onTick();
    } else if (state.timer.hasExpired(state.nowNanos())) {
      if (state.configuration().isVoter(state.nodeId())) {
        state.startPreVote();
      } else {
        state.timer.reset(state.nowNanos());
      }
    }
    checkInvariants();
  }

  /** The earliest moment at which {@link #tick} has something to do if no other input comes. */
  public long nextTickNanos() {
    Leader leader = state.leader();
    return leader != null ? leader.nextHeartbeatNanos() : state.timer.deadlineNanos();
  }

  /**
   * Takes a message of another node.
   *
   * @throws IllegalArgumentException when the message is for another node or from this one
   * @throws RaftInvariantViolation when it shows that the protocol was broken somewhere; stop the
   *     node
   */
  public void step(Message message, long nowNanos) {
    if (!message.to().equals(state.nodeId()) || message.from().equals(state.nodeId())) {
      throw new IllegalArgumentException(
          "message from " + message.from() + " to " + message.to() + " reached " + state.nodeId());
    }
    state.advanceTime(nowNanos);
    switch (message) {
      case PreVoteRequest request -> voter.onPreVoteRequest(request);
      case VoteRequest request -> voter.onVoteRequest(request);
      case AppendRequest request -> follower.onAppendRequest(request);
      case PreVoteResponse response -> {
        if (isFromKnownTerm(response)) {
          candidate.onPreVoteResponse(response);
        }
      }
      case VoteResponse response -> {
        if (isFromKnownTerm(response)) {
          candidate.onVoteResponse(response);
        }
      }
      case AppendResponse response -> {
        Leader leader = isFromKnownTerm(response) ? state.leader() : null;
        if (leader != null && response.term() == state.term()) {
          leader.onAppendResponse(response);
        }
      }
    }
    checkInvariants();
  }

  /**
   * An answer from a later term tells that this node fell behind; there is nothing else in it for
   * this node.
   */
  private boolean isFromKnownTerm(Message response) {
    if (response.term() > state.term()) {
      state.becomeFollower(response.term(), null);
      return false;
    }
    return true;
  }

  /**
   * Asks to append an entry. Nothing is sent before the next {@link #drain}.
   *
   * @param payload not empty, not to be changed any more
   * @throws IllegalArgumentException for an empty payload, which is reserved for the no-op of new
   *     leaders
   */
  public ProposeResult propose(byte[] payload) {
    if (payload.length == 0) {
      throw new IllegalArgumentException(
          "an empty payload is reserved for the no-op of a new leader");
    }
    Leader leader = state.leader();
    return leader == null ? new ProposeResult.NotLeader(state.leaderId()) : leader.propose(payload);
  }

  /**
   * Asks for a linearizable read. The answer comes in a later {@link Output}, as {@link ReadState}
   * or as {@link ReadRejection}; exactly one of them, unless the process ends first.
   *
   * @param requestId chosen by the caller, who may use it again
   */
  public void readIndex(long requestId) {
    Leader leader = state.leader();
    if (leader == null) {
      reject(requestId, ReadRejection.Reason.NOT_LEADER);
    } else if (!leader.readIndex(requestId)) {
      reject(requestId, ReadRejection.Reason.OVERLOADED);
    }
  }

  private void reject(long requestId, ReadRejection.Reason reason) {
    state.outbox.rejectRead(new ReadRejection(requestId, reason, state.leaderId()));
  }

  /**
   * Reports that every write with a sequence up to this one is on disk. Late and repeated reports
   * do no harm.
   *
   * @throws IllegalArgumentException for a write that was never handed out
   */
  public void durable(long writeSequence) {
    if (writeSequence > lastWriteSequence) {
      throw new IllegalArgumentException(
          "write " + writeSequence + " is reported durable, the last one was " + lastWriteSequence);
    }
    if (writeSequence <= durableSequence) {
      return;
    }
    durableSequence = writeSequence;
    log.durable(writeSequence);
    state.ballot.durable(writeSequence);
    if (state.ballot.isDurable()) {
      candidate.onBallotDurable();
    }
    Leader leader = state.leader();
    if (leader != null) {
      leader.advanceCommit();
    }
    checkInvariants();
  }

  /**
   * Hands out everything that the inputs since the last drain demand. The caller does it before the
   * next input.
   *
   * @param writeSequence number for the write, if the output has one: above that of every earlier
   *     output with a write
   * @throws IllegalArgumentException when the number was used before
   */
  public Output drain(long writeSequence) {
    if (writeSequence <= lastWriteSequence) {
      throw new IllegalArgumentException(
          "write sequence " + writeSequence + " must be above " + lastWriteSequence);
    }
    Leader leader = state.leader();
    if (leader != null) {
      leader.prepareMessages();
    }
    HardState hardState =
        state.ballot.hasUnwritten() ? state.ballot.takeUnwritten(writeSequence) : null;
    long truncateFrom = log.pendingTruncateFrom();
    List<Entry> entries = log.hasUnwritten() ? log.takeUnwritten(writeSequence) : List.of();
    if (hardState != null || !entries.isEmpty()) {
      lastWriteSequence = writeSequence;
    }
    List<Message> sendNow = state.outbox.takeNow();
    List<Message> sendWhenDurable = state.outbox.takeWhenDurable();
    if (!sendWhenDurable.isEmpty() && lastWriteSequence <= durableSequence) {
      sendNow.addAll(sendWhenDurable);
      sendWhenDurable = List.of();
    }
    List<Entry> committed =
        log.hasUnapplied() ? log.takeCommitted(config.applyBytesMax()) : List.of();
    Output output =
        new Output(
            writeSequence,
            hardState,
            truncateFrom,
            entries,
            sendNow,
            sendWhenDurable,
            lastWriteSequence,
            committed,
            log.hasUnapplied(),
            state.outbox.takeReads(),
            state.outbox.takeRejectedReads(),
            takeRoleChange());
    log.evict();
    checkInvariants();
    return output;
  }

  private @Nullable RoleChange takeRoleChange() {
    if (reported.role() == role()
        && reported.term() == term()
        && Objects.equals(reported.leaderId(), leaderId())) {
      return null;
    }
    reported = new RoleChange(role(), leaderId(), term());
    return reported;
  }

  private void checkInvariants() {
    RaftInvariantViolation.require(
        log.commitIndex() >= commitIndexSeen,
        "the commit index only rises",
        log.commitIndex(),
        commitIndexSeen);
    commitIndexSeen = log.commitIndex();
    RaftInvariantViolation.require(
        commitIndexSeen <= log.lastIndex(),
        "only entries of the log are committed",
        commitIndexSeen,
        log.lastIndex());
    RaftInvariantViolation.require(
        log.durableIndex() <= log.lastIndex(),
        "only entries of the log are durable",
        log.durableIndex(),
        log.lastIndex());
    RaftInvariantViolation.require(
        log.lastTerm() <= term(), "no entry comes from a later term", log.lastTerm(), term());
    if ((state.leader() != null) != (state.role() == Role.LEADER)) {
      throw new RaftInvariantViolation("role " + state.role() + " contradicts the leader's state");
    }
  }

  /** Role of this node. */
  public Role role() {
    return state.role();
  }

  /** Current leader, null when none is known. */
  public @Nullable String leaderId() {
    return state.leaderId();
  }

  /** Current term. */
  public long term() {
    return state.term();
  }

  /** Highest index known to be committed. */
  public long commitIndex() {
    return log.commitIndex();
  }

  /** Index of the last entry, written or not. */
  public long lastIndex() {
    return log.lastIndex();
  }

  /** Every entry up to this index is on this node's disk. */
  public long durableIndex() {
    return log.durableIndex();
  }

  /** Who belongs to the group. */
  public Configuration configuration() {
    return state.configuration();
  }

  /** A picture for status pages and metrics. */
  public RaftStatus status() {
    Leader leader = state.leader();
    return new RaftStatus(
        state.nodeId(),
        role(),
        leaderId(),
        term(),
        commitIndex(),
        lastIndex(),
        durableIndex(),
        leader == null ? List.of() : leader.followerStatus());
  }
}
