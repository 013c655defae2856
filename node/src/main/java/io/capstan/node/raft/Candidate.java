package io.capstan.node.raft;

import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.TimeoutNow;
import io.capstan.node.raft.Message.VoteResponse;

/** Counts the votes of this node's own campaigns. */
final class Candidate {
  private final RaftState state;

  Candidate(RaftState state) {
    this.state = state;
  }

  void onPreVoteResponse(PreVoteResponse response) {
    Campaign campaign = state.campaign();
    if (state.role() != Role.PRE_CANDIDATE
        || campaign == null
        || response.campaignTerm() != campaign.campaignTerm()) {
      return;
    }
    switch (campaign.record(response.from(), response.granted())) {
      case WON -> state.startElection(false);
      case LOST -> state.becomeFollower(state.term(), null);
      case PENDING -> {}
    }
  }

  void onVoteResponse(VoteResponse response) {
    if (response.term() == state.term()) {
      count(response.from(), response.granted());
    }
  }

  /**
   * Campaigns at once because the leader of this very term asked for it (Raft dissertation, section
   * 3.10); there is no pre-vote, since the leader still answers everybody.
   */
  void onTimeoutNow(TimeoutNow request) {
    if (request.term() == state.term()
        && state.role() == Role.FOLLOWER
        && request.from().equals(state.leaderId())
        && state.mayCampaign()) {
      state.startElection(true);
    }
  }

  /** The candidate's own vote counts like any other: from the moment it is on disk. */
  void onBallotDurable() {
    if (state.nodeId().equals(state.ballot.votedFor())) {
      count(state.nodeId(), true);
    }
  }

  private void count(String voter, boolean granted) {
    Campaign campaign = state.campaign();
    if (state.role() != Role.CANDIDATE || campaign == null) {
      return;
    }
    switch (campaign.record(voter, granted)) {
      case WON -> state.becomeLeader();
      case LOST -> state.becomeFollower(state.term(), null);
      case PENDING -> {}
    }
  }
}
