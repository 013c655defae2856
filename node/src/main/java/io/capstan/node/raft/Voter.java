package io.capstan.node.raft;

import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.VoteRequest;
import io.capstan.node.raft.Message.VoteResponse;

/**
 * Answers requests for votes and pre-votes, in every role (Raft dissertation, sections 3.4, 3.6.1,
 * 4.2.3 and 9.6).
 *
 * <p>The two kinds of protection must not lock each other up. A node whose leader is gone (stepped
 * down or silent for an election timeout) protects nobody and grants; a refusal of a pre-vote
 * carries this node's term, so that a candidate that fell behind catches up with one that ran
 * ahead.
 */
final class Voter {
  private final RaftState state;

  Voter(RaftState state) {
    this.state = state;
  }

  void onPreVoteRequest(PreVoteRequest request) {
    boolean granted =
        request.campaignTerm() > state.term()
            && state.log.isUpToDate(request.lastIndex(), request.lastTerm())
            && !state.protectsLeader();
    answer(
        new PreVoteResponse(
            state.nodeId(), request.from(), state.term(), request.campaignTerm(), granted));
  }

  void onVoteRequest(VoteRequest request) {
    if (request.term() > state.term()) {
      if (state.protectsLeader()) {
        // Not even the term is taken over: a node that cannot hear the leader must not depose it.
        return;
      }
      state.becomeFollower(request.term(), null);
    }
    boolean granted =
        request.term() == state.term()
            && !state.protectsLeader()
            && state.ballot.canVoteFor(request.from())
            && state.log.isUpToDate(request.lastIndex(), request.lastTerm());
    if (granted) {
      state.ballot.voteFor(request.from());
      state.timer.reset(state.nowNanos());
    }
    answer(new VoteResponse(state.nodeId(), request.from(), state.term(), granted));
  }

  private void answer(Message answer) {
    if (state.ballot.isDurable()) {
      state.outbox.sendNow(answer);
    } else {
      state.outbox.sendWhenDurable(answer);
    }
  }
}
