package io.capstan.node.server;

import com.google.protobuf.Message;
import io.capstan.proto.v1.ErrorDetail;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where client calls enter: checks them and hands them to the event loop without waiting.
 *
 * <p>Thread-safe.
 */
final class CallIntake {

  /** How long a call may take whose client names no deadline. */
  static final long DEADLINE_DEFAULT_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** How long a call may take whatever its client says. */
  static final long DEADLINE_MAX_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** The answer leaves so much before the client's deadline, so that the client still hears why. */
  private static final long ANSWER_MARGIN_MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private static final int ANSWER_MARGIN_DIVISOR = 10;

  private final String nodeId;
  private final EventLoop loop;

  /**
   * @param nodeId named by receipts as the receiver
   * @param loop takes the calls
   */
  CallIntake(String nodeId, EventLoop loop) {
    this.nodeId = nodeId;
    this.loop = loop;
  }

  /** Takes one unary call; the observer hears exactly one answer or error, on any thread. */
  <R extends Message> void accept(Message request, StreamObserver<R> observer) {
    PendingCall call = open(request, observer);
    String objection = RequestCheck.objection(request);
    if (objection != null) {
      call.fail(invalid(objection), nodeId);
    } else if (!loop.offerCall(call, request.getSerializedSize())) {
      call.fail(loop.isStopping() ? EventLoop.stoppingFailed() : overloaded(), nodeId);
    }
  }

  /** Answers the call with the error without troubling the loop. */
  <R extends Message> void refuse(Message request, StreamObserver<R> observer, ErrorDetail error) {
    open(request, observer).fail(error, nodeId);
  }

  /** Takes the observer in, so that it hears one answer and none after a cancellation. */
  @SuppressWarnings("unchecked") // a reply belongs to its request; gRPC would refuse another type
  static <R extends Message> PendingCall open(Message request, StreamObserver<R> observer) {
    long now = System.nanoTime();
    PendingCall call =
        new PendingCall(
            request,
            (StreamObserver<Message>) (StreamObserver<?>) observer,
            now,
            now + timeoutNanos(Context.current().getDeadline()));
    if (observer instanceof ServerCallStreamObserver<R> server) {
      server.setOnCancelHandler(call::cancelled);
    }
    return call;
  }

  /** How long the replica may take over a call with that deadline. */
  static long timeoutNanos(@Nullable Deadline deadline) {
    if (deadline == null) {
      return DEADLINE_DEFAULT_NANOS;
    }
    long remaining =
        Math.min(Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)), DEADLINE_MAX_NANOS);
    return remaining - Math.min(remaining / ANSWER_MARGIN_DIVISOR, ANSWER_MARGIN_MAX_NANOS);
  }

  private static ErrorDetail invalid(String objection) {
    return ErrorStatus.failed(
        ErrorStatus.INVALID_ARGUMENT, objection, "Correct the request; nothing was changed.");
  }

  private static ErrorDetail overloaded() {
    return ErrorStatus.failed(
        ErrorStatus.OVERLOADED,
        "This node has more requests waiting than it may hold; the request was not begun.",
        "Wait a little and retry, with fewer requests at once, or ask another node.");
  }
}
