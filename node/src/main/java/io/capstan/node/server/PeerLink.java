package io.capstan.node.server;

import io.capstan.proto.peer.v1.Hello;
import io.capstan.proto.peer.v1.PeerFrame;
import io.capstan.proto.peer.v1.PeerMessage;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * This node's stream to one other node: queues messages, sends everything that is queued as one
 * frame whenever the stream has room, and keeps the stream alive.
 *
 * <p>A TCP connection that leads nowhere looks healthy for minutes. So what arrives is
 * acknowledged, an idle stream carries an empty frame now and then, and silence means that the
 * connection is given up and a new one is tried, often enough that a healed cut is noticed within a
 * second. Messages that waited too long are dropped: whoever sent them has asked again, and a stale
 * crowd would delay what is fresh.
 *
 * <p>{@link #send} and {@link #flush} belong to the event loop; the rest happens on the one I/O
 * thread of the peer port. {@link #start} and {@link #close} from any thread.
 */
final class PeerLink {

  /** Messages that wait for the stream; more are dropped. */
  static final int QUEUE_MAX = 16_384;

  /** Bytes that wait for the stream; more are dropped. */
  static final long QUEUE_MAX_BYTES = 64L << 20;

  /** A message that waited longer is not sent any more. */
  static final long MESSAGE_AGE_MAX_NANOS = 1_000_000_000L;

  /** A stream that has sent nothing for so long sends an empty frame. */
  static final long KEEPALIVE_INTERVAL_NANOS = 250_000_000L;

  /** Frames without any acknowledgement for so long: the connection is taken for dead. */
  static final long ACK_TIMEOUT_NANOS = 2_000_000_000L;

  /** An attempt that was not welcomed for so long is given up. */
  static final long ATTEMPT_TIMEOUT_NANOS = 800_000_000L;

  /** Between the starts of two attempts, at first. */
  static final long BACKOFF_MIN_NANOS = 50_000_000L;

  /** Between the starts of two attempts, at most. */
  static final long BACKOFF_MAX_NANOS = 500_000_000L;

  private static final long CHECK_INTERVAL_NANOS = 25_000_000L;

  /** A stream that is up needs no more than to be kept alive. */
  private static final long LINKED_CHECK_INTERVAL_NANOS = 100_000_000L;

  /** A check that comes so late tells of a pause of this process, not of the peer's silence. */
  private static final long PAUSE_NANOS = 500_000_000L;

  private static final Logger log = LoggerFactory.getLogger(PeerLink.class);

  private record Queued(PeerMessage message, long queuedNanos) {}

  private final Supplier<Hello> hello;
  private final PeerConnection.Dialer dialer;
  private final EventLoop io;
  private final Consumer<Boolean> linked;

  private final Inbox<Queued> queue = new Inbox<>();
  private final AtomicBoolean pumpScheduled = new AtomicBoolean();
  private final AtomicLong dropped = new AtomicLong();
  private boolean sentSinceFlush;

  // From here on: I/O thread only.
  private @Nullable PeerConnection connection;
  private @Nullable Queued held;
  private int heldBytes;
  private boolean isLinked;
  private boolean closed;
  private @Nullable ScheduledFuture<?> nextCheck;
  private long attemptStartedNanos;
  private long backoffNanos = BACKOFF_MIN_NANOS;
  private long lastCheckNanos;
  private String lastProblem = "";

  /**
   * @param hello how this node introduces itself to that peer, as of now
   * @param dialer makes connections to the peer's address
   * @param io the I/O thread that everything happens on
   * @param linked is told when the stream was opened or lost
   */
  PeerLink(
      Supplier<Hello> hello, PeerConnection.Dialer dialer, EventLoop io, Consumer<Boolean> linked) {
    this.hello = hello;
    this.dialer = dialer;
    this.io = io;
    this.linked = linked;
  }

  /** Begins to connect, and goes on until {@link #close}. */
  void start() {
    io.execute(
        () -> {
          long now = System.nanoTime();
          lastCheckNanos = now;
          attemptStartedNanos = now - BACKOFF_MAX_NANOS;
          planCheck(0);
        });
  }

  /** Queues the message, or drops it where too much waits already. */
  void send(PeerMessage message, long nowNanos) {
    int sizeBytes = message.getSerializedSize();
    if (sizeBytes > PeerProtocol.MESSAGE_MAX_BYTES) {
      throw new IllegalStateException(
          "a message of "
              + sizeBytes
              + " bytes to a peer is over the limit of "
              + PeerProtocol.MESSAGE_MAX_BYTES);
    }
    if (queue.offer(new Queued(message, nowNanos), 1, sizeBytes, QUEUE_MAX, QUEUE_MAX_BYTES)) {
      sentSinceFlush = true;
    } else {
      dropped.incrementAndGet();
    }
  }

  /** Wakes the I/O thread where something was queued. */
  void flush() {
    if (sentSinceFlush) {
      sentSinceFlush = false;
      if (pumpScheduled.compareAndSet(false, true)) {
        io.execute(this::pump);
      }
    }
  }

  /** Messages that were dropped, for want of room or for their age. */
  long dropped() {
    return dropped.get();
  }

  /** Ends the stream and all attempts. */
  void close() {
    if (io.isShuttingDown()) {
      return;
    }
    io.execute(
        () -> {
          closed = true;
          if (nextCheck != null) {
            nextCheck.cancel(false);
          }
          giveUp("this node is stopping");
        });
  }

  private void pump() {
    // Cleared first: whatever is queued from now on schedules another pump.
    pumpScheduled.set(false);
    PeerConnection open = connection;
    if (!isLinked || open == null) {
      return;
    }
    long now = System.nanoTime();
    while (open.isReady()) {
      PeerFrame.Builder frame = nextFrame(now);
      if (frame == null) {
        return;
      }
      open.send(frame, now);
    }
  }

  private PeerFrame.@Nullable Builder nextFrame(long now) {
    PeerFrame.Builder frame = null;
    int frameBytes = 0;
    int messages = 0;
    while (messages < PeerProtocol.FRAME_MESSAGES_MAX) {
      Queued next = nextFresh(now);
      if (next == null) {
        break;
      }
      if (messages > 0 && frameBytes + heldBytes > PeerProtocol.FRAME_MAX_BYTES) {
        break;
      }
      held = null;
      frame = frame == null ? PeerFrame.newBuilder() : frame;
      frame.addMessages(next.message);
      frameBytes += heldBytes;
      messages++;
    }
    return frame;
  }

  /** The oldest message that is young enough to be sent; it stays where it is, in {@code held}. */
  private @Nullable Queued nextFresh(long now) {
    while (true) {
      if (held == null) {
        held = queue.poll();
        heldBytes = queue.polledBytes();
      }
      if (held == null || now - held.queuedNanos <= MESSAGE_AGE_MAX_NANOS) {
        return held;
      }
      held = null;
      dropped.incrementAndGet();
    }
  }

  private void planCheck(long delayNanos) {
    if (nextCheck != null) {
      nextCheck.cancel(false);
    }
    nextCheck = io.schedule(this::check, delayNanos, TimeUnit.NANOSECONDS);
  }

  private void check() {
    if (closed) {
      return;
    }
    checkNow();
    planCheck(isLinked ? LINKED_CHECK_INTERVAL_NANOS : CHECK_INTERVAL_NANOS);
  }

  private void checkNow() {
    long now = System.nanoTime();
    boolean wasPaused = now - lastCheckNanos > PAUSE_NANOS;
    lastCheckNanos = now;
    PeerConnection open = connection;
    if (open == null) {
      nextFresh(now);
      if (now - attemptStartedNanos >= backoffNanos) {
        attempt(now);
      }
    } else if (wasPaused) {
      open.excuse(now);
      attemptStartedNanos = isLinked ? attemptStartedNanos : now;
    } else if (!isLinked) {
      nextFresh(now);
      if (now - attemptStartedNanos >= ATTEMPT_TIMEOUT_NANOS) {
        lost("no answer within " + ATTEMPT_TIMEOUT_NANOS / 1_000_000 + " ms", false);
      }
    } else if (open.silentNanos(now) >= ACK_TIMEOUT_NANOS) {
      lost("no acknowledgement for " + ACK_TIMEOUT_NANOS / 1_000_000 + " ms", false);
    } else if (open.isReady()) {
      pump();
      if (open.sinceLastSendNanos(now) >= KEEPALIVE_INTERVAL_NANOS) {
        open.send(PeerFrame.newBuilder(), now);
      }
    } else {
      nextFresh(now);
    }
  }

  private void attempt(long now) {
    attemptStartedNanos = now;
    connection =
        dialer.dial(
            new PeerConnection.Events() {
              @Override
              public void acknowledged(PeerConnection from, long frameNumber) {
                if (from == connection && !isLinked) {
                  welcomed();
                }
              }

              @Override
              public void ready(PeerConnection from) {
                if (from == connection) {
                  pump();
                }
              }

              @Override
              public void ended(PeerConnection from, String why, boolean refused) {
                if (from == connection) {
                  lost(why, refused);
                }
              }
            });
    connection.send(PeerFrame.newBuilder().setHello(hello.get()), now);
  }

  /** The first acknowledgement: the peer has accepted the hello. */
  private void welcomed() {
    isLinked = true;
    backoffNanos = BACKOFF_MIN_NANOS;
    lastProblem = "";
    log.atInfo()
        .addKeyValue("node", hello.get().getNodeId())
        .addKeyValue("peer", hello.get().getToNodeId())
        .log("peer up");
    linked.accept(true);
    pump();
  }

  private void lost(String why, boolean refused) {
    boolean wasLinked = isLinked;
    giveUp(why);
    if (closed) {
      return;
    }
    if (wasLinked) {
      planCheck(CHECK_INTERVAL_NANOS);
    } else {
      backoffNanos = Math.min(2 * backoffNanos, BACKOFF_MAX_NANOS);
    }
    // A peer that stays away is one line, not two a second.
    if (wasLinked || !why.equals(lastProblem)) {
      lastProblem = why;
      log.atLevel(refused ? Level.WARN : Level.INFO)
          .addKeyValue("node", hello.get().getNodeId())
          .addKeyValue("peer", hello.get().getToNodeId())
          .addKeyValue("why", why)
          .log(wasLinked ? "peer down" : "peer not reached");
    }
  }

  private void giveUp(String why) {
    PeerConnection old = connection;
    boolean wasLinked = isLinked;
    connection = null;
    isLinked = false;
    if (old != null) {
      old.close(why);
    }
    if (wasLinked) {
      linked.accept(false);
    }
  }
}
