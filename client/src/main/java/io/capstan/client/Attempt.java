package io.capstan.client;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request on one connection. Knows whether the request may have left this process, which the
 * status of gRPC alone does not say: UNAVAILABLE stands for a refused connection as well as for one
 * that broke while the answer was awaited.
 */
final class Attempt<Q, R> extends ClientCall.Listener<R> {

  /** Told once, on a network thread, how the attempt ended. */
  interface Listener<R> {
    void answered(Endpoint endpoint, R response);

    void failed(Endpoint endpoint, Failure failure);
  }

  private final Endpoint endpoint;
  private final Listener<R> listener;
  private final SentTracer tracer = new SentTracer();
  private @Nullable R response;
  private Delays.@Nullable Task connectLimit;

  private Attempt(Endpoint endpoint, Listener<R> listener) {
    this.endpoint = endpoint;
    this.listener = listener;
  }

  /**
   * Starts an attempt.
   *
   * @param answerNanos after so long without an answer the attempt is cancelled
   * @param connectNanos after so long without a connection it is cancelled, surely without effect
   */
  static <Q, R> void start(
      Endpoint endpoint,
      MethodDescriptor<Q, R> method,
      Q request,
      long answerNanos,
      long connectNanos,
      Delays delays,
      Listener<R> listener) {
    Attempt<Q, R> attempt = new Attempt<>(endpoint, listener);
    ManagedChannel channel = endpoint.channel();
    ClientCall<Q, R> call =
        channel.newCall(
            method,
            CallOptions.DEFAULT
                .withDeadlineAfter(answerNanos, TimeUnit.NANOSECONDS)
                .withStreamTracerFactory(attempt.tracer));
    if (connectNanos < answerNanos && channel.getState(false) != ConnectivityState.READY) {
      attempt.connectLimit =
          delays.after(
              connectNanos,
              () -> {
                if (!attempt.tracer.created) {
                  call.cancel("no connection within the time allowed for it", null);
                }
              });
    }
    endpoint.begin();
    call.start(attempt, new Metadata());
    call.request(2);
    call.sendMessage(request);
    call.halfClose();
  }

  @Override
  public void onMessage(R message) {
    response = message;
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    endpoint.end();
    if (connectLimit != null) {
      connectLimit.cancel();
    }
    R message = response;
    if (status.isOk() && message != null) {
      listener.answered(endpoint, message);
      return;
    }
    Status judged =
        status.isOk() ? Status.INTERNAL.withDescription("an answer without a message") : status;
    listener.failed(endpoint, Failure.of(endpoint.address(), judged, trailers, tracer.created));
  }

  /** Its own factory: one attempt makes at most one stream, since gRPC's own retries are off. */
  private static final class SentTracer extends ClientStreamTracer.Factory {
    private volatile boolean created;

    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new ClientStreamTracer() {
        @Override
        public void streamCreated(Attributes transportAttributes, Metadata sentHeaders) {
          created = true;
        }
      };
    }
  }
}
