package io.capstan.node.quorum;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The client calls that wait for replicas, bounded in number, each with a deadline and reminders in
 * between.
 */
final class PendingCalls {

  private record Due(long atNanos, long order, long gapNanos, long requestId) {}

  // Nanoseconds of a monotonic clock may wrap around: only differences count.
  private static final Comparator<Due> SOONEST_FIRST =
      (a, b) ->
          a.atNanos != b.atNanos
              ? Long.compare(a.atNanos - b.atNanos, 0)
              : Long.compare(a.order, b.order);

  private final Map<Long, PendingCall> calls = new LinkedHashMap<>();
  // A finished call leaves its entry behind until that comes to the front.
  private final PriorityQueue<Due> queue = new PriorityQueue<>(SOONEST_FIRST);
  private final int callsMax;
  private final long resendAfterNanos;
  private long lastRequestId;
  private long lastOrder;

  /**
   * @param random where request ids start: an answer to an earlier run of this node, still on its
   *     way, must not be taken for an answer to this one
   */
  PendingCalls(QuorumConfig config, RandomGenerator random) {
    this.callsMax = config.limits().callsMax();
    this.resendAfterNanos = config.resendAfterMillis() * 1_000_000;
    this.lastRequestId = random.nextLong();
  }

  long nextRequestId() {
    return ++lastRequestId;
  }

  boolean isFull() {
    return calls.size() >= callsMax;
  }

  int size() {
    return calls.size();
  }

  void open(PendingCall call, long nowNanos) {
    calls.put(call.requestId, call);
    enqueue(call, nowNanos, resendAfterNanos);
  }

  boolean isOpen(PendingCall call) {
    return calls.get(call.requestId) == call;
  }

  /** The call, or null where it was answered already. */
  @Nullable PendingCall get(long requestId) {
    return calls.get(requestId);
  }

  void close(PendingCall call) {
    calls.remove(call.requestId);
  }

  /** The open calls in the order in which they came; a copy, so that they may be closed. */
  List<PendingCall> all() {
    return new ArrayList<>(calls.values());
  }

  /** The moment of the next deadline or reminder; empty where no call waits. */
  OptionalLong nextTickNanos() {
    Due due = queue.peek();
    // Most calls are answered before they are due, and nobody is to be woken for them.
    while (due != null && !calls.containsKey(due.requestId)) {
      queue.poll();
      due = queue.peek();
    }
    return due == null ? OptionalLong.empty() : OptionalLong.of(due.atNanos);
  }

  void tick(long nowNanos) {
    Due due;
    while ((due = queue.peek()) != null && due.atNanos - nowNanos <= 0) {
      queue.poll();
      PendingCall call = calls.get(due.requestId);
      if (call == null) {
        continue;
      }
      if (call.deadlineNanos - nowNanos <= 0) {
        close(call);
        call.expire();
      } else {
        call.resend();
        enqueue(call, nowNanos, call.nextGapNanos(due.gapNanos));
      }
    }
  }

  private void enqueue(PendingCall call, long nowNanos, long gapNanos) {
    long untilWoken = call.wakeNanos(nowNanos) - nowNanos;
    queue.add(
        new Due(nowNanos + Math.min(untilWoken, gapNanos), ++lastOrder, gapNanos, call.requestId));
  }

  void abandonAll(String code, String reason) {
    for (PendingCall call : all()) {
      close(call);
      call.abandon(code, reason);
    }
    queue.clear();
  }
}
