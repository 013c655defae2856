package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.replica.RequestLimits;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.TxnGet;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnStep;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RequestCheckTest {

  private static final KeyspaceRef BANK = KeyspaceRef.newBuilder().setName("bank").build();

  @Test
  void letsGoodRequestsPass() {
    accepted(put(1, 0));
    accepted(put(4_096, 1 << 20));
    accepted(GetRequest.newBuilder().setKeyspace(BANK).setKey(bytes(1)).build());
    accepted(DeleteRequest.newBuilder().setKeyspace(BANK).setKey(bytes(1)).build());
    accepted(ScanRequest.newBuilder().setKeyspace(BANK).setLimit(1_000).build());
    accepted(ScanRequest.newBuilder().setKeyspace(BANK).setFrom(bytes(4_097)).build());
    accepted(OpenSessionRequest.newBuilder().setSession(-1).build());
    accepted(create("feed", Mode.MODE_AP, Level.LEVEL_QUORUM));
    accepted(DropKeyspaceRequest.newBuilder().setName("feed").build());
    accepted(ListKeyspacesRequest.getDefaultInstance());
    accepted(txn().addThenSteps(getStep()).build());
  }

  @Test
  void namesTheLimitOfKeysAndValues() {
    assertThat(RequestCheck.objection(put(0, 1)))
        .isEqualTo("A key has 1 to 4,096 bytes; this one is empty.");
    assertThat(RequestCheck.objection(put(4_097, 1)))
        .isEqualTo("A key has at most 4,096 bytes; this one has 4,097.");
    assertThat(RequestCheck.objection(put(1, (1 << 20) + 1)))
        .isEqualTo("A value has at most 1,048,576 bytes; this one has 1,048,577.");
  }

  @Test
  void namesAreWhatThePatternSaysAndNothingElse() {
    String alphabet = "abz09-_A.é ";
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder name = new StringBuilder();
      int length = random.nextInt(20) == 0 ? 60 + random.nextInt(8) : random.nextInt(6);
      int letters = random.nextBoolean() ? 6 : alphabet.length();
      for (int c = 0; c < length; c++) {
        name.append(alphabet.charAt(random.nextInt(letters)));
      }
      boolean good = name.toString().matches(RequestLimits.NAME_PATTERN);
      String objection =
          RequestCheck.objection(DropKeyspaceRequest.newBuilder().setName(name.toString()).build());
      assertThat(objection == null).as(name.toString()).isEqualTo(good);
    }
  }

  @Test
  void refusesARequestThatNamesNoKeyspace() {
    assertThat(RequestCheck.objection(GetRequest.newBuilder().setKey(bytes(1)).build()))
        .isEqualTo("The request names no keyspace.");
  }

  @Test
  void refusesAPageThatIsTooLong() {
    assertThat(
            RequestCheck.objection(
                ScanRequest.newBuilder().setKeyspace(BANK).setLimit(1_001).build()))
        .contains("at most 1,000 rows", "1,001");
    // Unsigned on the wire: -1 in Java is the largest number, not the smallest.
    assertThat(
            RequestCheck.objection(ScanRequest.newBuilder().setKeyspace(BANK).setLimit(-1).build()))
        .contains("4,294,967,295");
  }

  @Test
  void refusesTwoConditionsAtOnce() {
    PutRequest both = put(1, 1).toBuilder().setIfVersion(3).setIfAbsent(true).build();
    assertThat(RequestCheck.objection(both)).contains("if_version and if_absent");
  }

  @Test
  void refusesHalfAnOperationId() {
    OperationId half = OperationId.newBuilder().setSession(9).build();
    assertThat(RequestCheck.objection(put(1, 1).toBuilder().setOperation(half).build()))
        .contains("operation id");
    assertThat(RequestCheck.objection(OpenSessionRequest.getDefaultInstance()))
        .contains("other than 0");
  }

  @Test
  void refusesALevelFromTheFuture() {
    assertThat(RequestCheck.objection(put(1, 1).toBuilder().setLevelValue(77).build()))
        .contains("level");
  }

  @Test
  void refusesKeyspacesWithoutAModeOrWithAWrongMinimum() {
    assertThat(RequestCheck.objection(create("feed", Mode.MODE_UNSPECIFIED, Level.LEVEL_ONE)))
        .contains("CP or AP");
    assertThat(RequestCheck.objection(create("feed", Mode.MODE_AP, Level.LEVEL_STALE)))
        .contains("one, quorum or all");
  }

  @Test
  void boundsATransactionInStepsAndBytes() {
    assertThat(RequestCheck.objection(txn().build())).contains("at least one");

    TxnRequest.Builder many = txn();
    for (int i = 0; i <= 256; i++) {
      many.addThenSteps(getStep());
    }
    assertThat(RequestCheck.objection(many.build())).contains("at most 256", "257");

    TxnRequest.Builder large = txn();
    for (int i = 0; i < 3; i++) {
      large.addElseSteps(
          TxnStep.newBuilder()
              .setPut(TxnPut.newBuilder().setKey(bytes(1)).setValue(bytes(1 << 20))));
    }
    assertThat(RequestCheck.objection(large.build())).contains("2,097,152", "3,145,731");
  }

  @Test
  void refusesStepsAndComparisonsThatSayNothing() {
    assertThat(RequestCheck.objection(txn().addThenSteps(TxnStep.getDefaultInstance()).build()))
        .contains("a put, a delete or a get");
    assertThat(
            RequestCheck.objection(
                txn().addComparisons(Comparison.newBuilder().setKey(bytes(1))).build()))
        .contains("to compare with");
    assertThat(
            RequestCheck.objection(
                txn()
                    .addComparisons(
                        Comparison.newBuilder()
                            .setKey(bytes(1))
                            .setAbsent(true)
                            .setRelation(Comparison.Relation.RELATION_LESS))
                    .build()))
        .contains("EQUAL");
  }

  @Test
  void refusesWhatIsNoRequestForAReplica() {
    assertThat(RequestCheck.objection(StatusRequest.getDefaultInstance()))
        .contains("StatusRequest");
  }

  private static void accepted(Message request) {
    assertThat(RequestCheck.objection(request)).as(request.getClass().getSimpleName()).isNull();
  }

  private static PutRequest put(int keyBytes, int valueBytes) {
    return PutRequest.newBuilder()
        .setKeyspace(BANK)
        .setKey(bytes(keyBytes))
        .setValue(bytes(valueBytes))
        .build();
  }

  private static CreateKeyspaceRequest create(String name, Mode mode, Level minWrites) {
    return CreateKeyspaceRequest.newBuilder()
        .setName(name)
        .setMode(mode)
        .setMinWrites(minWrites)
        .build();
  }

  private static TxnRequest.Builder txn() {
    return TxnRequest.newBuilder().setKeyspace(BANK);
  }

  private static TxnStep getStep() {
    return TxnStep.newBuilder().setGet(TxnGet.newBuilder().setKey(bytes(1))).build();
  }

  private static ByteString bytes(int size) {
    return ByteString.copyFrom(new byte[size]);
  }
}
