package io.capstan.node.quorum;

import io.capstan.node.version.NodeClock;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How old an answer of this replica alone may be.
 *
 * <p>Each exchange of clocks carries a number and echoes the last one that was received from the
 * other side. A clock that echoes our message was made after we sent that message, by our own
 * monotonic clock, whatever the two wall clocks say. Once everything in it is here, so is every
 * write that the peer had acknowledged when we sent. The oldest such moment over all peers bounds
 * the age; a peer that was never heard, or is away, leaves none, or one that grows.
 */
final class Freshness {

  /** Messages whose echo is waited for; older ones only make the bound larger. */
  private static final int SENT_MAX = 64;

  private record Sent(long sequence, long atNanos) {}

  private static final class Peer {
    final ArrayDeque<Sent> sent = new ArrayDeque<>();
    long lastSequence;
    long lastReceived;
    // The oldest clock of the peer that is not all here yet, and what it will prove; null for none.
    @Nullable NodeClock awaited;
    long awaitedNanos;
    boolean known;
    long asOfNanos;
  }

  private final NodeClock own;
  private final StepTime time;
  private final long firstSequence;
  private final Map<String, Peer> peers = new LinkedHashMap<>();

  /**
   * @param own the live clock
   * @param firstSequence random: an echo of an earlier run means nothing to this one
   */
  Freshness(NodeClock own, List<String> names, StepTime time, long firstSequence) {
    this.own = own;
    this.time = time;
    this.firstSequence = firstSequence;
    replicasChanged(names);
  }

  /** The replicas are others now; without one that has left, and with one that was never heard. */
  void replicasChanged(List<String> names) {
    peers.keySet().retainAll(names);
    for (String name : names) {
      if (!peers.containsKey(name)) {
        Peer peer = new Peer();
        peer.lastSequence = firstSequence;
        peers.put(name, peer);
      }
    }
  }

  /** The number of the clock that is about to be sent. */
  long nextSequence(String name) {
    Peer peer = of(name);
    peer.sent.add(new Sent(++peer.lastSequence, time.nowNanos()));
    if (peer.sent.size() > SENT_MAX) {
      peer.sent.poll();
    }
    return peer.lastSequence;
  }

  /** The number to echo to the peer; 0 before anything came. */
  long echo(String name) {
    return of(name).lastReceived;
  }

  /** A clock of the peer came; not to be changed afterwards. */
  void received(String name, long sequence, long echo, NodeClock theirs) {
    Peer peer = of(name);
    peer.lastReceived = sequence;
    // One of the last ones, as a rule.
    for (Iterator<Sent> each = peer.sent.descendingIterator(); each.hasNext(); ) {
      Sent sent = each.next();
      if (sent.sequence == echo) {
        // One that waits already comes first: under steady writes a newer one would wait for ever.
        if (isHere(theirs)) {
          proven(peer, sent.atNanos);
        } else if (peer.awaited == null) {
          peer.awaited = theirs;
          peer.awaitedNanos = sent.atNanos;
        }
        break;
      }
    }
    check(peer);
  }

  /** Whether what was waited for has come meanwhile. */
  void tick() {
    for (Peer peer : peers.values()) {
      check(peer);
    }
  }

  private void check(Peer peer) {
    NodeClock awaited = peer.awaited;
    if (awaited != null && isHere(awaited)) {
      peer.awaited = null;
      proven(peer, peer.awaitedNanos);
    }
  }

  private boolean isHere(NodeClock theirs) {
    return theirs.countMissingIn(own) == 0;
  }

  private static void proven(Peer peer, long asOfNanos) {
    if (!peer.known || asOfNanos - peer.asOfNanos > 0) {
      peer.known = true;
      peer.asOfNanos = asOfNanos;
    }
  }

  /**
   * Every write that any replica had acknowledged at this moment is in the stored state by now;
   * empty where no such moment is known.
   */
  OptionalLong asOfNanos() {
    long oldest = time.nowNanos();
    for (Peer peer : peers.values()) {
      if (!peer.known) {
        return OptionalLong.empty();
      }
      oldest = peer.asOfNanos - oldest < 0 ? peer.asOfNanos : oldest;
    }
    return OptionalLong.of(oldest);
  }

  private Peer of(String name) {
    Peer peer = peers.get(name);
    if (peer == null) {
      throw new IllegalArgumentException(name + " is no peer; peers are " + peers.keySet());
    }
    return peer;
  }
}
