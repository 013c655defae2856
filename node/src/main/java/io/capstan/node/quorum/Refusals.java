package io.capstan.node.quorum;

import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.SupersededOperations;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import java.util.List;
import java.util.stream.Collectors;

/** The errors that leaderless replication answers, in words for people. */
final class Refusals {

  /** More of them would not help anybody; errors travel in small trailers. */
  private static final int DOTS_NAMED_MAX = 3;

  private Refusals() {}

  private static ErrorDetail failed(String code, String message, String hint) {
    return ErrorDetail.newBuilder()
        .setCode(code)
        .setOutcome(Outcome.OUTCOME_FAILED)
        .setMessage(message)
        .setHint(hint)
        .build();
  }

  static ErrorDetail wrongLevel(String message, Levels levels, boolean write) {
    return failed("WRONG_LEVEL", message, "Ask for one of: " + levels.names(write));
  }

  static ErrorDetail conditional(KeyspaceRecord record) {
    return failed(
        "WRONG_LEVEL",
        "Keyspace "
            + record.getName()
            + " is AP: its replicas take writes without asking each other, so none of them can"
            + " promise that a condition holds everywhere",
        "Write with the context of an earlier read, which replaces exactly what that read saw, or"
            + " use a CP keyspace");
  }

  static ErrorDetail unknownKeyspace(KeyspaceRecord record, long askedId) {
    return failed(
        "UNKNOWN_KEYSPACE",
        "Keyspace "
            + record.getName()
            + " has id "
            + record.getId()
            + "; the one with id "
            + askedId
            + " is gone",
        "List the keyspaces and ask again by name");
  }

  static ErrorDetail wrongEpoch(KeyspaceRecord record, long askedEpoch) {
    return failed(
        "WRONG_EPOCH",
        "Keyspace "
            + record.getName()
            + " is in epoch "
            + record.getEpoch()
            + " here, and the request is meant for epoch "
            + askedEpoch,
        "Ask again without an epoch, or for the current one");
  }

  static ErrorDetail tooLate() {
    return failed(
        "DEADLINE_EXCEEDED",
        "The time for this request was over before this node could begin with it; nothing was done",
        "Try again with more time, or when the node is less busy");
  }

  static ErrorDetail overloaded(int callsMax) {
    return failed(
        "RESOURCE_EXHAUSTED",
        callsMax + " requests wait for replicas already; this one was refused and nothing was done",
        "Try again a little later, or through another node");
  }

  static ErrorDetail wrongContext(ContextToken.Decoded.Refused refused) {
    return failed(
        "WRONG_CONTEXT",
        refused.message() + "; nothing was written",
        "Read the key again and give the context of that receipt");
  }

  static ErrorDetail contextAhead(String nodeId) {
    return failed(
        "WRONG_CONTEXT",
        "The context names writes of "
            + nodeId
            + " that "
            + nodeId
            + " has never made; nothing was written",
        "Read the key again and give the context of that receipt");
  }

  static ErrorDetail clockAhead(
      KeyspaceRecord record, String nodeId, PeerWallClocks.Lead lead, long driftMaxMillis) {
    return failed(
        "CLOCK_AHEAD",
        "The wall clock of "
            + nodeId
            + " leads that of "
            + String.join(", ", lead.peers())
            + " by "
            + lead.leastMillis()
            + " ms or more, and "
            + driftMaxMillis
            + " ms are allowed. In keyspace "
            + record.getName()
            + " the latest of concurrent writes wins, so a write with this clock would win against"
            + " writes that come after it. Nothing was written",
        "Write through another node, and set the clock of " + nodeId);
  }

  static ErrorDetail badVersion(String message) {
    return failed("INVALID_ARGUMENT", message, "Take the version from: capstan conflicts list");
  }

  static ErrorDetail badLeaf(String message) {
    return failed("INVALID_ARGUMENT", message, "Take the leaves from the answer without them");
  }

  static ErrorDetail tooManySiblings(int siblings, long sizeMaxBytes) {
    return failed(
        "TOO_MANY_SIBLINGS",
        "The key holds "
            + siblings
            + " concurrent values, and with this one they would exceed "
            + sizeMaxBytes
            + " bytes; nothing was written",
        "Read the key, merge its siblings, and write the result with the context of that read");
  }

  static ErrorDetail noQuorum(
      KeyspaceRecord record,
      Level level,
      Levels levels,
      boolean write,
      String nodeId,
      List<String> unreachable,
      Receipt receipt) {
    return failed(
            "NO_QUORUM",
            "Level "
                + Levels.name(level)
                + " of AP keyspace "
                + record.getName()
                + " needs "
                + levels.need(level)
                + ", and "
                + nodeId
                + " cannot reach "
                + String.join(", ", unreachable)
                + ": across a partition this level gives up availability. Nothing was "
                + (write ? "written" : "read"),
            hint(levels, write))
        .toBuilder()
        .setReceipt(receipt)
        .build();
  }

  static ErrorDetail beginsAnew(KeyspaceRecord record, String nodeId, List<String> sources) {
    return failed(
        "NO_QUORUM",
        nodeId
            + " begins anew, and has yet to hear from one of "
            + String.join(", ", sources)
            + " what was deleted: in keyspace "
            + record.getName()
            + " the latest of concurrent writes wins, and a write that does not know of a delete"
            + " could come back in some replicas and not in others. Nothing was written",
        "Write through another node, or try again when " + nodeId + " can reach one of them");
  }

  static ErrorDetail readTimedOut(
      KeyspaceRecord record, Level level, Levels levels, Receipt receipt) {
    return failed(
            "NO_QUORUM",
            "Level "
                + Levels.name(level)
                + " of AP keyspace "
                + record.getName()
                + " needs "
                + levels.need(level)
                + " to agree on the answer; in time only these did: "
                + (receipt.getAckedCount() == 0
                    ? "none"
                    : String.join(", ", receipt.getAckedList())),
            hint(levels, false))
        .toBuilder()
        .setReceipt(receipt)
        .build();
  }

  /**
   * @param unseen what the session has seen and no answer contains
   * @param strangers actors among them of which this replica holds no write at all
   */
  static ErrorDetail sessionNotMet(
      KeyspaceRecord record,
      String nodeId,
      List<Dot> unseen,
      List<String> strangers,
      Receipt receipt) {
    List<String> silent = receipt.getMissingList();
    String missing =
        unseen.stream().limit(DOTS_NAMED_MAX).map(Dot::toString).collect(Collectors.joining(", "))
            + (unseen.size() > DOTS_NAMED_MAX
                ? " and " + (unseen.size() - DOTS_NAMED_MAX) + " more"
                : "");
    String why =
        silent.isEmpty()
            ? "All replicas answered, and none of them has it"
                + (strangers.isEmpty()
                    ? ""
                    : "; of "
                        + String.join(", ", strangers)
                        + " nothing at all is known here: that data folder was lost, or the session"
                        + " belongs to another cluster")
            : nodeId
                + " got no answer from "
                + String.join(", ", silent)
                + ", and the others do not have it; across a partition a session that moves to the"
                + " other side gives up availability to keep what it has seen";
    return failed(
            "SESSION_NOT_MET",
            "The session has seen "
                + missing
                + " of AP keyspace "
                + record.getName()
                + ", and an answer without it would go back in time. "
                + why
                + ". Nothing was read",
            silent.isEmpty()
                ? "Begin a new session"
                : "Wait for "
                    + String.join(", ", silent)
                    + ", ask a node on its side, or read without the session and accept an older"
                    + " answer")
        .toBuilder()
        .setReceipt(receipt)
        .build();
  }

  static ErrorDetail sessionEpochAhead(KeyspaceRecord record, String nodeId, long seenEpoch) {
    return failed(
        "SESSION_NOT_MET",
        "The session has seen keyspace "
            + record.getName()
            + " in epoch "
            + seenEpoch
            + ", and "
            + nodeId
            + " knows it in epoch "
            + record.getEpoch()
            + " only: it has not applied the change of mode yet. Nothing was read",
        "Ask another node, or this one again when it has caught up");
  }

  static ErrorDetail unknown(Level level, Levels levels, Receipt receipt, String why) {
    return ErrorDetail.newBuilder()
        .setCode("OUTCOME_UNKNOWN")
        .setOutcome(Outcome.OUTCOME_UNKNOWN)
        .setMessage(
            "Level "
                + Levels.name(level)
                + " needs "
                + levels.need(level)
                + "; "
                + why
                + " the write was confirmed by "
                + (receipt.getAckedCount() == 0
                    ? "none"
                    : String.join(", ", receipt.getAckedList()))
                + " only. It is not undone: it may surface later, on either side of a partition")
        .setHint(
            "Read the key to see; a client that sends it again under the same operation id writes"
                + " nothing twice")
        .setReceipt(receipt)
        .build();
  }

  /** Whether the operation was executed, and its write replaced since, is no longer remembered. */
  static ErrorDetail beyondWindow() {
    return ErrorDetail.newBuilder()
        .setCode("BEYOND_WINDOW")
        .setOutcome(Outcome.OUTCOME_UNKNOWN)
        .setMessage(
            "The operation is older than what is remembered of its session (the newest "
                + OperationLedger.OPERATIONS_MAX
                + " whose writes were replaced, "
                + SupersededOperations.OPERATIONS_MAX
                + " in a row that some replica lacks): it may have been executed, and is not"
                + " executed again")
        .setHint("Read the key to see")
        .build();
  }

  static ErrorDetail closed(String code, String reason) {
    return failed(code, reason + "; nothing was done", "List the keyspaces and ask again");
  }

  private static String hint(Levels levels, boolean write) {
    if (!levels.allowsOne(write)) {
      return "Heal the partition and try again, or ask a node on the other side; this keyspace"
          + " takes no writes below level "
          + levels.names(true).split(",", 2)[0];
    }
    return write
        ? "Use level one, which stays available on both sides and merges after the heal, or heal"
            + " the partition and try again"
        : "Use level one, which answers what this node holds and may be stale, or heal the"
            + " partition and try again";
  }
}
