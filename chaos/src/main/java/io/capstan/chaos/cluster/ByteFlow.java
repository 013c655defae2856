package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * One direction of a {@link ProxiedConnection}: reads from one socket, writes to the other, holds
 * at most one buffer. An orderly end of the source is passed on once everything before it has been
 * written, and the other direction goes on.
 */
final class ByteFlow {
  /** Buffers that one direction may move before the other connections have their turn. */
  private static final int ROUNDS_MAX = 16;

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

  boolean sourceEnded() {
    return sourceEnded;
  }

  /** Whether the end of the source has been passed on. */
  boolean isDone() {
    return done;
  }

  boolean wantsToRead() {
    return !sourceEnded && buffer.hasRemaining();
  }

  boolean wantsToWrite() {
    return buffer.position() > 0;
  }
}
