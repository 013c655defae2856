package io.capstan.node.server;

import com.google.protobuf.Message;
import io.capstan.proto.v1.ErrorDetail;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A client call between its arrival and its one answer.
 *
 * <p>Thread-safe: whoever comes first of answer, error and cancellation wins, the others do
 * nothing.
 */
final class PendingCall implements Work {

  private static final VarHandle OBSERVER;

  static {
    try {
      OBSERVER =
          MethodHandles.lookup().findVarHandle(PendingCall.class, "observer", StreamObserver.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Message request;
  private final long receivedNanos;
  private final long deadlineNanos;

  /** Null once the call is answered or cancelled, so that neither happens twice. */
  @SuppressWarnings("UnusedVariable") // through OBSERVER
  private volatile @Nullable StreamObserver<Message> observer;

  /**
   * @param observer where the one answer goes
   * @param receivedNanos on the clock of {@link System#nanoTime}
   * @param deadlineNanos on the same clock: when an answer is of no use any more
   */
  PendingCall(
      Message request, StreamObserver<Message> observer, long receivedNanos, long deadlineNanos) {
    this.request = request;
    this.observer = observer;
    this.receivedNanos = receivedNanos;
    this.deadlineNanos = deadlineNanos;
  }

  Message request() {
    return request;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  /** Whether the call has been answered or cancelled. */
  boolean isOver() {
    return observer == null;
  }

  /** The client is gone: nothing will be sent, and the connection's state is let go. */
  void cancelled() {
    takeObserver();
  }

  /** Answers with the response, completed with what only the shell knows. */
  void answer(Message response, String nodeId) {
    StreamObserver<Message> to = takeObserver();
    if (to == null) {
      return;
    }
    try {
      to.onNext(Receipts.complete(response, nodeId, elapsedMicros()));
      to.onCompleted();
    } catch (RuntimeException e) {
      refuse(to, e);
    }
  }

  /** Answers with the error, completed with what only the shell knows. */
  void fail(ErrorDetail error, String nodeId) {
    StreamObserver<Message> to = takeObserver();
    if (to == null) {
      return;
    }
    try {
      to.onError(ErrorStatus.of(Receipts.complete(error, nodeId, elapsedMicros())));
    } catch (RuntimeException e) {
      refuse(to, e);
    }
  }

  /** A client that cancelled in this instant makes the observer throw: nobody is waiting. */
  private static void refuse(StreamObserver<Message> to, RuntimeException problem) {
    try {
      to.onError(
          Status.INTERNAL
              .withDescription("the answer could not be sent")
              .withCause(problem)
              .asRuntimeException());
    } catch (RuntimeException alreadyClosed) {
      // The call was closed or cancelled before: it is over, which is all that is wanted.
    }
  }

  @SuppressWarnings("unchecked")
  private @Nullable StreamObserver<Message> takeObserver() {
    return (StreamObserver<Message>) OBSERVER.getAndSet(this, null);
  }

  private long elapsedMicros() {
    return Math.max(0, (System.nanoTime() - receivedNanos) / 1_000);
  }
}
