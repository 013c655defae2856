package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.Deque;

/** What the leader knows of one follower, and how much more it may send to it. */
final class Progress {

  private record Inflight(long lastIndex, long bytes) {}

  private final int inflightMessagesMax;
  private final long inflightBytesMax;
  private final Deque<Inflight> inflight = new ArrayDeque<>();
  private long inflightBytes;

  private ProgressState state = ProgressState.PROBE;
  private long matchIndex;
  private long nextIndex;
  private boolean probeSent;
  private long commitIndexSent;
  private long readSequenceSent;
  private long readSequenceAnswered;
  private long contactNanos;
  private int emptyUnanswered;

  Progress(RaftConfig config, long nextIndex, long nowNanos) {
    this.inflightMessagesMax = config.inflightMessagesMax();
    this.inflightBytesMax = config.inflightBytesMax();
    this.nextIndex = nextIndex;
    this.contactNanos = nowNanos;
  }

  ProgressState state() {
    return state;
  }

  long matchIndex() {
    return matchIndex;
  }

  long nextIndex() {
    return nextIndex;
  }

  int inflightMessages() {
    return inflight.size();
  }

  long inflightBytes() {
    return inflightBytes;
  }

  long commitIndexSent() {
    return commitIndexSent;
  }

  long readSequenceSent() {
    return readSequenceSent;
  }

  long readSequenceAnswered() {
    return readSequenceAnswered;
  }

  long contactNanos() {
    return contactNanos;
  }

  /** Whether a message with entries may go now. */
  boolean maySendEntries() {
    return switch (state) {
      case PROBE -> !probeSent;
      case REPLICATE -> inflight.size() < inflightMessagesMax && inflightBytes < inflightBytesMax;
      case SNAPSHOT -> false;
    };
  }

  /** Notes a message with the entries from {@link #nextIndex} to {@code lastIndex}. */
  void sentEntries(long lastIndex, long bytes) {
    if (state == ProgressState.PROBE) {
      probeSent = true;
      return;
    }
    inflight.addLast(new Inflight(lastIndex, bytes));
    inflightBytes += bytes;
    nextIndex = lastIndex + 1;
  }

  /**
   * Whether a message without entries may go now that is no heartbeat: a silent follower is not
   * sent one for every commit and every read.
   */
  boolean maySendEmpty() {
    return emptyUnanswered < inflightMessagesMax;
  }

  void sentEmpty() {
    emptyUnanswered++;
  }

  /** Whether the follower holds the entry at {@code index} and was told that it is committed. */
  boolean knowsCommit(long index) {
    return matchIndex >= index && commitIndexSent >= index;
  }

  /** Notes what every message carries besides entries. */
  void sent(long commitIndex, long readSequence) {
    commitIndexSent = Math.max(commitIndexSent, commitIndex);
    readSequenceSent = Math.max(readSequenceSent, readSequence);
  }

  /** Notes any answer in the leader's term. */
  void heard(long nowNanos, long readSequence) {
    contactNanos = nowNanos;
    emptyUnanswered = 0;
    readSequenceAnswered = Math.max(readSequenceAnswered, readSequence);
  }

  /**
   * The follower's log agrees up to {@code agreedIndex} and is durable up to {@code durableIndex}.
   *
   * @param firstIndex first entry that the leader still has
   * @return whether the match index rose
   */
  boolean accepted(long agreedIndex, long durableIndex, long firstIndex) {
    boolean rose = durableIndex > matchIndex;
    matchIndex = Math.max(matchIndex, durableIndex);
    for (Inflight first = inflight.peekFirst();
        first != null && first.lastIndex() <= matchIndex;
        first = inflight.peekFirst()) {
      inflightBytes -= first.bytes();
      inflight.removeFirst();
    }
    boolean found =
        switch (state) {
          case PROBE -> agreedIndex >= nextIndex - 1;
          case REPLICATE -> false;
          case SNAPSHOT -> agreedIndex >= firstIndex - 1;
        };
    if (found) {
      state = ProgressState.REPLICATE;
      nextIndex = agreedIndex + 1;
    }
    nextIndex = Math.max(nextIndex, matchIndex + 1);
    return rose;
  }

  /**
   * Whether a refusal speaks of the follower's log as it is now, and not of a message overtaken by
   * a later answer.
   *
   * @param firstIndex first entry that the leader still has: it asks for nothing before
   */
  boolean isCurrentRefusal(long prevIndex, long firstIndex) {
    return switch (state) {
      case PROBE -> prevIndex == Math.max(nextIndex, firstIndex) - 1 && prevIndex > matchIndex;
      case REPLICATE -> prevIndex > matchIndex;
      case SNAPSHOT -> false;
    };
  }

  /** Looks for the point of agreement again, from {@code nextIndex} backwards. */
  void probeFrom(long nextIndex) {
    state = ProgressState.PROBE;
    this.nextIndex = Math.max(nextIndex, matchIndex + 1);
    probeSent = false;
    inflight.clear();
    inflightBytes = 0;
  }

  /**
   * Waits for an answer before anything else is sent: a follower that did not take its snapshot is
   * offered another one only once it speaks.
   */
  void probeWhenHeard(long nextIndex) {
    probeFrom(nextIndex);
    probeSent = true;
  }

  /** The entries that the follower needs are gone. */
  void needSnapshot() {
    state = ProgressState.SNAPSHOT;
    inflight.clear();
    inflightBytes = 0;
  }
}
