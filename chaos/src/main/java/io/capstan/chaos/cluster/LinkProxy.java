package io.capstan.chaos.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One directed link: listens where {@code from} believes its peer to be and carries each connection
 * to where {@code to} really listens.
 *
 * <p>If the peer does not listen, the connection is reset at once, as it would be without a proxy.
 * Memory is bounded: {@value #CONNECTIONS_MAX} connections, each with two buffers of 64 KiB; a
 * sender that is faster than its receiver is slowed by TCP.
 *
 * <p>Thread-safe. Everything else happens on the thread of the {@link ProxyLoop}.
 */
final class LinkProxy implements AutoCloseable {
  /** Connections that may be open at once; more are reset. Peers need one. */
  static final int CONNECTIONS_MAX = 128;

  private static final int ACCEPT_BACKLOG = 128;
  private static final Duration ACCEPT_RETRY = Duration.ofMillis(200);
  private static final Logger LOGGER = LoggerFactory.getLogger(LinkProxy.class);

  private final ProxyLoop loop;
  private final DirectedLink link;
  private final InetSocketAddress upstream;
  private final ServerSocketChannel listener;
  private final InetSocketAddress listenAddress;
  private final Set<ProxiedConnection> connections = new LinkedHashSet<>();
  private @Nullable SelectionKey acceptKey;
  private volatile LinkMode mode = LinkMode.OPEN;
  private volatile LinkQuality quality = LinkQuality.PERFECT;
  private volatile int connectionCount;

  private LinkProxy(
      ProxyLoop loop, DirectedLink link, InetSocketAddress upstream, ServerSocketChannel listener)
      throws IOException {
    this.loop = loop;
    this.link = link;
    this.upstream = upstream;
    this.listener = listener;
    this.listenAddress = (InetSocketAddress) listener.getLocalAddress();
  }

  /**
   * Starts to listen.
   *
   * @param listen where to listen; port 0 chooses a free one
   * @param upstream where connections are carried to; nobody need listen there yet
   * @throws IOException if {@code listen} cannot be bound
   */
  static LinkProxy open(
      ProxyLoop loop, DirectedLink link, InetSocketAddress listen, InetSocketAddress upstream)
      throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    try {
      listener.configureBlocking(false);
      listener.bind(listen, ACCEPT_BACKLOG);
      LinkProxy proxy = new LinkProxy(loop, link, upstream, listener);
      loop.call(proxy::register);
      return proxy;
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
  }

  /** Returns the link that this proxy carries. */
  DirectedLink link() {
    return link;
  }

  /** Returns where the proxy listens. */
  InetSocketAddress listenAddress() {
    return listenAddress;
  }

  /** Returns the mode in force. */
  LinkMode mode() {
    return mode;
  }

  /** Returns how well the link carries while it is open. */
  LinkQuality quality() {
    return quality;
  }

  /** Changes how well the link carries; on the loop's thread. What is on its way stays late. */
  void applyQuality(LinkQuality newQuality) {
    quality = newQuality;
  }

  /** Returns how many connections are open, stalled ones included. */
  int connectionCount() {
    return connectionCount;
  }

  /** Changes the mode; when it returns, the new mode is in force. */
  void setMode(LinkMode newMode) {
    loop.call(() -> applyMode(newMode));
  }

  /** Changes the mode on the loop's thread, for a caller that is there already. */
  void applyMode(LinkMode newMode) {
    mode = newMode;
    for (ProxiedConnection connection : List.copyOf(connections)) {
      connection.modeChanged();
    }
  }

  /** Resets every connection and stops listening. */
  @Override
  public void close() {
    loop.call(
        () -> {
          List.copyOf(connections).forEach(ProxiedConnection::reset);
          try {
            listener.close();
          } catch (IOException e) {
            LOGGER.warn("the listener of link {} did not close", link, e);
          }
        });
  }

  private void register() {
    try {
      acceptKey =
          listener.register(
              loop.selector(),
              SelectionKey.OP_ACCEPT,
              new ProxyLoop.Ready() {
                @Override
                public void onReady() throws IOException {
                  accept();
                }

                @Override
                public void onFailure(Exception cause) {
                  suspendAccept(cause);
                }
              });
    } catch (ClosedChannelException e) {
      throw new IllegalStateException("closed before it was registered: link " + link, e);
    }
  }

  /** Out of file descriptors, most likely: the connection stays queued, so wait a little. */
  private void suspendAccept(Exception cause) {
    SelectionKey key = acceptKey;
    if (key == null || !key.isValid()) {
      return;
    }
    LOGGER.warn("link {} cannot accept a connection; will try again", link, cause);
    key.interestOps(0);
    loop.schedule(
        ACCEPT_RETRY,
        () -> {
          if (key.isValid()) {
            key.interestOps(SelectionKey.OP_ACCEPT);
          }
        });
  }

  private void accept() throws IOException {
    SocketChannel client = listener.accept();
    if (client == null) {
      return;
    }
    if (mode == LinkMode.REFUSE || connections.size() >= CONNECTIONS_MAX) {
      closeWithReset(client);
      return;
    }
    ProxiedConnection connection;
    try {
      client.configureBlocking(false);
      client.setOption(StandardSocketOptions.TCP_NODELAY, true);
      connection = new ProxiedConnection(this, loop, client, upstream);
    } catch (IOException e) {
      LOGGER.debug("link {} lost a connection while accepting it", link, e);
      closeWithReset(client);
      return;
    }
    connections.add(connection);
    connectionCount = connections.size();
    try {
      connection.begin();
    } catch (IOException e) {
      connection.onFailure(e);
    }
  }

  void forget(ProxiedConnection connection) {
    connections.remove(connection);
    connectionCount = connections.size();
  }

  /** Closes so that the other end sees a reset, not an orderly end. */
  static void closeWithReset(SocketChannel channel) {
    try {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      LOGGER.trace("the socket was closed before it could be reset", e);
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOGGER.debug("a socket did not close", e);
    }
  }
}
