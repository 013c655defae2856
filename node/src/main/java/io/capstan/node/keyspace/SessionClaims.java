package io.capstan.node.keyspace;

import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SessionClaim;
import java.util.ArrayList;
import java.util.List;

/**
 * What a session's claim means once its keyspace has changed sides.
 *
 * <p>Whoever serves an epoch has applied what opened it, and holds everything that was sealed
 * before: each write that anybody was told of, and each that enough replicas held to be read at
 * quorum. So what a session saw before the opening holds everybody who serves; nothing of it has to
 * be looked for. The exception is a write that a session read at level one on a replica that took
 * no part in the seal: it was never acknowledged, it is in no state that goes on, and no replica
 * can ever show it again. The same holds of a write that was on a lost disk alone and that the log
 * declared lost before the seal. The answer names it, once, instead of failing for good.
 */
public final class SessionClaims {
  private SessionClaims() {}

  /**
   * The epoch that opened what is served: an AP epoch that goes on after a change that was given up
   * counts from the one in which its writes began.
   */
  public static long openedEpochOf(KeyspaceRecord record) {
    return record.getMode() == Mode.MODE_AP ? ModeSwitches.lineageOf(record) : record.getEpoch();
  }

  /** Whether all of the claim was seen before what is served was opened. */
  public static boolean isEarlier(SessionClaim claim, KeyspaceRecord record) {
    return claim.getEpoch() > 0 && claim.getEpoch() < openedEpochOf(record);
  }

  /**
   * The versions of the claim that did not come across a change of sides.
   *
   * @throws IllegalArgumentException if a dot has no actor or no counter
   */
  public static List<io.capstan.proto.store.v1.Dot> leftBehind(
      SessionClaim claim, KeyspaceRecord record) {
    List<io.capstan.proto.store.v1.Dot> earlier = new ArrayList<>(claim.getEarlierList());
    if (isEarlier(claim, record)) {
      earlier.addAll(claim.getDotsList());
    }
    if (earlier.isEmpty()) {
      return List.of();
    }
    NodeClock sealed = NodeClock.fromProto(ModeSwitches.sealedClockOf(record));
    // What the log wrote it has, up to the entry that ended its epoch.
    earlier.removeIf(dot -> ModeSwitches.isOfLog(dot) || sealed.contains(Dot.fromProto(dot)));
    return earlier;
  }
}
