package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.SupersededOperations;
import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.KeyspaceRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * What becomes of concurrent writes of one key: under the policy {@code siblings} all of them stay,
 * under {@code lww} the latest by hybrid timestamp, and the others go to the ledger.
 *
 * <p>Dropping siblings keeps the join a join only because every write is later than all that it
 * supersedes (see {@link ReplicaState#nextTimestamp} and the timestamp in context tokens). Then the
 * latest of all writes that a replica has heard of is superseded by none, and a row is a register
 * of the largest, whatever the order of arrival. Were a write earlier than what it supersedes, two
 * replicas could each drop what the other one keeps, and their join would hold nothing.
 */
final class ConflictRule {

  /** The later one is larger; of equal timestamps the one with the larger dot. */
  private static final Comparator<Sibling> LATEST =
      Comparator.comparing(Sibling::writtenAt).thenComparing(Sibling::dot);

  private final boolean latestWins;
  private final ConflictLedger ledger;

  ConflictRule(KeyspaceRecord record, ConflictLedger ledger) {
    this.latestWins = latestWins(record);
    this.ledger = ledger;
  }

  static boolean latestWins(KeyspaceRecord record) {
    return record.getConflicts() == ConflictPolicy.CONFLICT_POLICY_LWW;
  }

  /** Whether concurrent writes do not stay beside each other. */
  boolean latestWins() {
    return latestWins;
  }

  /**
   * What is to be stored of a join; what is dropped is in the ledger afterwards, in the same batch.
   * A second copy of the winner's own operation is dropped without an entry: nothing is lost.
   */
  DottedVersionVectorSet settle(ByteString key, DottedVersionVectorSet joined) {
    if (!latestWins || hasOneWrite(joined)) {
      return joined;
    }
    List<Sibling> losers = plain(joined);
    if (losers.isEmpty()) {
      return joined;
    }
    Sibling winner = Collections.max(losers, LATEST);
    losers.remove(winner);
    for (Sibling loser : losers) {
      if (winner.operation() == null || !winner.operation().equals(loser.operation())) {
        ledger.record(key, loser, winner);
      }
    }
    return withWinner(joined, losers, winner);
  }

  private static boolean hasOneWrite(DottedVersionVectorSet joined) {
    return joined.siblings().size() < 2 && joined.supersededOperations().isEmpty();
  }

  /**
   * What lost is remembered, so that its retry is not a later write. The winner counts even where
   * an earlier copy of its operation was superseded: a row is the latest of all writes, and to drop
   * that one after it has won would leave nothing.
   */
  private static DottedVersionVectorSet withWinner(
      DottedVersionVectorSet joined, List<Sibling> losers, Sibling winner) {
    SupersededOperations operations = joined.supersededOperations().with(losers);
    return joined.without(losers).remembering(operations.without(winner::isOf));
  }

  /** What clients are shown of a join that is not settled, or not settled here. */
  static DottedVersionVectorSet shown(KeyspaceRecord record, DottedVersionVectorSet joined) {
    if (!latestWins(record) || hasOneWrite(joined)) {
      return joined;
    }
    List<Sibling> losers = plain(joined);
    if (losers.isEmpty()) {
      return joined;
    }
    Sibling winner = Collections.max(losers, LATEST);
    losers.remove(winner);
    return withWinner(joined, losers, winner);
  }

  /** Values and tombstones. Counters and sets have a merge of their own, which loses nothing. */
  private static List<Sibling> plain(DottedVersionVectorSet joined) {
    List<Sibling> plain = new ArrayList<>(joined.siblings().size());
    for (Sibling sibling : joined.siblings()) {
      if (sibling.typed() == null) {
        plain.add(sibling);
      }
    }
    return plain;
  }
}
