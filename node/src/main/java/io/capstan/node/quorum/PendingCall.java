package io.capstan.node.quorum;

/** A client call that waits for replicas. */
abstract class PendingCall {
  final long requestId;
  final long callId;
  final long deadlineNanos;

  PendingCall(long requestId, long callId, long deadlineNanos) {
    this.requestId = requestId;
    this.callId = callId;
    this.deadlineNanos = deadlineNanos;
  }

  /** The next moment at which the call wants to be asked to resend, no later than its deadline. */
  long wakeNanos(long nowNanos) {
    return deadlineNanos;
  }

  /** How long after the next reminder the one after it follows. */
  long nextGapNanos(long gapNanos) {
    return gapNanos * 2;
  }

  /** Asks those again who have not answered; messages may have been lost. */
  abstract void resend();

  /** The deadline has passed: the call is no longer pending and must be answered. */
  abstract void expire();

  /** The keyspace goes away: the call is no longer pending and must be answered. */
  abstract void abandon(String code, String reason);
}
