package io.capstan.node.replica;

import io.capstan.proto.peer.v1.SnapshotAnswer;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One follower's snapshot as its sender sees it: how far it is stored there, and what is under way.
 */
final class SnapshotTransfer {

  final long id;
  final String follower;
  @Nullable SnapshotManifest manifest;
  private long sizeBytes;
  private long storedOffset;
  private long nextOffset;
  private boolean asked = true;
  private int unanswered;
  private long lastNewsNanos;
  // Offsets that are being read from disk; what was read after a step back is not sent.
  private final TreeSet<Long> reading = new TreeSet<>();

  SnapshotTransfer(long id, String follower) {
    this.id = id;
    this.follower = follower;
  }

  void begin(SnapshotManifest found, long nowNanos) {
    manifest = found;
    sizeBytes = SnapshotFiles.sizeBytes(found);
    lastNewsNanos = nowNanos;
  }

  /** The receiver said where it stands; returns whether that is news. */
  boolean answered(SnapshotAnswer answer, long nowNanos) {
    unanswered = 0;
    long stands = Math.min(answer.getNextOffset(), sizeBytes);
    if (asked) {
      asked = false;
      storedOffset = stands;
      nextOffset = stands;
      reading.clear();
      lastNewsNanos = nowNanos;
      return true;
    }
    if (stands <= storedOffset) {
      return false;
    }
    storedOffset = stands;
    nextOffset = Math.max(nextOffset, stands);
    reading.headSet(stands).clear();
    lastNewsNanos = nowNanos;
    return true;
  }

  /** Whether the receiver has been silent, or stuck, for so long. */
  boolean isSilent(long timeoutNanos, long nowNanos) {
    return nowNanos - lastNewsNanos >= timeoutNanos;
  }

  long silentAtNanos(long timeoutNanos) {
    return lastNewsNanos + timeoutNanos;
  }

  /** The receiver is asked where it stands; nothing is sent until it says. */
  int ask(long nowNanos) {
    asked = true;
    reading.clear();
    lastNewsNanos = nowNanos;
    return ++unanswered;
  }

  /** Where to read next, or -1 where the window is full or nothing is left. */
  long wantsToRead(long windowBytes) {
    boolean may = !asked && nextOffset < sizeBytes && nextOffset - storedOffset < windowBytes;
    return may ? nextOffset : -1;
  }

  void reads(long offset, int lengthBytes) {
    reading.add(offset);
    nextOffset = offset + lengthBytes;
  }

  /** Whether what was read is still to be sent. */
  boolean hasRead(long offset) {
    return reading.remove(offset);
  }
}
