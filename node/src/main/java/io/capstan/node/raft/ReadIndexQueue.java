package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Linearizable reads without log entries (Raft dissertation, section 6.4). Reads gather; a round
 * notes the commit index and asks all followers whether this node still leads; a quorum of answers
 * confirms every read of the round.
 *
 * <p>A round only counts answers to questions that were asked after its reads arrived. That is why
 * each round has a number of its own, given once and for all, and never the id of a request, which
 * a client may use again.
 */
final class ReadIndexQueue {

  private record Round(long sequence, long readIndex, List<Long> requestIds) {}

  private final int readsMax;
  private final int roundsMax;
  private final Deque<Round> rounds = new ArrayDeque<>();
  private List<Long> waiting = new ArrayList<>();
  private int size;

  ReadIndexQueue(int readsMax, int roundsMax) {
    this.readsMax = readsMax;
    this.roundsMax = roundsMax;
  }

  /** Takes a read, unless as many as allowed are pending. */
  boolean add(long requestId) {
    if (size >= readsMax) {
      return false;
    }
    waiting.add(requestId);
    size++;
    return true;
  }

  boolean wantsRound() {
    return !waiting.isEmpty() && rounds.size() < roundsMax;
  }

  /** Closes a round over all reads that wait. */
  void startRound(long sequence, long readIndex) {
    Round last = rounds.peekLast();
    if (last != null) {
      RaftInvariantViolation.require(
          sequence > last.sequence(), "a read round has a fresh number", sequence, last.sequence());
    }
    rounds.addLast(new Round(sequence, readIndex, waiting));
    waiting = new ArrayList<>();
  }

  /** Confirms every round up to the one that a quorum has answered. */
  void confirm(long sequence, Outbox outbox) {
    for (Round first = rounds.peekFirst();
        first != null && first.sequence() <= sequence;
        first = rounds.peekFirst()) {
      rounds.removeFirst();
      size -= first.requestIds().size();
      for (long requestId : first.requestIds()) {
        outbox.confirmRead(new ReadState(requestId, first.readIndex()));
      }
    }
  }

  /** Empties the queue, in order of arrival. */
  void rejectAll(LongConsumer reject) {
    for (Round round : rounds) {
      round.requestIds().forEach(reject::accept);
    }
    waiting.forEach(reject::accept);
    rounds.clear();
    waiting = new ArrayList<>();
    size = 0;
  }
}
