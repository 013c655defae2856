package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;

/** Everything that can happen to a replica. */
public sealed interface Input
    permits Input.Tick,
        Input.ClientCall,
        Input.FromPeer,
        Input.Durable,
        Input.PeerLink,
        Input.PeerSeen,
        Input.HandOver,
        SnapshotInput {

  /** Time has passed; given at least every few milliseconds. */
  record Tick() implements Input {}

  /**
   * A client asks this node.
   *
   * @param callId chosen by the shell, unique while the process lives; answered exactly once
   * @param request a request message of {@code capstan.v1.KeyValue} or {@code capstan.v1.Admin}
   *     (other than Status), already checked for size and shape by {@link RequestLimits}
   * @param deadlineNanos on the clock of {@link Moment#nanos}: when the client stops waiting
   */
  record ClientCall(long callId, Message request, long deadlineNanos) implements Input {}

  /** A message of another replica of this group; possibly late, duplicated or out of order. */
  record FromPeer(String from, PeerMessage message) implements Input {}

  /** Every write of this replica up to and including the sequence is on disk. */
  record Durable(long writeSequence) implements Input {}

  /** The stream to the peer was opened or lost. Only a hint: an open stream may lead nowhere. */
  record PeerLink(String peer, boolean connected) implements Input {}

  /**
   * A peer has introduced itself. Who is no member, as far as this node knows, asks by that to be
   * let in as a guest; {@link Effect.Peers} tells where it was.
   *
   * @param peerAddress host:port where it says that it is reached; empty where it does not know
   * @param clusterId as its log says; 0 where it has yet to learn it
   * @param joinedIndex the entry by which it became a member, as its log says; 0 where the cluster
   *     began with it, and where it is none
   */
  record PeerSeen(
      String peer, long incarnation, String peerAddress, long clusterId, long joinedIndex)
      implements Input {}

  /** This node is about to stop: a leader hands over to whoever is best prepared. */
  record HandOver() implements Input {}
}
