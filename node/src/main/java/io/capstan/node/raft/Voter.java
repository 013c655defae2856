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
 *
 * <p>A node that no membership names votes for nobody: it may have had another life in this group,
 * of which its empty disk knows nothing.
 */
final class Voter {
  private final RaftState state;

  Voter(RaftState state) {
    this.state = state;
  }

  void onPreVoteRequest(PreVoteRequest request) {
    boolean granted =
        request.campaignTerm() > state.term()
            && state.mayVote()
            && state.log.isUpToDate(request.lastIndex(), request.lastTerm())
            && !state.protectsLeader();
    answer(
        new PreVoteResponse(
            state.nodeId(), request.from(), state.term(), request.campaignTerm(), granted));
  }

  void onVoteRequest(VoteRequest request) {
    boolean protects = state.protectsLeader() && !request.transfer();
    if (request.term() > state.term()) {
      if (protects) {
        // Not even the term is taken over: a node that cannot hear the leader must not depose it.
        return;
      }
      state.becomeFollower(request.term(), null);
    }
    boolean granted =
        request.term() == state.term()
            && !protects
            && state.mayVote()
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
