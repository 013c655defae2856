package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.RaftStatus.FollowerStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One term of leadership: orders proposals, replicates, commits, confirms reads, and steps down
 * when it loses its quorum (Raft dissertation, sections 3.5, 3.6.2, 6.2, 6.4 and 10.2.1 for writing
 * and sending in parallel).
 */
final class Leader {
  private static final byte[] NO_OP = new byte[0];

  private final RaftState state;
  private final RaftLog log;
  private final RaftConfig config;
  private final long term;
  private final long noOpIndex;
  private final Map<String, Progress> followers = new TreeMap<>();
  private final UncommittedBytes uncommitted;
  private final ReadIndexQueue reads;
  private final QuorumCheck quorumCheck;
  private long readSequence;
  private long nextHeartbeatNanos;
  private boolean heartbeatDue;

  private long batchFromIndex;
  private List<Entry> batch = List.of();

  /** Takes office: appends the empty entry that commits all earlier ones. */
  Leader(RaftState state) {
    this.state = state;
    this.log = state.log;
    this.config = state.config;
    this.term = state.term();
    this.noOpIndex = log.lastIndex() + 1;
    this.uncommitted = new UncommittedBytes(config.uncommittedBytesMax());
    this.reads = new ReadIndexQueue(config.readsPendingMax(), config.readRoundsMax());
    this.quorumCheck = new QuorumCheck(state.nodeId(), config.electionTimeoutNanos());
    for (String member : state.configuration().members()) {
      if (!member.equals(state.nodeId())) {
        followers.put(member, new Progress(config, noOpIndex, state.nowNanos()));
      }
    }
    append(NO_OP);
    heartbeatDue = true;
    nextHeartbeatNanos = state.nowNanos() + config.heartbeatIntervalNanos();
  }

  long nextHeartbeatNanos() {
    return nextHeartbeatNanos;
  }

  ProposeResult propose(byte[] payload) {
    long bytes = Entry.OVERHEAD_BYTES + (long) payload.length;
    if (!uncommitted.admits(bytes)) {
      return new ProposeResult.Overloaded(uncommitted.bytes(), config.uncommittedBytesMax());
    }
    Entry entry = append(payload);
    return new ProposeResult.Accepted(entry.index(), entry.term());
  }

  private Entry append(byte[] payload) {
    Entry entry = new Entry(log.lastIndex() + 1, term, payload);
    log.append(entry);
    uncommitted.add(entry);
    return entry;
  }

  boolean readIndex(long requestId) {
    return reads.add(requestId);
  }

  /** Called when this node stops leading: nobody waits for an answer that cannot come. */
  void resign(@Nullable String successor) {
    reads.rejectAll(
        requestId ->
            state.outbox.rejectRead(
                new ReadRejection(requestId, ReadRejection.Reason.NOT_LEADER, successor)));
  }

  void onTick() {
    if (!quorumCheck.holds(state.configuration(), followers, state.nowNanos())) {
      state.becomeFollower(term, null);
      return;
    }
    if (state.nowNanos() - nextHeartbeatNanos >= 0) {
      heartbeatDue = true;
      nextHeartbeatNanos = state.nowNanos() + config.heartbeatIntervalNanos();
    }
  }

  void onAppendResponse(AppendResponse response) {
    Progress progress = followers.get(response.from());
    if (progress == null) {
      return;
    }
    long agreedIndex = Math.max(response.prevIndex(), response.matchIndex());
    RaftInvariantViolation.require(
        agreedIndex <= log.lastIndex(),
        "followers hold only what was sent",
        agreedIndex,
        log.lastIndex());
    RaftInvariantViolation.require(
        response.readSequence() <= readSequence,
        "followers answer only read rounds that were started",
        response.readSequence(),
        readSequence);
    progress.heard(state.nowNanos(), response.readSequence());
    if (response.success()) {
      if (progress.accepted(agreedIndex, response.matchIndex())) {
        advanceCommit();
      }
    } else if (progress.isCurrentRefusal(response.prevIndex())) {
      long agreeing =
          log.lastIndexWithTermAtMost(
              Math.min(response.hintIndex(), response.prevIndex()), response.hintTerm());
      progress.probeFrom(Math.min(agreeing + 1, response.prevIndex()));
    }
    confirmReads();
  }

  /**
   * Commits what a quorum holds durably, this node included only for what its own disk holds.
   * Entries of earlier terms are committed with the first one of this term, never by counting
   * (dissertation, section 3.6.2 and figure 3.7).
   */
  void advanceCommit() {
    long index =
        state
            .configuration()
            .quorumValue(
                voter -> voter.equals(state.nodeId()) ? log.durableIndex() : matchIndex(voter));
    if (index >= noOpIndex && log.commitTo(index)) {
      uncommitted.committed(index);
    }
  }

  private long matchIndex(String voter) {
    Progress progress = followers.get(voter);
    return progress == null ? 0 : progress.matchIndex();
  }

  private void confirmReads() {
    reads.confirm(
        state
            .configuration()
            .quorumValue(
                voter -> voter.equals(state.nodeId()) ? readSequence : readSequenceAnswered(voter)),
        state.outbox);
  }

  private long readSequenceAnswered(String voter) {
    Progress progress = followers.get(voter);
    return progress == null ? 0 : progress.readSequenceAnswered();
  }

  /**
   * Turns everything that gathered since the last drain into at most a few messages per follower.
   */
  void prepareMessages() {
    if (reads.wantsRound() && log.commitIndex() >= noOpIndex) {
      readSequence = state.nextReadSequence();
      reads.startRound(readSequence, log.commitIndex());
      confirmReads();
    }
    followers.forEach(this::replicateTo);
    heartbeatDue = false;
    batch = List.of();
    batchFromIndex = 0;
  }

  private void replicateTo(String follower, Progress progress) {
    boolean sent = false;
    while (progress.nextIndex() <= log.lastIndex() && progress.maySendEntries()) {
      if (progress.nextIndex() < log.firstIndex()) {
        progress.needSnapshot();
        break;
      }
      List<Entry> entries = batchFrom(progress.nextIndex());
      send(follower, progress, entries);
      progress.sentEntries(entries.get(entries.size() - 1).index(), sizeBytes(entries));
      sent = true;
    }
    if (!sent && needsEmptyAppend(progress)) {
      send(follower, progress, List.of());
    }
  }

  private boolean needsEmptyAppend(Progress progress) {
    boolean idle = progress.state() == ProgressState.REPLICATE && progress.inflightMessages() == 0;
    return heartbeatDue
        || progress.readSequenceSent() < readSequence
        || (idle && progress.commitIndexSent() < log.commitIndex());
  }

  private void send(String follower, Progress progress, List<Entry> entries) {
    long prevIndex = Math.max(progress.nextIndex(), log.firstIndex()) - 1;
    state.outbox.sendNow(
        new AppendRequest(
            state.nodeId(),
            follower,
            term,
            prevIndex,
            log.term(prevIndex),
            entries,
            log.commitIndex(),
            readSequence));
    progress.sent(log.commitIndex(), readSequence);
  }

  /** Followers that are equally far get the same list, so that it can be encoded once. */
  private List<Entry> batchFrom(long fromIndex) {
    if (batchFromIndex != fromIndex) {
      batch = log.entries(fromIndex, log.lastIndex(), config.appendBytesMax());
      batchFromIndex = fromIndex;
    }
    return batch;
  }

  private static long sizeBytes(List<Entry> entries) {
    long bytes = 0;
    for (int i = 0; i < entries.size(); i++) {
      bytes += entries.get(i).sizeBytes();
    }
    return bytes;
  }

  List<FollowerStatus> followerStatus() {
    List<FollowerStatus> status = new ArrayList<>(followers.size());
    followers.forEach(
        (id, progress) ->
            status.add(
                new FollowerStatus(
                    id,
                    progress.state(),
                    progress.matchIndex(),
                    progress.nextIndex(),
                    progress.inflightMessages(),
                    progress.inflightBytes(),
                    state.nowNanos() - progress.contactNanos())));
    return status;
  }
}
