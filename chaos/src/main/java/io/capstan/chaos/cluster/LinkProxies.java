package io.capstan.chaos.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;

/** The proxies of all links of a cluster, on one thread. Thread-safe. */
final class LinkProxies implements AutoCloseable {
  private final ProxyLoop loop;
  private volatile Map<DirectedLink, LinkProxy> proxies = Map.of();
  private final AtomicBoolean closed = new AtomicBoolean();

  private LinkProxies(ProxyLoop loop) {
    this.loop = loop;
  }

  /**
   * Opens a proxy for each link of the layout; all of them carry.
   *
   * @throws ClusterException (failed) naming the port that cannot be had
   */
  static LinkProxies open(ClusterLayout layout) {
    ProxyLoop loop;
    try {
      loop = ProxyLoop.start();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "The link proxies cannot start: " + e.getMessage(), "", e);
    }
    LinkProxies opened = new LinkProxies(loop);
    try {
      opened.add(layout);
      return opened;
    } catch (ClusterException e) {
      opened.close();
      throw e;
    }
  }

  /**
   * Opens a proxy for each link of the layout that has none yet.
   *
   * @throws ClusterException (failed) naming the port that cannot be had; no proxy is added then
   */
  void add(ClusterLayout layout) {
    Map<DirectedLink, LinkProxy> more = new LinkedHashMap<>(proxies);
    List<LinkProxy> opened = new ArrayList<>();
    layout
        .proxyPorts()
        .forEach(
            (link, port) -> {
              if (more.containsKey(link)) {
                return;
              }
              try {
                InetSocketAddress listen = new InetSocketAddress(layout.host(), port);
                InetSocketAddress upstream =
                    new InetSocketAddress(layout.host(), layout.node(link.to()).peerPort());
                LinkProxy proxy = LinkProxy.open(loop, link, listen, upstream);
                opened.add(proxy);
                more.put(link, proxy);
              } catch (IOException e) {
                opened.forEach(LinkProxy::close);
                throw new ClusterException(
                    ClusterException.Kind.FAILED,
                    "The proxy of link "
                        + link
                        + " cannot listen on port "
                        + port
                        + ": "
                        + e.getMessage()
                        + ".",
                    "Another program took the port just now; start again and it is replaced.",
                    e);
              }
            });
    proxies = Collections.unmodifiableMap(more);
  }

  /** Puts links into a mode, all at the same moment; when it returns, the mode is in force. */
  void setMode(Collection<DirectedLink> links, LinkMode mode) {
    for (DirectedLink link : links) {
      if (!proxies.containsKey(link)) {
        throw ClusterException.usage(
            "There is no link " + link + " in this cluster.",
            "The links are " + proxies.keySet() + ".");
      }
    }
    loop.call(
        () -> {
          for (DirectedLink link : links) {
            LinkProxy proxy = proxies.get(link);
            if (proxy != null) {
              proxy.applyMode(mode);
            }
          }
        });
  }

  /** Lets links carry well or badly from now on. */
  void setQuality(Collection<DirectedLink> links, LinkQuality quality) {
    loop.call(
        () -> {
          for (DirectedLink link : links) {
            LinkProxy proxy = proxies.get(link);
            if (proxy != null) {
              proxy.applyQuality(quality);
            }
          }
        });
  }

  /** Returns the mode of every link, in the order of the nodes. */
  Map<DirectedLink, LinkMode> modes() {
    Map<DirectedLink, LinkMode> modes = new LinkedHashMap<>();
    proxies.forEach((link, proxy) -> modes.put(link, proxy.mode()));
    return modes;
  }

  /** Returns the links that are not open. */
  Set<DirectedLink> cutLinks() {
    Set<DirectedLink> cut = new TreeSet<>();
    proxies.forEach(
        (link, proxy) -> {
          if (proxy.mode() != LinkMode.OPEN) {
            cut.add(link);
          }
        });
    return cut;
  }

  /** Resets every connection and frees every port. Does nothing the second time. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        proxies.values().forEach(LinkProxy::close);
      } finally {
        loop.close();
      }
    }
  }
}
