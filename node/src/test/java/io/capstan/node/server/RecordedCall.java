package io.capstan.node.server;

import com.google.protobuf.Message;
import io.capstan.proto.v1.ErrorDetail;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A client call whose observer keeps what it hears. */
final class RecordedCall implements StreamObserver<Message> {

  final List<Object> heard = new CopyOnWriteArrayList<>();
  final PendingCall call;

  RecordedCall(Message request) {
    this(request, TimeUnit.SECONDS.toNanos(5));
  }

  RecordedCall(Message request, long timeoutNanos) {
    long now = System.nanoTime();
    this.call = new PendingCall(request, this, now, now + timeoutNanos);
  }

  @Override
  public void onNext(Message value) {
    heard.add(value);
  }

  @Override
  public void onError(Throwable problem) {
    heard.add(detail(problem));
  }

  @Override
  public void onCompleted() {
    heard.add("completed");
  }

  /** The detail that an error of gRPC carries. */
  static ErrorDetail detail(Throwable problem) {
    try {
      return StatusProto.fromThrowable(problem).getDetails(0).unpack(ErrorDetail.class);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
