package io.capstan.node.replica;

import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import org.jspecify.annotations.Nullable;

/** The sentences that a replica refuses with: what happened, why in CAP terms, what to do next. */
final class Errors {

  static final String NO_LEADER = "NO_LEADER";
  static final String NO_QUORUM = "NO_QUORUM";
  static final String TIMEOUT = "TIMEOUT";
  static final String OVERLOADED = "OVERLOADED";
  static final String UNKNOWN_KEYSPACE = "UNKNOWN_KEYSPACE";
  static final String KEYSPACE_EXISTS = "KEYSPACE_EXISTS";
  static final String CONFLICT = "CONFLICT";
  static final String SIBLINGS = "SIBLINGS";
  static final String WRONG_TYPE = "WRONG_TYPE";
  static final String WRONG_LEVEL = "WRONG_LEVEL";
  static final String WRONG_MODE = "WRONG_MODE";
  static final String WRONG_EPOCH = "WRONG_EPOCH";
  static final String INVALID_ARGUMENT = "INVALID_ARGUMENT";
  static final String UNKNOWN_SESSION = "UNKNOWN_SESSION";
  static final String BEYOND_WINDOW = "BEYOND_WINDOW";
  static final String SWITCH_REFUSED = "SWITCH_REFUSED";
  static final String MEMBERSHIP_REFUSED = "MEMBERSHIP_REFUSED";

  private Errors() {}

  static ErrorDetail noReplica(String nodeId, String keyspace) {
    return failed(
        NO_QUORUM,
        "Node "
            + nodeId
            + " holds no replica of AP keyspace "
            + keyspace
            + ": it is not a member of the cluster yet, or not any more. Nothing was done.",
        "Ask a member: 'capstan member list' shows them.");
  }

  static ErrorDetail failed(String code, String message, String hint) {
    return detail(code, Outcome.OUTCOME_FAILED, message, hint);
  }

  static ErrorDetail unknown(String code, String message, String hint) {
    return detail(code, Outcome.OUTCOME_UNKNOWN, message, hint);
  }

  private static ErrorDetail detail(String code, Outcome outcome, String message, String hint) {
    return ErrorDetail.newBuilder()
        .setCode(code)
        .setOutcome(outcome)
        .setMessage(message)
        .setHint(hint)
        .build();
  }

  static ErrorDetail noLeader(String nodeId, int members, boolean maybeApplied) {
    int majority = members / 2 + 1;
    String why =
        "Node "
            + nodeId
            + " knows of no leader: it cannot reach "
            + majority
            + " of "
            + members
            + " replicas (or an election is under way). This request needs a majority, which is"
            + " consistency before availability. ";
    return maybeApplied
        ? unknown(
            NO_LEADER,
            why + "An earlier attempt may have been applied.",
            "Read the key once a majority can be reached; 'capstan status' shows who can be.")
        : failed(
            NO_LEADER,
            why + "Nothing was applied.",
            "Ask a node on the majority's side, heal the partition, or try again;"
                + " 'capstan status' shows who can be reached.");
  }

  /** The data of a keyspace that has just changed sides are not all here yet. */
  static ErrorDetail installing(KeyspaceRecord keyspace, String nodeId) {
    return failed(
        NO_QUORUM,
        "Keyspace "
            + keyspace.getName()
            + " has become CP, and node "
            + nodeId
            + " has yet to install what it opened with: it answers nothing rather than something"
            + " old. Nothing was applied.",
        "Ask another node, or try again in a moment.");
  }

  /** A write that waited while the keyspace changed sides, for as long as its client would. */
  static ErrorDetail sealed(KeyspaceRecord keyspace, String phase, long waitedMillis) {
    return failed(
        NO_QUORUM,
        "Keyspace "
            + keyspace.getName()
            + " is changing sides ("
            + phase
            + ") and takes no writes for the moment; this one waited for "
            + waitedMillis
            + " ms. Nothing was applied.",
        "Try again; 'capstan mode get "
            + keyspace.getName()
            + "' shows what the change waits for, 'capstan mode set "
            + keyspace.getName()
            + " ap --abort' gives it up.");
  }

  static ErrorDetail deadline(String nodeId, boolean maybeApplied, boolean write) {
    if (maybeApplied) {
      return unknown(
          TIMEOUT,
          "No majority confirmed the write in time. It is in a log and may still be committed.",
          "Read the key once the partition heals, or retry with the same operation id.");
    }
    return failed(
        NO_QUORUM,
        "Node "
            + nodeId
            + " could not get a majority to confirm the "
            + (write ? "write" : "read")
            + " in time, and answers nothing rather than something stale.",
        write
            ? "Nothing was applied: try again, or ask a node on the majority's side."
            : "Try again, ask a node on the majority's side, or read with level stale.");
  }

  /**
   * @param leader who could answer; empty where none is known
   */
  static ErrorDetail sessionNotMet(
      KeyspaceRecord keyspace, String nodeId, long appliedIndex, long seenIndex, String leader) {
    return failed(
        "SESSION_NOT_MET",
        "The session has seen log index "
            + seenIndex
            + " of CP keyspace "
            + keyspace.getName()
            + ", and "
            + nodeId
            + " has applied "
            + appliedIndex
            + " only: an answer could go back in time. "
            + whoCouldTell(nodeId, leader)
            + ". Nothing was read.",
        "Read with level linearizable, ask another node, or wait until this one has caught up.");
  }

  private static String whoCouldTell(String nodeId, String leader) {
    if (leader.isEmpty()) {
      return "It can reach no leader";
    }
    return leader.equals(nodeId)
        ? "It leads, so that index was never committed here: the session belongs to another"
            + " cluster, or "
            + nodeId
            + " has yet to apply its log"
        : "Its leader is " + leader;
  }

  static ErrorDetail unknownKeyspace(String name) {
    return failed(
        UNKNOWN_KEYSPACE,
        "There is no keyspace " + name + ".",
        "'capstan keyspace list' shows what there is; 'capstan keyspace create "
            + name
            + " --mode cp|ap' makes it.");
  }

  /** The catalogue is CP itself: without a leader a node cannot say that a keyspace is missing. */
  static ErrorDetail cannotLookUp(String nodeId, String name) {
    return failed(
        NO_LEADER,
        "Node "
            + nodeId
            + " knows no keyspace "
            + name
            + ", and no leader that could tell whether there is one: the catalogue needs a"
            + " majority. Nothing was applied.",
        "Ask a node on the majority's side, or try again; 'capstan status' shows who can be"
            + " reached.");
  }

  static ErrorDetail overloaded(String what) {
    return failed(
        OVERLOADED,
        "The node has as much work as it may hold: " + what + ".",
        "Try again, slower.");
  }

  static ErrorDetail invalid(String message, String hint) {
    return failed(INVALID_ARGUMENT, message, hint);
  }

  static ErrorDetail wrongEpoch(KeyspaceRecord keyspace) {
    return failed(
        WRONG_EPOCH,
        "Keyspace "
            + keyspace.getName()
            + " (id "
            + keyspace.getId()
            + ") is in epoch "
            + keyspace.getEpoch()
            + ", the request is for another one.",
        "Ask again without an epoch, or with the current one.");
  }

  static ErrorDetail withReceipt(ErrorDetail error, Receipt receipt, @Nullable String leader) {
    ErrorDetail.Builder complete =
        error.toBuilder().setReceipt(receipt.toBuilder().setOutcome(error.getOutcome()));
    return leader == null ? complete.build() : complete.setLeader(leader).build();
  }
}
