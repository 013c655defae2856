package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The span in which this leader needs to ask nobody before it serves a read (Raft dissertation,
 * section 6.4.1): a quorum that heard of it at a moment after {@code sentNanos} votes for nobody
 * else for one election timeout from then on. So it counts from the moment at which the question
 * was sent, never from the answer, and is shortened by how far clocks may run apart.
 */
final class LeaderLease {
  private static final int ROUNDS_MAX = 64;
  private static final long MILLION = 1_000_000L;

  private record Round(long sequence, long sentNanos) {}

  private final boolean wanted;
  private final long lengthNanos;
  private final Deque<Round> rounds = new ArrayDeque<>();
  private boolean confirmed;
  private long startNanos;
  private boolean forfeited;

  LeaderLease(RaftConfig config) {
    wanted = config.leaseReads();
    long drift = config.clockDriftMaxPartsPerMillion();
    // A slow clock here and a fast one there: both errors shorten what can be relied on.
    long timeoutNanos = config.electionTimeoutNanos();
    lengthNanos = timeoutNanos - (2 * timeoutNanos * drift / (MILLION + drift) + 1);
  }

  /** Whether heartbeats are to be numbered, so that their answers prolong the lease. */
  boolean isWanted() {
    return wanted && !forfeited;
  }

  /** Notes a round of questions, of which none leaves before this moment. */
  void roundSent(long sequence, long nowNanos) {
    if (isWanted() && rounds.size() < ROUNDS_MAX) {
      rounds.addLast(new Round(sequence, nowNanos));
    }
  }

  /** A quorum has answered a question of this round or a later one. */
  void answered(long sequence) {
    for (Round first = rounds.peekFirst();
        first != null && first.sequence() <= sequence;
        first = rounds.peekFirst()) {
      confirmed = true;
      startNanos = first.sentNanos();
      rounds.removeFirst();
    }
  }

  /** Gives the lease up for the rest of the term: somebody was told not to wait for its end. */
  void forfeit() {
    forfeited = true;
    confirmed = false;
    rounds.clear();
  }

  boolean isHeld(long nowNanos) {
    return confirmed && !forfeited && nowNanos - startNanos < lengthNanos;
  }
}
