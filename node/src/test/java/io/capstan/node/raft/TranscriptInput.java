package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.Message.PreVoteRequest;
import io.capstan.node.raft.Message.PreVoteResponse;
import io.capstan.node.raft.Message.VoteRequest;
import io.capstan.node.raft.Message.VoteResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads the words of a transcript's input lines. */
final class TranscriptInput {

  private TranscriptInput() {}

  static Entry entry(String word) {
    String[] parts = word.split("[/:]", 3);
    String payload = parts.length > 2 ? parts[2] : "";
    return new Entry(
        Long.parseLong(parts[0]),
        Long.parseLong(parts[1]),
        payload.getBytes(StandardCharsets.UTF_8));
  }

  static Map<String, String> named(String[] words) {
    Map<String, String> named = new LinkedHashMap<>();
    for (String word : words) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        named.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return named;
  }

  /** {@code step n1 append from=n2 term=3 prev=4/2 commit=4 read=0 5/3:a 6/3:b} and the like. */
  static Message message(String to, String[] words) {
    Map<String, String> named = named(words);
    String from = named.get("from");
    long term = Long.parseLong(named.get("term"));
    String[] last = named.getOrDefault("last", "0/0").split("/", 2);
    String[] prev = named.getOrDefault("prev", "0/0").split("/", 2);
    String[] hint = named.getOrDefault("hint", "0/0").split("/", 2);
    boolean yes = Boolean.parseBoolean(named.getOrDefault("ok", "true"));
    return switch (words[2]) {
      case "prevote" ->
          new PreVoteRequest(from, to, term, Long.parseLong(last[0]), Long.parseLong(last[1]));
      case "prevoted" ->
          new PreVoteResponse(from, to, term, Long.parseLong(named.get("campaign")), yes);
      case "vote" ->
          new VoteRequest(
              from,
              to,
              term,
              Long.parseLong(last[0]),
              Long.parseLong(last[1]),
              Boolean.parseBoolean(named.get("transfer")));
      case "timeoutnow" -> new Message.TimeoutNow(from, to, term);
      case "voted" -> new VoteResponse(from, to, term, yes);
      case "append" ->
          new AppendRequest(
              from,
              to,
              term,
              Long.parseLong(prev[0]),
              Long.parseLong(prev[1]),
              Arrays.stream(words)
                  .filter(word -> word.contains("/") && !word.contains("="))
                  .map(TranscriptInput::entry)
                  .toList(),
              Long.parseLong(named.getOrDefault("commit", "0")),
              Long.parseLong(named.getOrDefault("read", "0")));
      case "appended" ->
          new AppendResponse(
              from,
              to,
              term,
              yes,
              Long.parseLong(prev[0]),
              Long.parseLong(named.getOrDefault("match", "0")),
              Long.parseLong(hint[0]),
              Long.parseLong(hint[1]),
              Long.parseLong(named.getOrDefault("read", "0")));
      default -> throw new IllegalArgumentException("unknown message " + words[2]);
    };
  }

  /**
   * {@code add n4}, {@code learner n4}, {@code remove n2}, {@code replace n2 n4}, {@code leave}.
   */
  static MembershipChange change(String[] words) {
    return switch (words[0]) {
      case "add" -> new MembershipChange.AddVoter(words[1]);
      case "learner" -> new MembershipChange.AddLearner(words[1]);
      case "remove" -> new MembershipChange.Remove(words[1]);
      case "replace" -> new MembershipChange.Replace(words[1], words[2]);
      case "leave" -> new MembershipChange.LeaveJoint();
      default -> throw new IllegalArgumentException("unknown change " + words[0]);
    };
  }
}
