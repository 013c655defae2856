package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.server.config.HostPort;
import io.capstan.proto.peer.v1.PeerMessage;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The streams to all other nodes: those of the settings at first, then those of the members and
 * guests as the replica tells. Messages and changes from the event loop only; the rest from any
 * thread.
 */
final class PeerLinks implements EventLoop.Outbound {

  /** Makes a link to a node. */
  @FunctionalInterface
  interface Opener {
    PeerLink open(String peer, HostPort address);
  }

  private record Open(HostPort address, PeerLink link) {}

  private final Map<String, HostPort> settings;
  private final Opener opener;
  // Replaced as a whole, so that other threads see one state or the next.
  private volatile Map<String, Open> links;
  private volatile boolean closed;

  /**
   * @param settings the other nodes that the settings name; what they say of an address wins
   */
  PeerLinks(Map<String, HostPort> settings, Opener opener) {
    this.settings = Map.copyOf(settings);
    this.opener = opener;
    Map<String, Open> opened = new TreeMap<>();
    settings.forEach((id, address) -> opened.put(id, new Open(address, opener.open(id, address))));
    this.links = opened;
  }

  /** Queues the message, or drops it where the node is not, or no longer, a peer. */
  @Override
  public void send(String to, PeerMessage message, long nowNanos) {
    Open open = links.get(to);
    if (open != null) {
      open.link.send(message, nowNanos);
    }
  }

  @Override
  public void flush() {
    for (Open open : links.values()) {
      open.link.flush();
    }
  }

  /** Opens and closes links, so that they lead to whom the replica speaks. */
  void changed(Effect.Peers peers) {
    if (closed) {
      return;
    }
    Map<String, Open> next = new TreeMap<>(links);
    Set<String> leaving = new TreeSet<>(next.keySet());
    for (Effect.Peer peer : peers.linked()) {
      leaving.remove(peer.id());
      lead(next, peer);
    }
    if (!peers.member()) {
      // Who has yet to join, or has left, is spoken to by those that its settings name.
      leaving.removeAll(settings.keySet());
    }
    for (String id : leaving) {
      Open open = next.remove(id);
      if (open != null) {
        open.link.close();
      }
    }
    links = next;
  }

  /** A guest's own word on where it is gives way to the log's once it is a member. */
  private void lead(Map<String, Open> next, Effect.Peer peer) {
    HostPort address = addressOf(peer);
    Open old = next.get(peer.id());
    if (address == null || (old != null && old.address.equals(address))) {
      return;
    }
    if (old != null) {
      old.link.close();
    }
    Open open = new Open(address, opener.open(peer.id(), address));
    next.put(peer.id(), open);
    open.link.start();
  }

  /** Null where nobody knows how to reach the node. */
  private @Nullable HostPort addressOf(Effect.Peer peer) {
    HostPort known = settings.get(peer.id());
    if (known != null || peer.peerAddress().isEmpty()) {
      return known;
    }
    return HostPort.parse(peer.peerAddress());
  }

  void start() {
    links.values().forEach(open -> open.link.start());
  }

  void close() {
    closed = true;
    links.values().forEach(open -> open.link.close());
  }

  /** Messages that were dropped on all links. */
  long dropped() {
    return links.values().stream().mapToLong(open -> open.link.dropped()).sum();
  }
}
