package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetRemoveRequest;

/** Requests on counters and sets, for tests. */
final class TypedRequests {

  private TypedRequests() {}

  static OperationId operation(long session, long sequence) {
    return OperationId.newBuilder().setSession(session).setSequence(sequence).build();
  }

  static TestCluster.Request add(String key, long delta, Level level, OperationId operation) {
    CounterAddRequest request =
        CounterAddRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(key))
            .setDelta(delta)
            .setLevel(level)
            .setOperation(operation)
            .build();
    return (k, id, deadline, nanos, millis) -> k.counterAdd(id, request, deadline, nanos, millis);
  }

  static TestCluster.Request value(String key, Level level) {
    CounterGetRequest request =
        CounterGetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setLevel(level).build();
    return (k, id, deadline, nanos, millis) -> k.counterGet(id, request, deadline, nanos, millis);
  }

  static TestCluster.Request setAdd(
      String key, String element, Level level, OperationId operation) {
    SetAddRequest request =
        SetAddRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(key))
            .setElement(ByteString.copyFromUtf8(element))
            .setLevel(level)
            .setOperation(operation)
            .build();
    return (k, id, deadline, nanos, millis) -> k.setAdd(id, request, deadline, nanos, millis);
  }

  static TestCluster.Request setRemove(
      String key, String element, Level level, OperationId operation) {
    SetRemoveRequest request =
        SetRemoveRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(key))
            .setElement(ByteString.copyFromUtf8(element))
            .setLevel(level)
            .setOperation(operation)
            .build();
    return (k, id, deadline, nanos, millis) -> k.setRemove(id, request, deadline, nanos, millis);
  }

  static TestCluster.Request members(String key, Level level) {
    SetMembersRequest request =
        SetMembersRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setLevel(level).build();
    return (k, id, deadline, nanos, millis) -> k.setMembers(id, request, deadline, nanos, millis);
  }
}
