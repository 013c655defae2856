package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.node.storage.Table;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionMarks;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Knows what clients of an AP keyspace were told, and so what must be there in the end and what
 * reads must have seen. Which write may be gone because another one replaced it, {@link
 * Supersession} tells.
 */
final class ApOracle {
  private final String keyspace;
  private final long keyspaceId;
  private final boolean latestWins;
  private final Map<String, ByteString> acknowledged = new TreeMap<>();
  private final Supersession supersession;
  // Per key, the dots of quorum writes that were acknowledged, and of what quorum reads showed.
  private final Map<ByteString, Set<String>> quorumAcknowledged = new HashMap<>();
  // Acknowledged at a level of quorum or more.
  private final Set<String> confirmedByQuorum = new TreeSet<>();
  // Per acknowledged dot, the nodes that confirmed it and have not lost their disks since.
  private final Map<String, Set<Integer>> confirmedBy = new HashMap<>();
  // Writes that only disks confirmed which are lost: they may be gone.
  private final Set<String> lostWithDisks = new TreeSet<>();
  private final List<DiscardedWrite> ledgersOfLostDisks = new ArrayList<>();
  private final Disks disks = new Disks();

  ApOracle(String keyspace, long keyspaceId, boolean latestWins) {
    this.keyspace = keyspace;
    this.keyspaceId = keyspaceId;
    this.latestWins = latestWins;
    this.supersession = new Supersession(keyspaceId, latestWins, acknowledged::containsKey);
  }

  String keyspace() {
    return keyspace;
  }

  long keyspaceId() {
    return keyspaceId;
  }

  /** A row of some node's data changed. */
  void changed(int node, Table table, byte[] key, byte @Nullable [] after) {
    supersession.changed(node, table, key, after);
  }

  /** A message reached a node: its coordinator may replace what it brought. */
  void received(int node, QuorumMessage message) {
    supersession.received(node, message);
  }

  /** A process has ended, and its node goes on with the clock among these rows. */
  void restarts(int node, NavigableMap<byte[], byte[]> clockRows) {
    supersession.restarts(node, clockRows);
  }

  /** A client is about to write with the context of a read that answered these siblings. */
  void writesWithContext(
      OperationId operation, ByteString key, Set<String> siblings, ByteString context) {
    supersession.writesWithContext(operation, key, siblings, context);
  }

  /** A client is about to delete the key. */
  void deletes(OperationId operation, ByteString key) {
    supersession.deletes(operation, key);
  }

  /** A client was told that its write was not performed: it replaced nothing. */
  void refused(OperationId operation) {
    supersession.refused(operation);
  }

  /**
   * A node counts no more for what it has confirmed and will confirm: its disk is lost, or it is
   * made to leave without being asked for what it alone holds.
   */
  void givesUp(int node) {
    disks.givesUp(node);
    confirmedBy.forEach(
        (dot, left) -> {
          if (left.remove(node) && left.isEmpty()) {
            lostWithDisks.add(dot);
          }
        });
  }

  /** A node has left that was asked for what it holds. */
  void left(int node, Heirs heirs) {
    disks.left(node);
    confirmedBy.forEach((dot, confirming) -> heirs.inherit(confirming, node, Set.of(dot)));
    acknowledged.forEach(
        (dot, key) -> {
          if (confirmedByQuorum.contains(dot)
              && !lostWithDisks.contains(dot)
              && !heirs.holdsMajority(key, dot)) {
            throw new SimulationFailure(
                "what a quorum has confirmed is on a quorum of those who stay",
                dot + " of " + key.toStringUtf8() + " is not");
          }
        });
  }

  /** A node is about to begin with an empty disk; this ledger goes with the one that it had. */
  void startsAnew(int node, NavigableMap<byte[], byte[]> ledger) {
    disks.startsAnew(node);
    supersession.startsAnew(node);
    ledgersOfLostDisks.addAll(StoredRows.ledger(ledger));
  }

  Disks disks() {
    return disks;
  }

  /** Writes that no disk holds any more that confirmed them; some may have survived elsewhere. */
  int lostWithDisks() {
    return lostWithDisks.size();
  }

  /**
   * A client was told that its write is durable on enough replicas.
   *
   * @param nodes those that confirmed it and have not lost their disks since it began
   */
  void acknowledged(
      ByteString key, String dot, boolean quorum, OperationId operation, Set<Integer> nodes) {
    acknowledged.put(dot, key);
    supersession.acknowledged(key, dot, operation);
    Set<Integer> left = confirmedBy.computeIfAbsent(dot, d -> new TreeSet<>());
    left.addAll(nodes);
    if (left.isEmpty()) {
      lostWithDisks.add(dot);
    }
    if (supersession.isDelete(operation)) {
      supersession.isTombstone(key, dot);
    }
    if (quorum) {
      confirmedByQuorum.add(dot);
      quorumAcknowledged.computeIfAbsent(key, k -> new TreeSet<>()).add(dot);
    }
  }

  /**
   * What a quorum read that starts now must have seen: what quorum writes wrote, and what earlier
   * quorum reads have shown.
   */
  Set<String> mustSee(ByteString key) {
    return new TreeSet<>(quorumAcknowledged.getOrDefault(key, Set.of()));
  }

  /** A quorum read answered with these siblings, and this context. */
  void quorumRead(ByteString key, Set<String> mustSee, Set<String> shown, ByteString context) {
    if (!shown.isEmpty()) {
      quorumAcknowledged.computeIfAbsent(key, k -> new TreeSet<>()).addAll(shown);
    }
    if (mustSee.isEmpty()) {
      return;
    }
    VersionVector seenByRead = supersession.decode(context, key);
    for (String dot : mustSee) {
      if (!seenByRead.covers(Dot.parse(dot)) && !lostWithDisks.contains(dot)) {
        throw new SimulationFailure(
            "quorum reads see what a quorum confirmed or showed",
            "a quorum read of "
                + key.toStringUtf8()
                + " did not see what a quorum has confirmed or shown before: "
                + dot);
      }
    }
  }

  /** A read of a session, at whatever level and through whichever node, answered with this. */
  void sessionRead(ByteString key, Set<String> ofSession, ByteString context) {
    VersionVector seenByRead = supersession.decode(context, key);
    for (String dot : ofSession) {
      if (!seenByRead.covers(Dot.parse(dot)) && !lostWithDisks.contains(dot)) {
        throw new SimulationFailure(
            "a session reads its own writes, and never goes back",
            "a read of " + key.toStringUtf8() + " came before what its session had seen: " + dot);
      }
    }
  }

  /**
   * Where the latest write wins, a key has one value, and no acknowledged write is later. What lost
   * is in the ledger: with a clock that is wrong within its bound, a write may lose to an earlier
   * one, but not silently. (After a delete that everybody has seen, and that has left, nobody needs
   * to be later than it, or than what it deleted.)
   */
  void latestWon(Map<ByteString, StoredValue> finalState) {
    if (!latestWins) {
      return;
    }
    finalState.forEach(
        (key, stored) -> {
          if (stored.getSiblingsCount() > 1) {
            throw new SimulationFailure(
                "where the latest wins a key has one value",
                key.toStringUtf8() + " has " + StoredRows.dots(stored));
          }
        });
    acknowledged.forEach(
        (dot, key) -> {
          StoredValue stored = finalState.get(key);
          HybridTimestamp written = supersession.writtenAt(key, dot);
          if (stored != null
              && stored.getSiblingsCount() > 0
              && written != null
              && !lostWithDisks.contains(dot)
              && !supersession.deletedSince(key, dot, written)) {
            HybridTimestamp winner =
                HybridTimestamp.fromProto(stored.getSiblings(0).getWrittenAt());
            if (winner.compareTo(written) < 0) {
              throw new SimulationFailure(
                  "the latest write wins",
                  dot + " of " + key.toStringUtf8() + " is later than what stands there");
            }
          }
        });
  }

  /**
   * Every acknowledged write is there, or was replaced by a write that knew it, or is in a ledger.
   *
   * @param onDisks what the ledgers of all nodes list
   */
  void nothingLost(Map<ByteString, StoredValue> finalState, List<DiscardedWrite> onDisks) {
    List<DiscardedWrite> ledgers = new ArrayList<>(ledgersOfLostDisks);
    ledgers.addAll(onDisks);
    Set<String> discarded = new TreeSet<>();
    ledgers.forEach(entry -> discarded.add(Dot.fromProto(entry.getDot()).toString()));
    if (!latestWins && !discarded.isEmpty()) {
      throw new SimulationFailure(
          "siblings are kept", "the ledger of a keyspace with siblings lists " + discarded);
    }
    acknowledged.forEach(
        (dot, key) -> {
          StoredValue stored = finalState.get(key);
          Set<String> present = stored == null ? Set.of() : StoredRows.dots(stored);
          Predicate<String> isAccountedFor =
              each ->
                  present.contains(each)
                      || discarded.contains(each)
                      || lostWithDisks.contains(each)
                      || supersession.wasReplaced(key, each, ledgers);
          // A write that was repeated is there once.
          if (!isAccountedFor.test(dot)
              && supersession.copiesOf(key, dot).stream().noneMatch(isAccountedFor)) {
            throw new SimulationFailure(
                "no acknowledged write is lost",
                "acknowledged write "
                    + dot
                    + " of key "
                    + key.toStringUtf8()
                    + " is lost; present are "
                    + present);
          }
        });
  }

  /** What an acknowledged write replaced is gone for good. */
  void nothingResurrected(Map<ByteString, StoredValue> finalState) {
    finalState.forEach(
        (key, stored) -> {
          for (String dot : StoredRows.dots(stored)) {
            for (String replacing : supersession.replacing(key, dot)) {
              if (acknowledged.containsKey(replacing) && !lostWithDisks.contains(replacing)) {
                throw new SimulationFailure(
                    "nothing superseded comes back",
                    dot + " is back although the acknowledged write " + replacing + " replaced it");
              }
            }
          }
        });
  }

  /**
   * A write that was repeated through several nodes counts once: where one copy of it was replaced,
   * no other one shows. (Where the latest wins a copy is a write of its own time.)
   *
   * @param ledger of the replica, by session: it does not show a copy of what is in there either
   */
  void nothingRepeated(Map<ByteString, StoredValue> finalState, Map<Long, SessionMarks> ledger) {
    if (latestWins) {
      return;
    }
    finalState.forEach(
        (key, stored) -> {
          DottedVersionVectorSet row =
              DottedVersionVectorSet.fromStored(stored, StoredRows.coveringOf(stored));
          for (Sibling shown : row.visible()) {
            OperationId operation = shown.operation();
            if (operation == null || isRemembered(operation, row, ledger)) {
              continue;
            }
            String dot = shown.dot().toString();
            for (String copy : supersession.copiesOf(key, dot)) {
              for (String replacing : supersession.replacing(key, copy)) {
                // One copy may replace another: then one of them shows.
                if (!replacing.equals(dot)
                    && acknowledged.containsKey(replacing)
                    && !lostWithDisks.contains(replacing)) {
                  throw new SimulationFailure(
                      "a write that is repeated counts once",
                      dot
                          + " of "
                          + key.toStringUtf8()
                          + " shows, although its first copy "
                          + copy
                          + " was replaced by the acknowledged write "
                          + replacing);
                }
              }
            }
          }
        });
  }

  /** In the ledger, or older than what the row and the ledger list of its session. */
  private static boolean isRemembered(
      OperationId operation, DottedVersionVectorSet row, Map<Long, SessionMarks> ledger) {
    SessionMarks marks =
        ledger.getOrDefault(operation.getSession(), SessionMarks.getDefaultInstance());
    return marks.getSequencesList().contains(operation.getSequence())
        || marks.getHighWater() >= operation.getSequence()
        || row.supersededOperations().isBeyond(operation);
  }

  int acknowledgedWrites() {
    return acknowledged.size();
  }
}
