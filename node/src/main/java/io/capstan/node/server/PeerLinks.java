package io.capstan.node.server;

import io.capstan.proto.peer.v1.PeerMessage;
import java.util.Map;
import java.util.TreeMap;

/** The streams to all other nodes. Messages from the event loop only; the rest from any thread. */
final class PeerLinks implements EventLoop.Outbound {

  private final Map<String, PeerLink> links;

  /**
   * @param links by node id
   */
  PeerLinks(Map<String, PeerLink> links) {
    this.links = new TreeMap<>(links);
  }

  @Override
  public void send(String to, PeerMessage message, long nowNanos) {
    PeerLink link = links.get(to);
    if (link == null) {
      throw new IllegalStateException(
          "a message for " + to + ", which is no peer: " + links.keySet());
    }
    link.send(message, nowNanos);
  }

  @Override
  public void flush() {
    for (PeerLink link : links.values()) {
      link.flush();
    }
  }

  void start() {
    links.values().forEach(PeerLink::start);
  }

  void close() {
    links.values().forEach(PeerLink::close);
  }

  /** Messages that were dropped on all links. */
  long dropped() {
    return links.values().stream().mapToLong(PeerLink::dropped).sum();
  }
}
