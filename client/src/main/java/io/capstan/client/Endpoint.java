package io.capstan.client;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One address with one connection, made when it is first needed, and what is known of its health.
 * Safe for use by several threads.
 */
final class Endpoint {
  /** A page of a scan is bounded by the cluster; this only keeps a wrong peer from filling us. */
  static final int MESSAGE_MAX_BYTES = 64 << 20;

  static final int CONNECT_TIMEOUT_MILLIS = 3_000;

  /** A connection that says nothing for so long while calls are open is asked for a sign. */
  static final long KEEPALIVE_AFTER_MILLIS = 20_000;

  static final long KEEPALIVE_TIMEOUT_MILLIS = 3_000;

  /** A failed endpoint is left alone for so long at first, doubled with every failed probe. */
  static final long ASIDE_MIN_MILLIS = 100;

  static final long ASIDE_MAX_MILLIS = 2_000;

  private final int index;
  private final String address;
  private final EventLoopGroup network;
  private final AtomicInteger outstanding = new AtomicInteger();
  private volatile @Nullable ManagedChannel channel;
  private volatile String nodeId = "";
  private volatile boolean aside;
  // Both guarded by this.
  private boolean closed;
  private int failedProbes;

  Endpoint(int index, String address, EventLoopGroup network) {
    this.index = index;
    this.address = address;
    this.network = network;
  }

  /** Returns the bit of this endpoint in a set of endpoints. */
  long bit() {
    return 1L << index;
  }

  String address() {
    return address;
  }

  ManagedChannel channel() {
    ManagedChannel existing = channel;
    return existing != null ? existing : connect();
  }

  private synchronized ManagedChannel connect() {
    ManagedChannel existing = channel;
    if (existing != null) {
      return existing;
    }
    ManagedChannel made =
        NettyChannelBuilder.forAddress(
                ClientSettings.hostOf(address), ClientSettings.portOf(address))
            .usePlaintext()
            .eventLoopGroup(network)
            .channelType(NioSocketChannel.class)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .withOption(ChannelOption.TCP_NODELAY, true)
            .keepAliveTime(KEEPALIVE_AFTER_MILLIS, TimeUnit.MILLISECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
            .maxInboundMessageSize(MESSAGE_MAX_BYTES)
            // Retries are decided in one place, Operation, which knows what is safe.
            .disableRetry()
            .disableServiceConfigLookUp()
            // The given endpoints and nothing else: no proxy of the environment.
            .proxyDetector(target -> null)
            .directExecutor()
            .build();
    if (closed) {
      made.shutdownNow();
    }
    channel = made;
    return made;
  }

  /** The node behind this address as far as it is known; otherwise empty. */
  String nodeId() {
    return nodeId;
  }

  void learnNodeId(String id) {
    if (!id.isEmpty() && !id.equals(nodeId)) {
      nodeId = id;
    }
  }

  void begin() {
    outstanding.incrementAndGet();
  }

  void end() {
    outstanding.decrementAndGet();
  }

  int outstanding() {
    return outstanding.get();
  }

  boolean isAside() {
    return aside;
  }

  /** An answer came: whatever was held against this endpoint is forgotten. */
  void recovered() {
    if (aside) {
      synchronized (this) {
        aside = false;
        failedProbes = 0;
      }
    }
  }

  /** Returns whether this call set it aside; false where it was aside already. */
  synchronized boolean setAside() {
    if (aside) {
      return false;
    }
    aside = true;
    failedProbes = 0;
    return true;
  }

  /** Returns how long to leave it alone before the next probe, longer after each failed one. */
  synchronized long nextProbeMillis() {
    long millis = ASIDE_MIN_MILLIS << Math.min(failedProbes, 16);
    failedProbes++;
    return Math.min(millis, ASIDE_MAX_MILLIS);
  }

  /** Makes a channel that waits between its own connection attempts try again now. */
  void reconnectNow() {
    ManagedChannel existing = channel;
    if (existing != null) {
      existing.resetConnectBackoff();
    }
  }

  synchronized void close() {
    closed = true;
    ManagedChannel existing = channel;
    if (existing != null) {
      existing.shutdownNow();
    }
  }
}
