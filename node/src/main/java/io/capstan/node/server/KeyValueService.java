package io.capstan.node.server;

import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.grpc.stub.StreamObserver;

/** {@code capstan.v1.KeyValue}: everything goes to the event loop. Thread-safe, never blocks. */
final class KeyValueService extends KeyValueGrpc.KeyValueImplBase {

  private final CallIntake intake;

  KeyValueService(CallIntake intake) {
    this.intake = intake;
  }

  @Override
  public void put(PutRequest request, StreamObserver<PutResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void scan(ScanRequest request, StreamObserver<ScanResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void txn(TxnRequest request, StreamObserver<TxnResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void openSession(
      OpenSessionRequest request, StreamObserver<OpenSessionResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void counterAdd(CounterAddRequest request, StreamObserver<CounterAddResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void counterGet(CounterGetRequest request, StreamObserver<CounterGetResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void setAdd(SetAddRequest request, StreamObserver<SetAddResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void setRemove(SetRemoveRequest request, StreamObserver<SetRemoveResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void setMembers(SetMembersRequest request, StreamObserver<SetMembersResponse> observer) {
    intake.accept(request, observer);
  }
}
