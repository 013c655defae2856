package io.capstan.node.quorum;

import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What anti-entropy has sent to each peer lately, and the peer's clock does not show yet. Clocks
 * come more often than a busy peer takes in what it lacks; without this, every one of them would be
 * answered with the same rows again, which would make it busier still.
 *
 * <p>An answer counts for so long and no longer: then it is taken for lost, and its dots are sent
 * again to a peer that still lacks them.
 */
final class UnderWay {

  /** Answers that are remembered of one peer; the oldest counts as lost beyond that. */
  private static final int ANSWERS_MAX = 16;

  // What the peer will have seen once the answer has come.
  private record Answer(NodeClock seen, long untilNanos) {}

  private final StepTime time;
  private final long patienceNanos;
  // Looked up only.
  private final Map<String, ArrayDeque<Answer>> byPeer = new HashMap<>();

  /**
   * @param patienceNanos how long an answer is waited for
   */
  UnderWay(StepTime time, long patienceNanos) {
    this.time = time;
    this.patienceNanos = patienceNanos;
  }

  /** What the peer will have seen once everything has come that is on the way to it. */
  NodeClock seenSoon(String peer, NodeClock theirs) {
    ArrayDeque<Answer> answers = fresh(peer);
    if (answers.isEmpty()) {
      return theirs;
    }
    NodeClock soon = theirs.copy();
    answers.forEach(answer -> soon.join(answer.seen()));
    return soon;
  }

  /**
   * An answer was sent.
   *
   * @param seenBefore what the peer had seen, or will have, without it
   */
  void sent(String peer, NodeClock seenBefore, List<Dot> dots) {
    NodeClock seen = seenBefore.copy();
    dots.forEach(seen::add);
    ArrayDeque<Answer> answers = byPeer.computeIfAbsent(peer, name -> new ArrayDeque<>());
    if (answers.size() == ANSWERS_MAX) {
      answers.remove();
    }
    answers.add(new Answer(seen, time.nowNanos() + patienceNanos));
  }

  void replicasChanged(List<String> names) {
    byPeer.keySet().retainAll(names);
  }

  private ArrayDeque<Answer> fresh(String peer) {
    ArrayDeque<Answer> answers = byPeer.getOrDefault(peer, new ArrayDeque<>());
    while (!answers.isEmpty() && answers.element().untilNanos() - time.nowNanos() <= 0) {
      answers.remove();
    }
    return answers;
  }
}
