package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import org.jspecify.annotations.Nullable;

/**
 * Takes entries, heartbeats and news of commits from the leader (Raft dissertation, section 3.5).
 */
final class Follower {
  private final RaftState state;
  private final RaftLog log;
  private long readSequenceTerm;
  private long readSequenceAnswered;
  private @Nullable SnapshotPosition offered;
  private long offeredTerm;
  private String offeredBy = "";

  Follower(RaftState state) {
    this.state = state;
    this.log = state.log;
  }

  void onAppendRequest(AppendRequest request) {
    if (request.term() < state.term()) {
      answerStaleLeader(request);
      return;
    }
    checkSingleLeader(request.term(), request.from());
    state.becomeFollower(request.term(), request.from());
    state.timer.heardFromLeader(state.nowNanos());
    if (request.prevIndex() >= log.commitIndex()
        && !log.matches(request.prevIndex(), request.prevTerm())) {
      refuse(request);
      return;
    }
    store(request);
    log.commitTo(Math.min(request.commitIndex(), request.lastIndex()));
    accept(request);
  }

  /**
   * Takes or refuses a snapshot that the leader's node has sent (dissertation, chapter 5). Its
   * contents are committed, whoever leads meanwhile, so an old one from a former leader is as good;
   * only the acknowledgement is for the present leader alone.
   */
  SnapshotOffer offerSnapshot(SnapshotPosition position, long leaderTerm, String from) {
    RaftInvariantViolation.require(
        position.term() <= leaderTerm,
        "a leader's snapshot is not from its future",
        position.term(),
        leaderTerm);
    if (leaderTerm >= state.term()) {
      checkSingleLeader(leaderTerm, from);
      state.becomeFollower(leaderTerm, from);
      state.timer.heardFromLeader(state.nowNanos());
    }
    if (log.matches(position.index(), position.term())) {
      log.commitTo(position.index());
    }
    if (position.index() <= log.commitIndex()) {
      boolean behind = position.index() <= log.handedOutIndex();
      acknowledgeSnapshot(position.index(), leaderTerm, from);
      return behind ? SnapshotOffer.BEHIND : SnapshotOffer.IN_LOG;
    }
    offered = position;
    offeredTerm = leaderTerm;
    offeredBy = from;
    return SnapshotOffer.INSTALL;
  }

  /**
   * The snapshot to install with the write {@code writeSequence}, null for none. The log forgets
   * everything else at this moment.
   */
  @Nullable SnapshotPosition takeInstallation(long writeSequence) {
    SnapshotPosition position = offered;
    offered = null;
    if (position == null || position.index() <= log.commitIndex()) {
      return null;
    }
    if (log.matches(position.index(), position.term())) {
      // What came after the offer filled the log up to it.
      log.commitTo(position.index());
      return null;
    }
    log.replaceBy(position, writeSequence);
    acknowledgeSnapshot(position.index(), offeredTerm, offeredBy);
    return position;
  }

  private void acknowledgeSnapshot(long index, long leaderTerm, String from) {
    if (leaderTerm != state.term() || !from.equals(state.leaderId())) {
      return;
    }
    AppendResponse success =
        new AppendResponse(state.nodeId(), from, leaderTerm, true, index, index, 0, 0, 0);
    if (log.durableIndex() >= index) {
      answer(success);
    } else {
      state.outbox.answerWhenDurable(success);
    }
  }

  /**
   * Election safety (dissertation, figure 3.2); a leader of an earlier term is merely out of date.
   */
  private void checkSingleLeader(long term, String from) {
    String known = state.leaderId();
    if (term == state.term() && known != null && !known.equals(from)) {
      throw new RaftInvariantViolation(
          "two leaders in term " + term + ": " + known + " and " + from);
    }
  }

  /**
   * A leader of an earlier term hears of the newer one and steps down, whatever it may not hear
   * from others.
   */
  private void answerStaleLeader(AppendRequest request) {
    answer(
        new AppendResponse(
            state.nodeId(), request.from(), state.term(), false, request.prevIndex(), 0, 0, 0, 0));
  }

  /**
   * Below the commit index the logs agree by definition, and the entries there may be compacted
   * away.
   */
  private void store(AppendRequest request) {
    for (Entry entry : request.entries()) {
      if (entry.index() <= log.commitIndex() && entry.index() < log.firstIndex()) {
        continue;
      }
      if (log.matches(entry.index(), entry.term())) {
        continue;
      }
      if (entry.index() <= log.lastIndex()) {
        log.truncateFrom(entry.index());
      }
      log.append(entry);
    }
  }

  private void accept(AppendRequest request) {
    boolean newRead = confirmsNewRead(request);
    long agreedIndex = Math.max(request.lastIndex(), log.commitIndex());
    if (log.durableIndex() >= agreedIndex) {
      answer(success(request, agreedIndex));
      return;
    }
    boolean empty = request.entries().isEmpty();
    if (state.ballot.isDurable() && (newRead || empty)) {
      // Reads and check-quorum ask whether the leader is still followed; that needs no wait for the
      // disk.
      long known = Math.max(request.prevIndex(), log.commitIndex());
      state.outbox.answerNow(success(request, Math.min(known, log.durableIndex())));
    }
    if (!empty || !state.ballot.isDurable()) {
      state.outbox.answerWhenDurable(success(request, agreedIndex));
    }
  }

  private boolean confirmsNewRead(AppendRequest request) {
    if (readSequenceTerm != request.term()) {
      readSequenceTerm = request.term();
      readSequenceAnswered = 0;
    }
    boolean fresh = request.readSequence() > readSequenceAnswered;
    readSequenceAnswered = Math.max(readSequenceAnswered, request.readSequence());
    return fresh;
  }

  private void refuse(AppendRequest request) {
    long highest = Math.min(request.prevIndex(), log.lastIndex());
    long hintIndex =
        Math.max(log.commitIndex(), log.lastIndexWithTermAtMost(highest, request.prevTerm()));
    answer(
        new AppendResponse(
            state.nodeId(),
            request.from(),
            state.term(),
            false,
            request.prevIndex(),
            0,
            hintIndex,
            log.term(hintIndex),
            request.readSequence()));
  }

  private AppendResponse success(AppendRequest request, long matchIndex) {
    return new AppendResponse(
        state.nodeId(),
        request.from(),
        state.term(),
        true,
        request.prevIndex(),
        matchIndex,
        0,
        0,
        request.readSequence());
  }

  private void answer(AppendResponse answer) {
    if (state.ballot.isDurable()) {
      state.outbox.answerNow(answer);
    } else {
      state.outbox.answerWhenDurable(answer);
    }
  }
}
