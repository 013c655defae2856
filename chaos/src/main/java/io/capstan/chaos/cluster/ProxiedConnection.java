package io.capstan.chaos.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One connection through a {@link LinkProxy}: the client's socket, the socket towards the peer, and
 * what is on its way between them. Lives on the thread of the {@link ProxyLoop} only.
 *
 * <p>Phases: WAITING (accepted while the link is blackholed; the peer knows nothing of it),
 * CONNECTING (towards the peer), FLOWING, CLOSED.
 */
final class ProxiedConnection implements ProxyLoop.Ready {
  private enum Phase {
    WAITING,
    CONNECTING,
    FLOWING,
    CLOSED
  }

  private final LinkProxy proxy;
  private final ProxyLoop loop;
  private final SocketChannel client;
  private final InetSocketAddress upstreamAddress;
  private final ByteFlow toPeer;
  private final ByteFlow toClient;
  private final SelectionKey clientKey;
  private @Nullable SocketChannel peer;
  private @Nullable SelectionKey peerKey;
  private Phase phase = Phase.WAITING;
  private boolean lateScheduled;

  ProxiedConnection(
      LinkProxy proxy, ProxyLoop loop, SocketChannel client, InetSocketAddress upstreamAddress)
      throws IOException {
    this.proxy = proxy;
    this.loop = loop;
    this.client = client;
    this.upstreamAddress = upstreamAddress;
    this.clientKey = client.register(loop.selector(), 0, this);
    this.toPeer = new ByteFlow(loop.takeBuffer());
    this.toClient = new ByteFlow(loop.takeBuffer());
  }

  /** Starts towards the peer, or waits for the link to open. */
  void begin() throws IOException {
    if (proxy.mode() == LinkMode.OPEN) {
      connect();
    } else {
      updateInterests();
    }
  }

  /** Looks at the mode of the link and does what it asks. */
  void modeChanged() {
    try {
      switch (proxy.mode()) {
        case REFUSE -> reset();
        case BLACKHOLE -> updateInterests();
        case OPEN -> {
          if (phase == Phase.WAITING) {
            connectUnlessGivenUp();
          } else {
            updateInterests();
            scheduleLate();
          }
        }
      }
    } catch (IOException e) {
      onFailure(e);
    }
  }

  @Override
  public void onReady() throws IOException {
    switch (phase) {
      case WAITING -> keepWhileWaiting();
      case CONNECTING -> finishConnect();
      case FLOWING -> flow();
      case CLOSED -> {}
    }
  }

  @Override
  public void onFailure(Exception cause) {
    reset();
  }

  /** Ends both sides with a reset. */
  void reset() {
    if (phase == Phase.CLOSED) {
      return;
    }
    LinkProxy.closeWithReset(client);
    if (peer != null) {
      LinkProxy.closeWithReset(peer);
    }
    closed();
  }

  private void closed() {
    phase = Phase.CLOSED;
    loop.giveBuffer(toPeer.buffer());
    loop.giveBuffer(toClient.buffer());
    proxy.forget(this);
  }

  /** Reads on while the link is dark, only to learn whether the client gives up. */
  private void keepWhileWaiting() throws IOException {
    toPeer.fill(client);
    if (toPeer.sourceEnded()) {
      reset();
    } else {
      updateInterests();
    }
  }

  private void connectUnlessGivenUp() throws IOException {
    keepWhileWaiting();
    if (phase == Phase.WAITING) {
      connect();
    }
  }

  private void connect() throws IOException {
    phase = Phase.CONNECTING;
    SocketChannel channel = SocketChannel.open();
    peer = channel;
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    boolean connected = channel.connect(upstreamAddress);
    peerKey = channel.register(loop.selector(), 0, this);
    if (connected) {
      phase = Phase.FLOWING;
    }
    updateInterests();
  }

  private void finishConnect() throws IOException {
    if (peer != null && proxy.mode() == LinkMode.OPEN && peer.finishConnect()) {
      phase = Phase.FLOWING;
      flow();
    }
  }

  private void flow() throws IOException {
    SocketChannel peerChannel = peer;
    if (peerChannel == null || proxy.mode() != LinkMode.OPEN) {
      return;
    }
    LinkQuality quality = proxy.quality();
    if (quality.isPerfect() && !toPeer.hasLate()) {
      toPeer.move(client, peerChannel);
    } else {
      toPeer.moveLate(client, peerChannel, System.nanoTime(), quality);
    }
    toClient.move(peerChannel, client);
    if (toPeer.isDone() && toClient.isDone()) {
      client.close();
      peerChannel.close();
      closed();
    } else {
      updateInterests();
      scheduleLate();
    }
  }

  /** Comes back when the next of what is late is due. */
  private void scheduleLate() {
    if (lateScheduled || phase != Phase.FLOWING || !toPeer.hasLate()) {
      return;
    }
    lateScheduled = true;
    long waitNanos = Math.max(0, toPeer.nextLateNanos() - System.nanoTime());
    loop.schedule(
        Duration.ofNanos(waitNanos),
        () -> {
          lateScheduled = false;
          try {
            if (phase == Phase.FLOWING) {
              flow();
            }
          } catch (IOException e) {
            onFailure(e);
          }
        });
  }

  private void updateInterests() {
    boolean open = proxy.mode() == LinkMode.OPEN;
    switch (phase) {
      case WAITING -> clientKey.interestOps(toPeer.wantsToRead() ? SelectionKey.OP_READ : 0);
      case CONNECTING -> {
        clientKey.interestOps(0);
        setPeerInterest(open ? SelectionKey.OP_CONNECT : 0);
      }
      case FLOWING -> {
        clientKey.interestOps(open ? interest(toPeer, toClient) : 0);
        setPeerInterest(open ? interest(toClient, toPeer) : 0);
      }
      case CLOSED -> {}
    }
  }

  private static int interest(ByteFlow from, ByteFlow to) {
    return (from.wantsToRead() ? SelectionKey.OP_READ : 0)
        | (to.wantsToWrite() ? SelectionKey.OP_WRITE : 0);
  }

  private void setPeerInterest(int operations) {
    if (peerKey != null) {
      peerKey.interestOps(operations);
    }
  }
}
