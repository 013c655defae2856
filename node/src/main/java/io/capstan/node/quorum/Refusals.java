package io.capstan.node.quorum;

import io.capstan.node.version.ContextToken;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import java.util.List;

/** The errors that leaderless replication answers, in words for people. */
final class Refusals {

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
                + levels.required(level)
                + " of "
                + levels.replicas()
                + " replicas, and "
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

  static ErrorDetail readTimedOut(
      KeyspaceRecord record, Level level, Levels levels, Receipt receipt) {
    return failed(
            "NO_QUORUM",
            "Level "
                + Levels.name(level)
                + " of AP keyspace "
                + record.getName()
                + " needs "
                + levels.required(level)
                + " of "
                + levels.replicas()
                + " replicas to agree on the answer; in time only these did: "
                + (receipt.getAckedCount() == 0
                    ? "none"
                    : String.join(", ", receipt.getAckedList())),
            hint(levels, false))
        .toBuilder()
        .setReceipt(receipt)
        .build();
  }

  static ErrorDetail unknown(Level level, Levels levels, Receipt receipt, String why) {
    return ErrorDetail.newBuilder()
        .setCode("OUTCOME_UNKNOWN")
        .setOutcome(Outcome.OUTCOME_UNKNOWN)
        .setMessage(
            "Level "
                + Levels.name(level)
                + " needs "
                + levels.required(level)
                + " of "
                + levels.replicas()
                + " replicas; "
                + why
                + " the write was confirmed by "
                + (receipt.getAckedCount() == 0
                    ? "none"
                    : String.join(", ", receipt.getAckedList()))
                + " only. It is not undone: it may surface later, on either side of a partition")
        .setHint(
            "Retry with the same operation id, which writes nothing twice while the value stands, or"
                + " read the key")
        .setReceipt(receipt)
        .build();
  }

  static ErrorDetail closed(String code, String reason) {
    return failed(code, reason + "; nothing was done", "List the keyspaces and ask again");
  }

  private static String hint(Levels levels, boolean write) {
    if (!levels.allowsOne(write)) {
      return "Heal the partition and try again, or ask a node on the other side; this keyspace takes"
          + " no writes below level "
          + levels.names(true).split(",", 2)[0];
    }
    return write
        ? "Use level one, which stays available on both sides and merges after the heal, or heal the"
            + " partition and try again"
        : "Use level one, which answers what this node holds and may be stale, or heal the partition"
            + " and try again";
  }
}
