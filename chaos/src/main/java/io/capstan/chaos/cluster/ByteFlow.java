package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * One direction of a {@link ProxiedConnection}: reads from one socket, writes to the other, holds
 * at most one buffer. An orderly end of the source is passed on once everything before it has been
 * written, and the other direction goes on.
 */
final class ByteFlow {
  /** Buffers that one direction may move before the other connections have their turn. */
  private static final int ROUNDS_MAX = 16;

  /** So many bytes may be late; then the source is slowed by TCP, as by a full pipe. */
  private static final int LATE_MAX_BYTES = 1 << 20;

  /** What a lost packet costs: the stream stands still until TCP has sent it again. */
  private static final long RETRANSMIT_NANOS = 200_000_000L;

  private static final SplittableRandom LOSSES = new SplittableRandom(1);

  private final ArrayDeque<Late> late = new ArrayDeque<>();
  private int lateBytes;
  private long lastDueNanos;
  private boolean isBlocked;

  /** Bytes that may not go on before their time. */
  private record Late(long dueNanos, ByteBuffer bytes) {}

  private final ByteBuffer buffer;
  private boolean sourceEnded;
  private boolean done;

  ByteFlow(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  ByteBuffer buffer() {
    return buffer;
  }

  /** Reads what fits, without writing anything. */
  void fill(SocketChannel source) throws IOException {
    while (!sourceEnded && buffer.hasRemaining()) {
      int count = source.read(buffer);
      if (count < 0) {
        sourceEnded = true;
      } else if (count == 0) {
        return;
      }
    }
  }

  /** Moves bytes until one of the sockets would block or others should have their turn. */
  void move(SocketChannel source, SocketChannel sink) throws IOException {
    for (int round = 0; round < ROUNDS_MAX && !done; round++) {
      int before = buffer.position();
      if (!sourceEnded && buffer.hasRemaining() && source.read(buffer) < 0) {
        sourceEnded = true;
      }
      boolean nothingRead = buffer.position() == before;
      if (buffer.position() > 0) {
        buffer.flip();
        sink.write(buffer);
        buffer.compact();
      }
      if (sourceEnded && buffer.position() == 0) {
        sink.shutdownOutput();
        done = true;
      }
      if (nothingRead || buffer.position() > 0) {
        return;
      }
    }
  }

  /**
   * Moves bytes that take their time. Nothing overtakes: a stream over a link that loses packets
   * stands still until the lost one has come again.
   */
  void moveLate(SocketChannel source, SocketChannel sink, long nowNanos, LinkQuality quality)
      throws IOException {
    takeIn(source, nowNanos, quality);
    isBlocked = false;
    for (Late next = late.peek();
        next != null && next.dueNanos() - nowNanos <= 0;
        next = late.peek()) {
      ByteBuffer bytes = next.bytes();
      int before = bytes.remaining();
      sink.write(bytes);
      lateBytes -= before - bytes.remaining();
      if (bytes.hasRemaining()) {
        isBlocked = true;
        return;
      }
      late.remove();
    }
    if (sourceEnded && late.isEmpty() && !done) {
      sink.shutdownOutput();
      done = true;
    }
  }

  private void takeIn(SocketChannel source, long nowNanos, LinkQuality quality) throws IOException {
    for (int round = 0; round < ROUNDS_MAX && lateBytes < LATE_MAX_BYTES; round++) {
      if (!sourceEnded && buffer.hasRemaining() && source.read(buffer) < 0) {
        sourceEnded = true;
      }
      if (buffer.position() == 0) {
        return;
      }
      buffer.flip();
      ByteBuffer bytes = ByteBuffer.allocate(buffer.remaining()).put(buffer).flip();
      buffer.clear();
      boolean isLost = LOSSES.nextInt(100) < quality.lossPercent();
      long dueNanos =
          nowNanos
              + TimeUnit.MILLISECONDS.toNanos(quality.delayMillis())
              + (isLost ? RETRANSMIT_NANOS : 0);
      lastDueNanos = late.isEmpty() ? dueNanos : Math.max(lastDueNanos, dueNanos);
      late.add(new Late(lastDueNanos, bytes));
      lateBytes += bytes.remaining();
    }
  }

  /** Whether something waits for its time. */
  boolean hasLate() {
    return !late.isEmpty();
  }

  /** Returns when the next of what is late may go on. */
  long nextLateNanos() {
    Late next = late.peek();
    return next == null ? 0 : next.dueNanos();
  }

  boolean sourceEnded() {
    return sourceEnded;
  }

  /** Whether the end of the source has been passed on. */
  boolean isDone() {
    return done;
  }

  boolean wantsToRead() {
    return !sourceEnded && buffer.hasRemaining() && lateBytes < LATE_MAX_BYTES;
  }

  boolean wantsToWrite() {
    return buffer.position() > 0 || isBlocked;
  }
}
