package io.capstan.node.server;

import io.capstan.node.server.config.HostPort;
import io.capstan.node.server.config.Setting;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Opens and closes the two ports of a node. Stateless. */
final class Ports {

  /** Larger requests are refused while they are read; the largest good one has half of this. */
  static final int CLIENT_MESSAGE_MAX_BYTES = 4 << 20;

  /** A frame of ordinary messages, or one message of the largest size. */
  static final int PEER_MESSAGE_MAX_BYTES =
      PeerProtocol.MESSAGE_MAX_BYTES + PeerProtocol.FRAME_MAX_BYTES;

  /** Clients may ask for a sign of life this often. */
  private static final long CLIENT_KEEPALIVE_MIN_MILLIS = 1_000;

  /** A peer that is silent for so long, and then does not answer in time, has its stream closed. */
  private static final long PEER_KEEPALIVE_MILLIS = 5_000;

  private Ports() {}

  /** Opens the port for clients. The services only hand over, so they run on the I/O threads. */
  static Server openForClients(HostPort address, IoThreads threads, List<BindableService> services)
      throws StartException {
    NettyServerBuilder builder =
        builder(address, threads, Setting.LISTEN)
            .maxInboundMessageSize(CLIENT_MESSAGE_MAX_BYTES)
            .permitKeepAliveTime(CLIENT_KEEPALIVE_MIN_MILLIS, TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true);
    services.forEach(builder::addService);
    return open(builder, address, Setting.LISTEN);
  }

  /** Opens the port for peers. */
  static Server openForPeers(HostPort address, IoThreads threads, BindableService service)
      throws StartException {
    NettyServerBuilder builder =
        builder(address, threads, Setting.PEER_LISTEN)
            .maxInboundMessageSize(PEER_MESSAGE_MAX_BYTES)
            .keepAliveTime(PEER_KEEPALIVE_MILLIS, TimeUnit.MILLISECONDS)
            .keepAliveTimeout(PEER_KEEPALIVE_MILLIS, TimeUnit.MILLISECONDS)
            .addService(service);
    return open(builder, address, Setting.PEER_LISTEN);
  }

  private static NettyServerBuilder builder(HostPort address, IoThreads threads, Setting setting)
      throws StartException {
    InetSocketAddress socket = new InetSocketAddress(address.host(), address.port());
    if (socket.isUnresolved()) {
      throw new StartException(
          "The host "
              + address.host()
              + " of "
              + setting.key()
              + " is not known to this machine. Set "
              + setting.key()
              + " or "
              + setting.flag()
              + " to an address of this machine.",
          null);
    }
    return NettyServerBuilder.forAddress(socket)
        .bossEventLoopGroup(threads.group())
        .workerEventLoopGroup(threads.group())
        .channelType(threads.serverChannelType())
        .directExecutor();
  }

  private static Server open(NettyServerBuilder builder, HostPort address, Setting setting)
      throws StartException {
    try {
      return builder.build().start();
    } catch (IOException e) {
      throw new StartException(sentence(address, setting, e), e);
    }
  }

  private static String sentence(HostPort address, Setting setting, IOException problem) {
    Throwable cause = problem.getCause() == null ? problem : problem.getCause();
    String why = String.valueOf(cause.getMessage());
    String advice =
        " Stop what uses it, or set " + setting.key() + " or " + setting.flag() + " to another.";
    if (why.contains("in use")) {
      return "Port "
          + address.port()
          + " ("
          + setting.key()
          + " is "
          + address
          + ") is in use already."
          + advice;
    }
    return "The address "
        + address
        + " of "
        + setting.key()
        + " cannot be listened on: "
        + why
        + ". Set "
        + setting.key()
        + " or "
        + setting.flag()
        + " to an address of this machine.";
  }

  /** Stops taking calls, gives those that are open a moment to end, and closes the port. */
  static void close(Server server, long graceMillis) {
    server.shutdown();
    try {
      if (!server.awaitTermination(graceMillis, TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(graceMillis, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
