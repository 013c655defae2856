package io.capstan.node.server;

import io.capstan.proto.peer.v1.LinkAck;
import io.capstan.proto.peer.v1.PeerFrame;
import io.capstan.proto.peer.v1.PeerGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a stream to a peer, over a TCP connection of its own: numbers frames, and knows
 * how long the peer has owed an acknowledgement. Confined to one I/O thread.
 */
final class PeerConnection {

  /** What a link is told of; always on the I/O thread. */
  interface Events {
    void acknowledged(PeerConnection from, long frameNumber);

    /** The stream has room again. */
    void ready(PeerConnection from);

    /**
     * The stream has ended; told at most once.
     *
     * @param refused whether the peer was there and would not listen
     */
    void ended(PeerConnection from, String why, boolean refused);
  }

  /** Makes connections to one address. */
  @FunctionalInterface
  interface Dialer {
    PeerConnection dial(Events events);
  }

  private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

  private final ManagedChannel channel;
  private final Events events;
  private @Nullable ClientCallStreamObserver<PeerFrame> stream;
  private long sentFrames;
  private long acknowledgedFrames;
  private long progressNanos;
  private long lastSendNanos;
  private boolean over;

  private PeerConnection(ManagedChannel channel, Events events) {
    this.channel = channel;
    this.events = events;
  }

  /**
   * @param host name or address of the peer
   * @param port of its peer port
   * @param threads the peer port's
   * @param io the thread of those that the link lives on
   * @param lookups runs name look-ups, which may block
   */
  static Dialer dialer(String host, int port, IoThreads threads, EventLoop io, Executor lookups) {
    return events -> {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(host, port)
              .usePlaintext()
              .eventLoopGroup(threads.group())
              .channelType(threads.channelType())
              .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
              .executor(io)
              .offloadExecutor(lookups)
              .proxyDetector(address -> null)
              .disableRetry()
              .maxInboundMessageSize(1 << 16)
              .build();
      PeerConnection connection = new PeerConnection(channel, events);
      connection.open();
      return connection;
    };
  }

  private void open() {
    PeerGrpc.newStub(channel)
        .withOnReadyThreshold(PeerProtocol.FRAME_MAX_BYTES)
        .link(
            new ClientResponseObserver<PeerFrame, LinkAck>() {
              @Override
              public void beforeStart(ClientCallStreamObserver<PeerFrame> requests) {
                stream = requests;
                requests.setOnReadyHandler(() -> events.ready(PeerConnection.this));
              }

              @Override
              public void onNext(LinkAck ack) {
                acknowledgedFrames = Math.max(acknowledgedFrames, ack.getFrameNumber());
                progressNanos = System.nanoTime();
                events.acknowledged(PeerConnection.this, ack.getFrameNumber());
              }

              @Override
              public void onError(Throwable problem) {
                boolean refused =
                    Status.fromThrowable(problem).getCode() == Status.Code.FAILED_PRECONDITION;
                end(reason(problem), refused);
              }

              @Override
              public void onCompleted() {
                end("the peer closed the stream", false);
              }
            });
  }

  private static String reason(Throwable problem) {
    Status status = Status.fromThrowable(problem);
    Throwable cause = status.getCause();
    String description = status.getDescription();
    if (cause != null
        && cause.getMessage() != null
        && status.getCode() == Status.Code.UNAVAILABLE) {
      return cause.getMessage();
    }
    return description == null ? status.getCode().toString() : description;
  }

  private void end(String why, boolean refused) {
    if (!over) {
      over = true;
      events.ended(this, why, refused);
    }
  }

  boolean isReady() {
    return !over && stream != null && stream.isReady();
  }

  /** Numbers the frame and sends it; the stream holds it while it is not ready. */
  void send(PeerFrame.Builder frame, long nowNanos) {
    if (over || stream == null) {
      return;
    }
    if (acknowledgedFrames == sentFrames) {
      progressNanos = nowNanos;
    }
    lastSendNanos = nowNanos;
    stream.onNext(frame.setFrameNumber(++sentFrames).build());
  }

  long sinceLastSendNanos(long nowNanos) {
    return nowNanos - lastSendNanos;
  }

  /** How long the peer has owed an acknowledgement without giving any; 0 where it owes none. */
  long silentNanos(long nowNanos) {
    return acknowledgedFrames == sentFrames ? 0 : nowNanos - progressNanos;
  }

  /** Starts the peer's time anew, because this process was not there to hear it. */
  void excuse(long nowNanos) {
    progressNanos = nowNanos;
  }

  /** Ends the stream and its TCP connection. */
  void close(String why) {
    boolean wasOver = over;
    over = true;
    if (!wasOver && stream != null) {
      stream.cancel(why, null);
    }
    channel.shutdownNow();
  }
}
