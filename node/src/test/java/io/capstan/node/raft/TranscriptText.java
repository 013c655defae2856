package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.VoteRequest;
import io.capstan.node.raft.Message.VoteResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** How the effects of a transcript are told. */
final class TranscriptText {

  private TranscriptText() {}

  static String describeWrite(Output output) {
    StringBuilder text = new StringBuilder();
    HardState hardState = output.hardState();
    if (hardState != null) {
      text.append(" term=")
          .append(hardState.term())
          .append(" vote=")
          .append(orDash(hardState.votedFor()));
    }
    if (output.truncateFrom() > 0) {
      text.append(" truncate=").append(output.truncateFrom());
    }
    if (!output.entries().isEmpty()) {
      text.append(" entries=").append(describe(output.entries()));
    }
    if (output.compactTo() != null && output.compactTo().index() > 0) {
      text.append(" compact=").append(describe(output.compactTo()));
    }
    if (output.install() != null) {
      text.append(" install=").append(describe(output.install()));
    }
    return text.toString();
  }

  static String describe(List<Entry> entries) {
    return entries.stream()
        .map(entry -> entry.index() + "/" + entry.term() + payload(entry))
        .collect(Collectors.joining(",", "[", "]"));
  }

  static String payload(Entry entry) {
    if (entry.kind() == Entry.Kind.CONFIGURATION) {
      return describe(entry.configuration());
    }
    return entry.isNoOp() ? "" : ":" + new String(entry.payload(), StandardCharsets.UTF_8);
  }

  static String describe(SnapshotPosition position) {
    return position.index() + "/" + position.term() + describe(position.configuration());
  }

  /** {@code {n1 n2, leaving n3, learning n4, n4 replaces n2}}. */
  static String describe(Configuration configuration) {
    StringBuilder text = new StringBuilder("{" + String.join(" ", configuration.voters()));
    if (configuration.isJoint()) {
      text.append(", from ").append(String.join(" ", configuration.outgoing()));
    }
    if (!configuration.learners().isEmpty()) {
      text.append(", learning ").append(String.join(" ", configuration.learners()));
    }
    Configuration.Promotion promotion = configuration.promotion();
    if (promotion != null) {
      text.append(", then ").append(promotion.learner()).append(" votes");
      if (promotion.replaced() != null) {
        text.append(" instead of ").append(promotion.replaced());
      }
    }
    return text.append("}").toString();
  }

  static String orDash(String id) {
    return id == null ? "-" : id;
  }

  static String describe(Message message) {
    String head = message.from() + ">" + message.to() + " ";
    return head
        + switch (message) {
          case PreVoteRequest m ->
              "PreVote? term=%d for=%d last=%d/%d"
                  .formatted(m.term(), m.campaignTerm(), m.lastIndex(), m.lastTerm());
          case PreVoteResponse m ->
              "PreVote %s term=%d for=%d"
                  .formatted(m.granted() ? "yes" : "no", m.term(), m.campaignTerm());
          case VoteRequest m ->
              "Vote? term=%d last=%d/%d%s"
                  .formatted(
                      m.term(), m.lastIndex(), m.lastTerm(), m.transfer() ? " for the leader" : "");
          case Message.TimeoutNow m -> "TimeoutNow term=%d".formatted(m.term());
          case VoteResponse m -> "Vote %s term=%d".formatted(m.granted() ? "yes" : "no", m.term());
          case AppendRequest m ->
              "Append? term=%d prev=%d/%d%s commit=%d%s"
                  .formatted(
                      m.term(),
                      m.prevIndex(),
                      m.prevTerm(),
                      m.entries().isEmpty() ? "" : " entries=" + describe(m.entries()),
                      m.commitIndex(),
                      m.readSequence() == 0 ? "" : " read=" + m.readSequence());
          case AppendResponse m ->
              (m.success()
                      ? "Append yes term=%d match=%d".formatted(m.term(), m.matchIndex())
                      : "Append no term=%d prev=%d hint=%d/%d"
                          .formatted(m.term(), m.prevIndex(), m.hintIndex(), m.hintTerm()))
                  + (m.readSequence() == 0 ? "" : " read=" + m.readSequence());
        };
  }
}
