package io.capstan.chaos.sim;

import io.capstan.proto.peer.v1.AppendRequest;
import io.capstan.proto.peer.v1.AppendResponse;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.RaftMessage;
import org.jspecify.annotations.Nullable;

/** Messages between nodes as lines of a timeline. */
final class MessageText {
  private MessageText() {}

  /** One line, or null for a message that says nothing new, such as a heartbeat. */
  static @Nullable String of(PeerMessage message) {
    return switch (message.getMessageCase()) {
      case RAFT -> raft(message.getRaft());
      case FORWARD ->
          "please lead "
              + message.getForward().getRequestCase().toString().toLowerCase(java.util.Locale.ROOT);
      case FORWARD_REPLY ->
          message.getForwardReply().hasError()
              ? "refused, " + message.getForwardReply().getError().getCode()
              : "done";
      case QUORUM ->
          message
              .getQuorum()
              .getMessageCase()
              .toString()
              .toLowerCase(java.util.Locale.ROOT)
              .replace('_', ' ');
      default -> message.getMessageCase().toString();
    };
  }

  private static @Nullable String raft(RaftMessage message) {
    String term = " in term " + message.getTerm();
    return switch (message.getMessageCase()) {
      case VOTE_REQUEST ->
          (message.getVoteRequest().getPreVote() ? "would you vote for me?" : "vote for me")
              + term
              + ", my log ends with "
              + message.getVoteRequest().getLastIndex()
              + "/"
              + message.getVoteRequest().getLastTerm();
      case VOTE_RESPONSE ->
          (message.getVoteResponse().getPreVote() ? "pre-vote " : "vote ")
              + (message.getVoteResponse().getGranted() ? "granted" : "refused")
              + term;
      case APPEND_REQUEST -> append(message.getAppendRequest(), term);
      case APPEND_RESPONSE -> answer(message.getAppendResponse(), term);
      default -> message.getMessageCase().toString() + term;
    };
  }

  private static @Nullable String append(AppendRequest request, String term) {
    if (request.getEntriesCount() == 0 && request.getReadSequence() == 0) {
      return null;
    }
    long previous = request.getPreviousIndex();
    return "append "
        + (request.getEntriesCount() == 0
            ? "nothing"
            : (previous + 1) + " to " + (previous + request.getEntriesCount()))
        + " after "
        + previous
        + "/"
        + request.getPreviousTerm()
        + ", commit "
        + request.getCommitIndex()
        + ", read round "
        + request.getReadSequence()
        + term;
  }

  private static @Nullable String answer(AppendResponse response, String term) {
    return (response.getSuccess()
            ? "holds up to " + response.getMatchIndex()
            : "refuses after " + response.getPreviousIndex())
        + ", read round "
        + response.getReadSequence()
        + term;
  }
}
