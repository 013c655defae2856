package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Bound on what a leader has accepted and not yet committed, so that a leader without a quorum
 * fills no memory.
 */
final class UncommittedBytes {

  private record Pending(long index, long bytes) {}

  private final long bytesMax;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private long bytes;

  UncommittedBytes(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  long bytes() {
    return bytes;
  }

  /**
   * Whether an entry of this size may join; alone it always may, or a large one could never be
   * written.
   */
  boolean admits(long entryBytes) {
    return pending.isEmpty() || bytes + entryBytes <= bytesMax;
  }

  void add(Entry entry) {
    pending.addLast(new Pending(entry.index(), entry.sizeBytes()));
    bytes += entry.sizeBytes();
  }

  void committed(long commitIndex) {
    for (Pending first = pending.peekFirst();
        first != null && first.index() <= commitIndex;
        first = pending.peekFirst()) {
      bytes -= first.bytes();
      pending.removeFirst();
    }
  }
}
