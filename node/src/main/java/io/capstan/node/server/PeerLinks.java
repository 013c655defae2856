package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.proto.peer.v1.PeerMessage;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The streams to all other nodes: those of the settings at first, then those of the members as the
 * log tells. Messages and changes from the event loop only; the rest from any thread.
 */
final class PeerLinks implements EventLoop.Outbound {

  /** Makes a link to a node. */
  @FunctionalInterface
  interface Opener {
    /**
     * @param address host:port as the log knows it; empty where only the settings may say
     * @return null where nobody knows how to reach the node
     */
    @Nullable PeerLink open(String peer, String address);
  }

  private final Opener opener;
  // Replaced as a whole, so that other threads see one state or the next.
  private volatile Map<String, PeerLink> links;
  private volatile boolean closed;

  /**
   * @param first the nodes that the settings name
   */
  PeerLinks(Set<String> first, Opener opener) {
    this.opener = opener;
    Map<String, PeerLink> opened = new TreeMap<>();
    for (String peer : first) {
      PeerLink link = opener.open(peer, "");
      if (link != null) {
        opened.put(peer, link);
      }
    }
    this.links = opened;
  }

  /** Queues the message, or drops it where the node is not, or no longer, a peer. */
  @Override
  public void send(String to, PeerMessage message, long nowNanos) {
    PeerLink link = links.get(to);
    if (link != null) {
      link.send(message, nowNanos);
    }
  }

  @Override
  public void flush() {
    for (PeerLink link : links.values()) {
      link.flush();
    }
  }

  /** The members have changed: opens and closes links. */
  void changed(Effect.Peers peers) {
    if (!peers.member() || closed) {
      // Who has left, or has yet to join, keeps what it has: others may still speak to it.
      return;
    }
    Map<String, PeerLink> next = new TreeMap<>(links);
    Set<String> leaving = new TreeSet<>(next.keySet());
    for (Effect.Peer peer : peers.others()) {
      leaving.remove(peer.id());
      if (!next.containsKey(peer.id())) {
        PeerLink link = opener.open(peer.id(), peer.peerAddress());
        if (link != null) {
          next.put(peer.id(), link);
          link.start();
        }
      }
    }
    for (String id : leaving) {
      PeerLink link = next.remove(id);
      if (link != null) {
        link.close();
      }
    }
    links = next;
  }

  void start() {
    links.values().forEach(PeerLink::start);
  }

  void close() {
    closed = true;
    links.values().forEach(PeerLink::close);
  }

  /** Messages that were dropped on all links. */
  long dropped() {
    return links.values().stream().mapToLong(PeerLink::dropped).sum();
  }
}
