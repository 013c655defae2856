package io.capstan.node.quorum;

import io.capstan.node.keyspace.SessionClaims;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.SessionClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * What a session has seen, and so what an answer to it must contain: read-your-writes and monotonic
 * reads (Terry, Demers, Petersen, Spreitzer, Theimer, Welch: Session Guarantees for Weakly
 * Consistent Replicated Data, 1994), by key instead of by server.
 *
 * @param dots of the key, or of the keys in the range of a scan
 * @param floor of keys that the session no longer remembers one by one
 * @param epoch the largest that the session has seen
 * @param waitMillis how long the session would wait for a replica that has all of it
 * @param leftBehind what it saw, and no replica can show any more: a change of sides, or a node
 *     that left, took it along
 */
record SessionToken(
    List<Dot> dots,
    List<Dot> floor,
    long epoch,
    long waitMillis,
    List<io.capstan.proto.store.v1.Dot> leftBehind) {

  /** Longer waits end with the deadline of the call anyway. */
  static final long WAIT_MAX_MILLIS = 3_600_000;

  /**
   * Reads what a client sent. Nothing is left to be met of what it saw before the keyspace was
   * opened as it is now.
   *
   * @throws IllegalArgumentException if a dot has no actor or no counter
   */
  static SessionToken fromProto(SessionClaim claim, KeyspaceRecord record) {
    boolean met = SessionClaims.isEarlier(claim, record);
    return new SessionToken(
        met ? List.of() : dots(claim.getDotsList()),
        met ? List.of() : dots(claim.getFloorList()),
        claim.getEpoch(),
        Math.max(0, Math.min(claim.getWaitMillis(), WAIT_MAX_MILLIS)),
        SessionClaims.leftBehind(claim, record));
  }

  private static List<Dot> dots(List<io.capstan.proto.store.v1.Dot> claimed) {
    return claimed.stream().map(Dot::fromProto).toList();
  }

  /**
   * The same, with what was declared lost of it named as left behind: every clock contains it, and
   * no replica can show it.
   */
  SessionToken without(Predicate<Dot> isLost) {
    List<Dot> lost = dots.stream().filter(isLost).toList();
    if (lost.isEmpty()) {
      return this;
    }
    List<io.capstan.proto.store.v1.Dot> named = new ArrayList<>(leftBehind);
    lost.forEach(dot -> named.add(dot.toProto()));
    return new SessionToken(
        dots.stream().filter(isLost.negate()).toList(), floor, epoch, waitMillis, named);
  }

  /** Whether anything at all satisfies it. */
  boolean isEmpty() {
    return dots.isEmpty() && floor.isEmpty();
  }

  /**
   * What an answer for one key lacks.
   *
   * @param context of the answer
   * @param clock of a replica whose row is part of the answer; the row must not be older
   */
  List<Dot> missingIn(VersionVector context, NodeClock clock) {
    List<Dot> missing = new ArrayList<>();
    for (Dot dot : dots) {
      if (!context.covers(dot) && !clock.contains(dot)) {
        missing.add(dot);
      }
    }
    for (Dot dot : floor) {
      // Of this key, a context that reaches so far accounts for everything up to there.
      if (!context.covers(dot) && clock.baseOf(dot.actor()) < dot.counter()) {
        missing.add(dot);
      }
    }
    return missing;
  }

  /** What a replica lacks, whichever keys the dots belong to. */
  List<Dot> missingIn(NodeClock clock) {
    return missingIn(VersionVector.EMPTY, clock);
  }
}
