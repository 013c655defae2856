package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static io.capstan.node.replica.LoneReplica.operation;
import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.TxnDelete;
import io.capstan.proto.v1.TxnGet;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A replica")
final class ReplicaStoriesTest {

  private final MemoryStore store = new MemoryStore();
  private final LoneReplica replica = new LoneReplica(store);

  private void createFeed() {
    assertThat(
            replica.ask(
                CreateKeyspaceRequest.newBuilder().setName("feed").setMode(Mode.MODE_AP).build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
  }

  private PutResponse written(String key, String value) {
    return (PutResponse) replica.ask(put("default", key, value).build());
  }

  @Test
  @DisplayName("has the keyspace default, CP, from the start, and serves it after a restart")
  void keepsWhatItAcknowledged() {
    PutResponse put = written("k", "v");
    assertThat(put.getReceipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);

    replica.restart();

    GetResponse get = replica.get("default", "k");
    assertThat(get.getReceipt().getValue().toStringUtf8()).isEqualTo("v");
    assertThat(get.getReceipt().getVersion()).isEqualTo(put.getReceipt().getVersion());
    assertThat(get.getReceipt().getMode()).isEqualTo(Mode.MODE_CP);
  }

  @Test
  @DisplayName("waits for the disk once per write to the log: nobody waits for what is applied")
  void waitsOncePerWrite() {
    int before = replica.syncs();

    written("k", "a");
    written("k", "b");
    replica.get("default", "k");

    assertThat(replica.syncs() - before).isEqualTo(2);
    replica.restart();
    assertThat(replica.get("default", "k").getReceipt().getValue().toStringUtf8()).isEqualTo("b");
  }

  @Test
  @DisplayName("executes a retried write once, also after a restart")
  void executesARetryOnce() {
    replica.ask(OpenSessionRequest.newBuilder().setSession(9).build());
    PutResponse first =
        (PutResponse) replica.ask(put("default", "k", "a").setOperation(operation(9, 1)).build());
    written("k", "b");

    replica.restart();
    PutResponse retry =
        (PutResponse) replica.ask(put("default", "k", "a").setOperation(operation(9, 1)).build());

    assertThat(retry.getReceipt().getVersion()).isEqualTo(first.getReceipt().getVersion());
    assertThat(replica.get("default", "k").getReceipt().getValue().toStringUtf8()).isEqualTo("b");
  }

  @Test
  @DisplayName("does not execute an operation of a session that it does not know")
  void refusesAnUnknownSession() {
    ErrorDetail error =
        replica.refused(put("default", "k", "a").setOperation(operation(404, 1)).build());

    assertThat(error.getCode()).isEqualTo("UNKNOWN_SESSION");
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(replica.get("default", "k").getReceipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("forgets a session that nobody used for a day, also across a restart, and no other")
  void forgetsIdleSessions() {
    long hourNanos = 3_600 * LoneReplica.SECOND_NANOS;
    replica.ask(OpenSessionRequest.newBuilder().setSession(9).build());
    replica.ask(OpenSessionRequest.newBuilder().setSession(10).build());
    replica.pass(20 * hourNanos);
    replica.restart();
    replica.ask(put("default", "k", "a").setOperation(operation(10, 1)).build());
    replica.pass(5 * hourNanos);
    replica.pass(LoneReplica.SECOND_NANOS);

    ErrorDetail idle =
        replica.refused(put("default", "k", "b").setOperation(operation(9, 1)).build());

    assertThat(idle.getCode()).isEqualTo("UNKNOWN_SESSION");
    assertThat(replica.ask(put("default", "k", "c").setOperation(operation(10, 2)).build()))
        .isInstanceOf(PutResponse.class);
  }

  @Test
  @DisplayName("says UNKNOWN to an operation older than the session's window, and runs it never")
  void refusesBeyondTheWindow() {
    replica.ask(OpenSessionRequest.newBuilder().setSession(9).build());
    long newest = Sessions.WINDOW_OPERATIONS + 1L;
    replica.ask(put("default", "k", "new").setOperation(operation(9, newest)).build());

    ErrorDetail error =
        replica.refused(put("default", "k", "old").setOperation(operation(9, 1)).build());

    assertThat(error.getCode()).isEqualTo("BEYOND_WINDOW");
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(replica.get("default", "k").getReceipt().getValue().toStringUtf8()).isEqualTo("new");
  }

  @Test
  @DisplayName("writes if the version is the expected one, and else refuses with what is there")
  void comparesVersions() {
    long version = Long.parseLong(written("k", "a").getReceipt().getVersion());
    replica.ask(put("default", "k", "b").setIfVersion(version).build());

    ErrorDetail error = replica.refused(put("default", "k", "c").setIfVersion(version).build());

    assertThat(error.getCode()).isEqualTo("CONFLICT");
    assertThat(error.getReceipt().getValue().toStringUtf8()).isEqualTo("b");
  }

  @Test
  @DisplayName("refuses a context that has been overtaken, and one of another key")
  void checksContexts() {
    ByteString seen = written("k", "a").getReceipt().getContext();
    written("k", "b");

    assertThat(replica.refused(put("default", "k", "c").setContext(seen).build()).getCode())
        .isEqualTo("CONFLICT");
    assertThat(replica.refused(put("default", "other", "c").setContext(seen).build()).getCode())
        .isEqualTo("INVALID_ARGUMENT");
  }

  @Test
  @DisplayName("performs a transaction whole, and reads inside it what it wrote before")
  void performsATransaction() {
    written("from", "10");
    TxnRequest transfer =
        TxnRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .addComparisons(
                Comparison.newBuilder()
                    .setKey(ByteString.copyFromUtf8("from"))
                    .setValue(ByteString.copyFromUtf8("10")))
            .addThenSteps(step("from", "4"))
            .addThenSteps(step("to", "6"))
            .addThenSteps(
                TxnStep.newBuilder()
                    .setGet(TxnGet.newBuilder().setKey(ByteString.copyFromUtf8("to"))))
            .build();

    TxnResponse done = (TxnResponse) replica.ask(transfer);
    ErrorDetail again = replica.refused(transfer);

    assertThat(done.getSucceeded()).isTrue();
    assertThat(done.getResults(2).getValue().toStringUtf8()).isEqualTo("6");
    assertThat(again.getCode()).isEqualTo("CONFLICT");
    assertThat(replica.get("default", "to").getReceipt().getValue().toStringUtf8()).isEqualTo("6");
  }

  @Test
  @DisplayName("reads one key inside a transaction as it stands at each step")
  void readsTheSameKeyBetweenItsChanges() {
    written("k", "before");
    TxnStep get =
        TxnStep.newBuilder()
            .setGet(TxnGet.newBuilder().setKey(ByteString.copyFromUtf8("k")))
            .build();
    TxnStep delete =
        TxnStep.newBuilder()
            .setDelete(TxnDelete.newBuilder().setKey(ByteString.copyFromUtf8("k")))
            .build();

    TxnResponse done =
        (TxnResponse)
            replica.ask(
                TxnRequest.newBuilder()
                    .setKeyspace(keyspace("default"))
                    .addThenSteps(get)
                    .addThenSteps(step("k", "after"))
                    .addThenSteps(get)
                    .addThenSteps(delete)
                    .addThenSteps(get)
                    .build());

    assertThat(done.getResults(0).getValue().toStringUtf8()).isEqualTo("before");
    assertThat(done.getResults(2).getValue().toStringUtf8()).isEqualTo("after");
    assertThat(done.getResults(4).getFound()).isFalse();
    assertThat(replica.get("default", "k").getReceipt().getFound()).isFalse();
  }

  private static TxnStep step(String key, String value) {
    return TxnStep.newBuilder()
        .setPut(
            TxnPut.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value)))
        .build();
  }

  @Test
  @DisplayName("names the right levels when it is asked for one of the other mode")
  void refusesLevelsOfTheOtherMode() {
    createFeed();

    assertThat(replica.refused(put("default", "k", "v").setLevel(Level.LEVEL_ONE).build()))
        .satisfies(
            error -> {
              assertThat(error.getCode()).isEqualTo("WRONG_LEVEL");
              assertThat(error.getMessage()).contains("linearizable", "stale");
            });
    assertThat(replica.refused(put("feed", "k", "v").setLevel(Level.LEVEL_LINEARIZABLE).build()))
        .satisfies(
            error -> {
              assertThat(error.getCode()).isEqualTo("WRONG_LEVEL");
              assertThat(error.getMessage()).contains("one", "quorum", "all");
            });
  }

  @Test
  @DisplayName("brings nothing back when a keyspace is dropped and its name is given again")
  void dropsForGood() {
    createFeed();
    replica.ask(put("feed", "k", "v").build());
    replica.ask(DropKeyspaceRequest.newBuilder().setName("feed").build());
    assertThat(replica.refused(put("feed", "k", "v").build()).getCode())
        .isEqualTo("UNKNOWN_KEYSPACE");

    createFeed();

    assertThat(replica.get("feed", "k").getReceipt().getFound()).isFalse();
    assertThat(store.keyspaces()).hasSize(2);
  }

  @Test
  @DisplayName("pages a scan in key order")
  void pagesAScan() {
    for (String key : new String[] {"b", "a", "d", "c", "x"}) {
      written("p/" + key, key);
    }
    ScanRequest.Builder scan =
        ScanRequest.newBuilder()
            .setKeyspace(keyspace("default"))
            .setPrefix(ByteString.copyFromUtf8("p/"))
            .setLimit(3);

    ScanResponse first = (ScanResponse) replica.ask(scan.build());
    ScanResponse second = (ScanResponse) replica.ask(scan.setFrom(first.getNextFrom()).build());

    assertThat(first.getRowsList())
        .extracting(row -> row.getKey().toStringUtf8())
        .containsExactly("p/a", "p/b", "p/c");
    assertThat(first.getMore()).isTrue();
    assertThat(second.getRowsList())
        .extracting(row -> row.getKey().toStringUtf8())
        .containsExactly("p/d", "p/x");
    assertThat(second.getMore()).isFalse();
  }

  @Test
  @DisplayName("refuses a request for another epoch with the present one")
  void refusesAnotherEpoch() {
    ErrorDetail error =
        replica.refused(
            put("default", "k", "v")
                .setKeyspace(keyspace("default").toBuilder().setEpoch(2))
                .build());

    assertThat(error.getCode()).isEqualTo("WRONG_EPOCH");
    assertThat(error.getMessage()).contains("epoch 1");
  }
}
