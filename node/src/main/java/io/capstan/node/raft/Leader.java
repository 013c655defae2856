package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.Message.TimeoutNow;
import io.capstan.node.raft.RaftStatus.FollowerStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One term of leadership: orders proposals, commits, confirms reads, changes the membership, hands
 * over, and steps down when it loses its quorum or its place (Raft dissertation, sections 3.5,
 * 3.6.2, 3.10, 4.2.2, 6.2, 6.4 and 10.2.1 for writing and sending in parallel). {@link Replication}
 * does the sending.
 */
final class Leader {
  private static final byte[] NO_OP = new byte[0];

  private final RaftState state;
  private final RaftLog log;
  private final RaftConfig config;
  private final long term;
  private final long noOpIndex;
  private final Replication replication;
  private final ProposalLimits limits;
  private final ReadIndexQueue reads;
  private final LeaderLease lease;
  private final QuorumCheck quorumCheck;
  private long readSequence;
  private long nextHeartbeatNanos;
  private boolean heartbeatDue;
  private boolean commitNewsWaits;
  private long commitNewsDueNanos;
  private @Nullable CatchUp catchUp;
  private @Nullable LeadershipTransfer transfer;
  private boolean transferTold;

  /** Takes office: appends the empty entry that commits all earlier ones. */
  Leader(RaftState state) {
    this.state = state;
    this.log = state.log;
    this.config = state.config;
    this.term = state.term();
    this.noOpIndex = log.lastIndex() + 1;
    this.limits = new ProposalLimits(config);
    this.reads = new ReadIndexQueue(config.readsPendingMax(), config.readRoundsMax());
    this.lease = new LeaderLease(config);
    this.quorumCheck = new QuorumCheck(state.nodeId(), config.electionTimeoutNanos());
    this.replication = new Replication(state, noOpIndex);
    append(Entry.Kind.NORMAL, NO_OP);
    heartbeatDue = true;
    nextHeartbeatNanos = state.nowNanos() + config.heartbeatIntervalNanos();
  }

  long nextTickNanos() {
    return commitNewsWaits && commitNewsDueNanos - nextHeartbeatNanos < 0
        ? commitNewsDueNanos
        : nextHeartbeatNanos;
  }

  // ---- requests ----

  ProposeResult propose(byte[] payload) {
    LeadershipTransfer handOver = transfer;
    if (handOver != null) {
      return new ProposeResult.Transferring(handOver.target());
    }
    limits.applied(log.handedOutIndex());
    ProposeResult.Overloaded refusal =
        limits.refusal(
            Entry.OVERHEAD_BYTES + (long) payload.length, log.commitIndex() - log.handedOutIndex());
    if (refusal != null) {
      return refusal;
    }
    Entry entry = append(Entry.Kind.NORMAL, payload);
    return new ProposeResult.Accepted(entry.index(), entry.term());
  }

  private Entry append(Entry.Kind kind, byte[] payload) {
    Entry entry = new Entry(log.lastIndex() + 1, term, kind, payload);
    log.append(entry);
    limits.appended(entry);
    return entry;
  }

  /**
   * Serves the read at once where a lease is held at {@code nowNanos}, else with the next round.
   */
  boolean readIndex(long requestId) {
    if (log.commitIndex() >= noOpIndex && lease.isHeld(state.nowNanos())) {
      state.outbox.confirmRead(new ReadState(requestId, log.commitIndex()));
      return true;
    }
    return reads.add(requestId);
  }

  /** Called when this node stops leading: nobody waits for an answer that cannot come. */
  void resign(@Nullable String successor) {
    reads.rejectAll(
        requestId ->
            state.outbox.rejectRead(
                new ReadRejection(requestId, ReadRejection.Reason.NOT_LEADER, successor)));
  }

  MembershipResult changeMembership(MembershipChange change) {
    if (transfer != null) {
      return new MembershipResult.Refused(
          MembershipResult.Reason.TRANSFERRING, "leadership is being handed over; ask again soon");
    }
    if (log.commitIndex() < noOpIndex) {
      // Known to be needed: an earlier leader's change may still be undone until then.
      return new MembershipResult.Refused(
          MembershipResult.Reason.LEADER_NOT_READY,
          "this leader has not committed an entry of its own term; ask again soon");
    }
    Configuration latest = state.configuration();
    MembershipChanges.Refusal refusal =
        MembershipChanges.refusal(change, latest, state.isConfigurationCommitted());
    if (refusal != null) {
      return new MembershipResult.Refused(refusal.reason(), refusal.because());
    }
    Entry entry = appendConfiguration(MembershipChanges.first(change, latest));
    return new MembershipResult.Accepted(entry.index(), entry.term());
  }

  TransferResult transferLeadership(@Nullable String wanted) {
    LeadershipTransfer handOver = transfer;
    if (handOver != null) {
      return wanted == null || wanted.equals(handOver.target())
          ? new TransferResult.Started(handOver.target())
          : new TransferResult.Refused(
              "leadership is being handed to " + handOver.target() + " already");
    }
    String target = wanted == null ? replication.mostAdvancedVoter() : wanted;
    if (target == null || target.equals(state.nodeId())) {
      return new TransferResult.Refused(
          target == null ? "there is no other voter" : target + " leads already");
    }
    if (!state.configuration().voters().contains(target)) {
      return new TransferResult.Refused(
          target + " is not a voter; voters are " + state.configuration().voters());
    }
    transfer = new LeadershipTransfer(target, state.nowNanos() + config.electionTimeoutNanos());
    transferTold = false;
    lease.forfeit();
    return new TransferResult.Started(target);
  }

  // ---- time ----

  void onTick() {
    if (!quorumCheck.holds(state.configuration(), replication.followers(), state.nowNanos())) {
      state.becomeFollower(term, null);
      return;
    }
    if (transfer != null && transfer.isOver(state.nowNanos())) {
      transfer = null;
    }
    if (state.nowNanos() - nextHeartbeatNanos >= 0) {
      heartbeatDue = true;
      nextHeartbeatNanos = state.nowNanos() + config.heartbeatIntervalNanos();
      replication.giveUpSilentSnapshots();
    }
  }

  // ---- answers ----

  void onAppendResponse(AppendResponse response) {
    RaftInvariantViolation.require(
        response.readSequence() <= readSequence,
        "followers answer only read rounds that were started",
        response.readSequence(),
        readSequence);
    if (replication.onAppendResponse(response)) {
      advanceCommit();
    }
    confirmReads();
  }

  void snapshotFinished(String follower, SnapshotPosition position, boolean delivered) {
    replication.snapshotFinished(follower, position, delivered);
  }

  /**
   * Commits what a quorum holds durably, this node included only for what its own disk holds and
   * only while it is a voter. Entries of earlier terms are committed with the first one of this
   * term, never by counting (dissertation, section 3.6.2 and figure 3.7).
   */
  void advanceCommit() {
    long index =
        state
            .configuration()
            .quorumValue(
                voter ->
                    voter.equals(state.nodeId())
                        ? log.durableIndex()
                        : replication.matchIndex(voter));
    if (index >= noOpIndex && log.commitTo(index)) {
      limits.committed(index);
    }
  }

  private void confirmReads() {
    long answered =
        state
            .configuration()
            .quorumValue(
                voter ->
                    voter.equals(state.nodeId())
                        ? readSequence
                        : replication.readSequenceAnswered(voter));
    lease.answered(answered);
    reads.confirm(answered, state.outbox);
  }

  // ---- the drain ----

  /**
   * Turns everything that gathered since the last drain into at most a few messages per follower.
   */
  void prepareMessages() {
    limits.applied(log.handedOutIndex());
    advanceMembership();
    startReadRound();
    replication.send(term, readSequence, heartbeatDue, isCommitNewsDue());
    noteCommitNews();
    tellTransferTarget();
    heartbeatDue = false;
    if (state.isConfigurationCommitted()) {
      replication.forgetRemoved();
      if (log.commitIndex() >= noOpIndex && !state.configuration().isVoter(state.nodeId())) {
        leaveOffice();
      }
    }
  }

  private boolean isCommitNewsDue() {
    return config.commitNewsDelayMillis() == 0
        || (commitNewsWaits && state.nowNanos() - commitNewsDueNanos >= 0);
  }

  /** The next entries or the next read tell of a commit as well, and usually come soon. */
  private void noteCommitNews() {
    boolean waits = replication.isCommitNewsWaiting();
    if (waits && !commitNewsWaits) {
      commitNewsDueNanos = state.nowNanos() + config.commitNewsDelayNanos();
    }
    commitNewsWaits = waits;
  }

  private void startReadRound() {
    boolean round = reads.wantsRound() && log.commitIndex() >= noOpIndex;
    if (round || (heartbeatDue && lease.isWanted())) {
      readSequence = state.nextReadSequence();
      lease.roundSent(readSequence, state.nowNanos());
      if (round) {
        reads.startRound(readSequence, log.commitIndex());
      }
      confirmReads();
    }
  }

  private void tellTransferTarget() {
    if (transfer != null
        && replication.matchIndex(transfer.target()) == log.lastIndex()
        && (!transferTold || heartbeatDue)) {
      transferTold = true;
      state.outbox.sendNow(new TimeoutNow(state.nodeId(), transfer.target(), term));
    }
  }

  // ---- membership ----

  /** Goes on with a change once its present step is committed. */
  private void advanceMembership() {
    Configuration latest = state.configuration();
    if (!state.isConfigurationCommitted() || log.commitIndex() < noOpIndex) {
      return;
    }
    if (latest.isJoint()) {
      if (config.automaticLeave()) {
        appendConfiguration(latest.left());
      }
      return;
    }
    Configuration.Promotion promotion = latest.promotion();
    if (promotion == null) {
      catchUp = null;
    } else if (hasCaughtUp(promotion.learner())) {
      appendConfiguration(MembershipChanges.promoting(latest, promotion));
    }
  }

  /** Whether the next drain may find that a learner has caught up, though nothing else happens. */
  boolean waitsForLearner() {
    return catchUp != null;
  }

  private boolean hasCaughtUp(String learner) {
    if (catchUp == null || !catchUp.learner().equals(learner)) {
      catchUp =
          new CatchUp(learner, config.electionTimeoutNanos(), log.lastIndex(), state.nowNanos());
    }
    Progress progress = replication.followers().get(learner);
    return progress != null && catchUp.isComplete(progress, log.lastIndex(), state.nowNanos());
  }

  private Entry appendConfiguration(Configuration next) {
    RaftInvariantViolation.require(
        state.isConfigurationCommitted(),
        "a membership is followed by the next one only once it is committed",
        log.configurations().latestIndex(),
        log.commitIndex());
    Entry entry = append(Entry.Kind.CONFIGURATION, next.toBytes());
    replication.membersChanged();
    // Others decide from now on, and those who decided with them may never be heard again.
    advanceCommit();
    confirmReads();
    return entry;
  }

  /**
   * A leader that is no voter any more steps down once that is committed (dissertation, section
   * 4.2.2), and lets the most advanced voter campaign at once instead of after a timeout.
   */
  private void leaveOffice() {
    String successor = replication.mostAdvancedVoter();
    if (successor != null && replication.matchIndex(successor) == log.lastIndex()) {
      lease.forfeit();
      state.outbox.sendNow(new TimeoutNow(state.nodeId(), successor, term));
    }
    state.becomeFollower(term, null);
  }

  // ---- status ----

  List<FollowerStatus> followerStatus() {
    return replication.status();
  }

  @Nullable String transferTarget() {
    return transfer == null ? null : transfer.target();
  }
}
