package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.TimeoutNow;
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
  private boolean applyingHeld;
  // Whether something was asked or told since the last drain, so that there may be something in it.
  private boolean touched = true;
  private long durableSequence;
  private long commitIndexSeen;
  private RoleChange reported;
  private @Nullable SnapshotPosition installing;

  /**
   * Starts a node from what is on disk. Everything that {@code hardState} and {@code log} show must
   * already be synced: a node that read back its own unsynced write would promise it to others and
   * could lose it at the next power cut.
   *
   * @param config settings, and the members of a group that begins
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
    this.log = new RaftLog(log, appliedIndex, config.cacheBytesMax(), config.bootstrap());
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
    noteInput();
    state.advanceTime(nowNanos);
    Leader leader = state.leader();
    if (leader != null) {
      leader.onTick();
    } else if (state.timer.hasExpired(state.nowNanos())) {
      if (state.mayCampaign()) {
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
    return leader != null ? leader.nextTickNanos() : state.timer.deadlineNanos();
  }

  /**
   * Takes a message of another node.
   *
   * @param nowNanos read from the clock <em>after</em> the message was received. With an earlier
   *     moment this node would count its promise to the leader from before the leader asked
   * @throws IllegalArgumentException when the message is for another node or from this one
   * @throws RaftInvariantViolation when it shows that the protocol was broken somewhere; stop the
   *     node
   */
  public void step(Message message, long nowNanos) {
    if (!message.to().equals(state.nodeId()) || message.from().equals(state.nodeId())) {
      throw new IllegalArgumentException(
          "message from " + message.from() + " to " + message.to() + " reached " + state.nodeId());
    }
    noteInput();
    state.advanceTime(nowNanos);
    switch (message) {
      case PreVoteRequest request -> voter.onPreVoteRequest(request);
      case VoteRequest request -> voter.onVoteRequest(request);
      case AppendRequest request -> follower.onAppendRequest(request);
      case TimeoutNow request -> candidate.onTimeoutNow(request);
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
    noteInput();
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
   * @param nowNanos read from the clock <em>after</em> the request arrived: a lease that was held
   *     before says nothing about the moment of the read
   */
  public void readIndex(long requestId, long nowNanos) {
    noteInput();
    state.advanceTime(nowNanos);
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

  // ---- membership and leadership ----

  /**
   * Asks to change who belongs to the group. What follows the first configuration happens by
   * itself, under this leader or a later one.
   */
  public MembershipResult changeMembership(MembershipChange change) {
    noteInput();
    Leader leader = state.leader();
    MembershipResult result =
        leader == null
            ? new MembershipResult.NotLeader(state.leaderId())
            : leader.changeMembership(change);
    checkInvariants();
    return result;
  }

  /**
   * Hands the leadership over (Raft dissertation, section 3.10): proposals are refused until the
   * target leads, or until an election timeout has passed and this node goes on.
   *
   * @param target a voter; null for the one whose log is longest
   */
  public TransferResult transferLeadership(@Nullable String target) {
    noteInput();
    Leader leader = state.leader();
    return leader == null
        ? new TransferResult.NotLeader(state.leaderId())
        : leader.transferLeadership(target);
  }

  /**
   * Tells that the leader's process is known to be gone, so that this node need not protect it for
   * the rest of the election timeout. Without effect where leases are used: a process that cannot
   * be reached may still serve reads.
   */
  public void forgetLeader() {
    noteInput();
    state.forgetLeader();
  }

  // ---- snapshots and compaction ----

  /**
   * Learners get no entry before this one, but a snapshot: the state machine could not apply them
   * any more. It must have applied the one before itself. Voters are not concerned.
   */
  public void learnersBeginWith(long index) {
    RaftInvariantViolation.require(
        index <= log.handedOutIndex() + 1,
        "learners begin behind what is applied here",
        index,
        log.handedOutIndex());
    touched |= state.learnersBeginWith(index);
  }

  /**
   * What a snapshot of the state machine right after the entry at {@code index} stands for.
   *
   * @param index from {@code status().firstIndex() - 1} to the applied index
   * @throws RaftInvariantViolation when it is not in that range
   */
  public SnapshotPosition positionAt(long index) {
    checkRetained(index);
    return log.positionAt(index);
  }

  /**
   * Removes the entries up to {@code index} with the next write ({@link Output#compactTo}). Their
   * effects must be in the stored state machine, in that write or an earlier one. Keep some entries
   * for followers that lag a little: who needs a removed one needs a snapshot.
   *
   * @param index at most the applied index; what is removed already changes nothing
   * @throws RaftInvariantViolation when it was not handed out for applying
   */
  public void compactTo(long index) {
    noteInput();
    log.compactTo(index);
  }

  private void checkRetained(long index) {
    RaftInvariantViolation.require(
        index <= log.handedOutIndex(),
        "snapshots hold what was applied",
        index,
        log.handedOutIndex());
    RaftInvariantViolation.require(
        index >= log.firstIndex() - 1,
        "the term of a removed entry is not known any more",
        index,
        log.firstIndex() - 1);
  }

  /**
   * Reports how sending a snapshot to a follower ended ({@link Output#snapshotsNeeded}).
   *
   * @param position what was sent
   * @param delivered whether the follower has all of it; replication goes on behind it then. If not
   *     it is asked again once the follower answers
   */
  public void snapshotFinished(String follower, SnapshotPosition position, boolean delivered) {
    noteInput();
    Leader leader = state.leader();
    if (leader != null) {
      leader.snapshotFinished(follower, position, delivered);
    }
  }

  /**
   * Offers a snapshot that was received whole and verified. When it is wanted, the next output says
   * {@link Output#install}, unless the log got there by itself in the same batch of inputs; nothing
   * may be called then before {@link #installed}.
   *
   * @param position what the snapshot stands for
   * @param leaderTerm term of the leader that sent it
   * @param from that leader
   */
  public SnapshotOffer offerSnapshot(
      SnapshotPosition position, long leaderTerm, String from, long nowNanos) {
    noteInput();
    state.advanceTime(nowNanos);
    SnapshotOffer answer = follower.offerSnapshot(position, leaderTerm, from);
    checkInvariants();
    return answer;
  }

  /**
   * Reports that the write of the last output was made, with state and log replaced by the
   * snapshot. As with every write, {@link #durable} tells later that it is on disk.
   *
   * @throws IllegalStateException when no such snapshot was to be installed
   */
  public void installed(SnapshotPosition position) {
    if (!position.equals(installing)) {
      throw new IllegalStateException(position + " was installed instead of " + installing);
    }
    installing = null;
    touched = true;
    RaftInvariantViolation.require(
        log.firstIndex() == position.index() + 1,
        "the log goes on behind the installed snapshot",
        log.firstIndex(),
        position.index() + 1);
    checkInvariants();
  }

  /** Whether another {@link #drain} may hand out something; false only where it surely does not. */
  public boolean mayHaveOutput() {
    return touched;
  }

  /** At the beginning of everything that may change what the next drain hands out. */
  private void noteInput() {
    touched = true;
    checkNotInstalling();
  }

  private void checkNotInstalling() {
    if (installing != null) {
      throw new IllegalStateException("the snapshot at " + installing + " is not installed yet");
    }
  }

  /**
   * Holds committed entries back, or hands them out again: the state machine cannot go on before
   * something else has arrived. Everything but applying goes on.
   */
  public void holdApplying(boolean hold) {
    touched |= applyingHeld != hold;
    applyingHeld = hold;
  }

  // ---- writes ----

  /**
   * Reports that every write with a sequence up to this one is on disk. Late and repeated reports
   * do no harm.
   *
   * @throws IllegalArgumentException for a write that was never handed out
   */
  public void durable(long writeSequence) {
    noteInput();
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
    checkNotInstalling();
    if (writeSequence <= lastWriteSequence) {
      throw new IllegalArgumentException(
          "write sequence " + writeSequence + " must be above " + lastWriteSequence);
    }
    Leader leader = state.leader();
    if (leader != null) {
      leader.prepareMessages();
    }
    installing = follower.takeInstallation(writeSequence);
    HardState hardState =
        state.ballot.hasUnwritten() ? state.ballot.takeUnwritten(writeSequence) : null;
    long truncateFrom = log.pendingTruncateFrom();
    List<Entry> entries = log.hasUnwritten() ? log.takeUnwritten(writeSequence) : List.of();
    boolean writes =
        hardState != null || !entries.isEmpty() || log.hasCompaction() || installing != null;
    SnapshotPosition compactTo = writes ? log.takeCompaction() : null;
    if (writes) {
      lastWriteSequence = writeSequence;
    }
    List<Message> sendNow = state.outbox.takeNow();
    List<Message> sendWhenDurable = state.outbox.takeWhenDurable();
    if (!sendWhenDurable.isEmpty() && lastWriteSequence <= durableSequence) {
      sendNow.addAll(sendWhenDurable);
      sendWhenDurable = List.of();
    }
    List<Entry> committed =
        log.hasUnapplied() && !applyingHeld ? log.takeCommitted(config.applyBytesMax()) : List.of();
    Output output =
        new Output(
            writeSequence,
            hardState,
            truncateFrom,
            entries,
            compactTo,
            installing,
            sendNow,
            sendWhenDurable,
            lastWriteSequence,
            committed,
            log.hasUnapplied() && !applyingHeld,
            state.outbox.takeReads(),
            state.outbox.takeRejectedReads(),
            state.outbox.takeSnapshotsNeeded(),
            takeRoleChange());
    log.evict();
    Leader leading = state.leader();
    touched =
        output.committedMore()
            || installing != null
            || (leading != null && leading.waitsForLearner());
    if (installing == null) {
      checkInvariants();
    }
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
        log.handedOutIndex() <= commitIndexSeen,
        "only committed entries are applied",
        log.handedOutIndex(),
        commitIndexSeen);
    RaftInvariantViolation.require(
        log.handedOutIndex() >= log.firstIndex() - 1,
        "only applied entries are removed",
        log.handedOutIndex(),
        log.firstIndex() - 1);
    RaftInvariantViolation.require(
        log.configurations().latestIndex() <= log.lastIndex(),
        "a membership stands in the log",
        log.configurations().latestIndex(),
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

  /**
   * The entry of the log by which the node became a member, the last time it did; 0 where it is
   * none, and where that entry is not in the log any more: then it was applied before.
   */
  public long joinedIndex(String id) {
    return log.configurations().joinedIndex(id);
  }

  /** Who belongs to the group: the latest membership in the log, committed or not. */
  public Configuration configuration() {
    return state.configuration();
  }

  /**
   * The entry from which {@link #configuration} is known: its own, or that of the snapshot which
   * carried it.
   */
  public long configurationIndex() {
    return log.configurations().latestIndex();
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
        log.firstIndex(),
        log.handedOutIndex(),
        state.configuration(),
        MembershipChanges.isOpen(state.configuration(), state.isConfigurationCommitted()),
        leader == null ? null : leader.transferTarget(),
        leader == null ? List.of() : leader.followerStatus());
  }
}
