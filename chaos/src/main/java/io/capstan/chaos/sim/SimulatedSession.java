package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Actor;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.Receipt;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The session of one client on one keyspace: it sends with each read what its answers have told it
 * to, and remembers apart from that which of its writes were acknowledged and what it was shown, by
 * which the oracle judges.
 */
final class SimulatedSession {
  private final Map<ByteString, Map<Actor, Long>> claimed = new HashMap<>();
  private final Map<ByteString, Set<String>> known = new HashMap<>();
  private long epoch;

  /** What an answer about the key must contain. */
  SessionClaim claim(ByteString key) {
    SessionClaim.Builder claim = SessionClaim.newBuilder().setEpoch(epoch);
    claimed
        .getOrDefault(key, Map.of())
        .forEach(
            (actor, counter) ->
                claim.addDots(Dot.newBuilder().setActor(actor).setCounter(counter)));
    return claim.build();
  }

  /** The dots of the key that the client wrote or was shown. */
  Set<String> knownOf(ByteString key) {
    return new TreeSet<>(known.getOrDefault(key, Set.of()));
  }

  /** The client was answered. */
  void learn(ByteString key, Receipt receipt, Set<String> dots) {
    epoch = Math.max(epoch, receipt.getEpoch());
    Map<Actor, Long> largest = claimed.computeIfAbsent(key, k -> new LinkedHashMap<>());
    receipt
        .getSeenList()
        .forEach(dot -> largest.merge(dot.getActor(), dot.getCounter(), Math::max));
    known.computeIfAbsent(key, k -> new TreeSet<>()).addAll(dots);
  }
}
