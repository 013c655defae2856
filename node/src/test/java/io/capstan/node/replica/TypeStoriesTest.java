package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static io.capstan.node.replica.LoneReplica.operation;
import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Counters and sets of a CP keyspace")
final class TypeStoriesTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("k");

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");
  private String follower = "";

  @BeforeEach
  void openSession() {
    follower = group.leader().equals("n1") ? "n2" : "n1";
    group.ask(follower, OpenSessionRequest.newBuilder().setSession(1).build());
  }

  private Message add(String node, long delta, OperationId operation) {
    return group.ask(
        node,
        CounterAddRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .setKey(KEY)
            .setDelta(delta)
            .setOperation(operation)
            .build());
  }

  private long value(String node) {
    Message answer =
        group.ask(
            node,
            CounterGetRequest.newBuilder().setKeyspace(keyspace("default")).setKey(KEY).build());
    return ((CounterGetResponse) answer).getReceipt().getCounter();
  }

  private Message setAdd(String element, OperationId operation) {
    return group.ask(
        follower,
        SetAddRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .setKey(KEY)
            .setElement(ByteString.copyFromUtf8(element))
            .setOperation(operation)
            .build());
  }

  private Message setRemove(String element, OperationId operation) {
    return group.ask(
        follower,
        SetRemoveRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .setKey(KEY)
            .setElement(ByteString.copyFromUtf8(element))
            .setOperation(operation)
            .build());
  }

  private List<String> members(Level level) {
    Message answer =
        group.ask(
            follower,
            SetMembersRequest.newBuilder()
                .setKeyspace(keyspace("default"))
                .setKey(KEY)
                .setLevel(level)
                .build());
    return ((SetMembersResponse) answer)
        .getReceipt().getMembersList().stream().map(ByteString::toStringUtf8).toList();
  }

  private static ErrorDetail refused(Message answer) {
    return (ErrorDetail) answer;
  }

  @Test
  @DisplayName("a counter is exact through any node, and a retry counts once")
  void counterIsExact() {
    assertThat(value(follower)).isZero();
    CounterAddResponse first = (CounterAddResponse) add(follower, 5, operation(1, 1));
    add(group.leader(), -2, operation(1, 2));
    CounterAddResponse again = (CounterAddResponse) add(group.leader(), 5, operation(1, 1));
    assertThat(first.getReceipt().getCounter()).isEqualTo(5);
    assertThat(again.getReceipt().getCounter()).as("the answer of then").isEqualTo(5);
    assertThat(again.getReceipt().getVersion()).isEqualTo(first.getReceipt().getVersion());
    assertThat(value("n1")).isEqualTo(3);
    assertThat(value("n3")).isEqualTo(3);
  }

  @Test
  @DisplayName("a set keeps what was added and not removed, an emptied one included")
  void setMembers() {
    setAdd("b", operation(1, 1));
    setAdd("a", operation(1, 2));
    assertThat(members(Level.LEVEL_LINEARIZABLE)).containsExactly("a", "b");
    SetRemoveResponse removed = (SetRemoveResponse) setRemove("a", operation(1, 3));
    assertThat(removed.getReceipt().getSupersededCount()).isEqualTo(1);
    assertThat(setAdd("a", operation(1, 2))).as("a retry").isInstanceOf(SetAddResponse.class);
    setRemove("b", operation(1, 4));
    assertThat(members(Level.LEVEL_LINEARIZABLE)).isEmpty();
    group.until(() -> members(Level.LEVEL_STALE).isEmpty());
  }

  @Test
  @DisplayName("get shows them, a delete removes them, and then the key is free for another type")
  void getAndDelete() {
    add(follower, 5, operation(1, 1));
    GetRequest get = GetRequest.newBuilder().setKeyspace(keyspace("default")).setKey(KEY).build();
    var shown = ((GetResponse) group.ask(follower, get)).getReceipt();
    assertThat(shown.getValue().toStringUtf8()).isEqualTo("5");
    assertThat(shown.getType()).isEqualTo("counter");
    DeleteRequest delete =
        DeleteRequest.newBuilder().setKeyspace(keyspace("default")).setKey(KEY).build();
    assertThat(group.ask(follower, delete)).isInstanceOf(DeleteResponse.class);
    setAdd("a", operation(1, 2));
    setAdd("b", operation(1, 3));
    shown = ((GetResponse) group.ask(follower, get)).getReceipt();
    assertThat(shown.getValue().toStringUtf8()).isEqualTo("[\"a\",\"b\"]");
    assertThat(group.ask(follower, delete)).isInstanceOf(DeleteResponse.class);
  }

  @Test
  @DisplayName("a key of one type is not used as another, by the word of the log")
  void wrongType() {
    add(follower, 5, operation(1, 1));
    Message overwritten = group.ask(follower, put("default", "k", "v").build());
    assertThat(refused(overwritten).getCode()).isEqualTo("WRONG_TYPE");
    assertThat(refused(overwritten).getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(refused(setAdd("a", operation(1, 2))).getCode()).isEqualTo("WRONG_TYPE");
    assertThat(value(follower)).isEqualTo(5);
  }

  @Test
  @DisplayName("a counter does not leave the range of 64 bits")
  void range() {
    add(follower, Long.MIN_VALUE, operation(1, 1));
    assertThat(refused(add(follower, -1, operation(1, 2))).getCode()).isEqualTo("INVALID_ARGUMENT");
    assertThat(value(follower)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  @DisplayName("a transaction compares a counter by what get shows")
  void comparedByATransaction() {
    add(follower, 5, operation(1, 1));
    TxnRequest txn =
        TxnRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .addComparisons(
                Comparison.newBuilder().setKey(KEY).setValue(ByteString.copyFromUtf8("5")))
            .addThenSteps(
                TxnStep.newBuilder()
                    .setPut(
                        TxnPut.newBuilder()
                            .setKey(ByteString.copyFromUtf8("five"))
                            .setValue(ByteString.copyFromUtf8("yes"))))
            .build();
    assertThat(((TxnResponse) group.ask(follower, txn)).getSucceeded()).isTrue();
  }

  @Test
  @DisplayName("without a majority an addition is refused or unknown, never half done")
  void withoutAMajority() {
    add(follower, 5, operation(1, 1));
    for (String other : List.of("n1", "n2", "n3")) {
      group.cut(follower, other);
      group.cut(other, follower);
    }
    ErrorDetail lost = refused(add(follower, 1, operation(1, 2)));
    assertThat(lost.getCode()).isIn("NO_LEADER", "TIMEOUT", "NO_QUORUM");
    group.heal();
    group.until(() -> add(follower, 1, operation(1, 2)) instanceof CounterAddResponse);
    assertThat(value(follower)).isEqualTo(6);
  }
}
