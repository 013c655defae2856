package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.Sibling;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorStatusTest {

  @ParameterizedTest
  @CsvSource({
    "NO_QUORUM, FAILED, UNAVAILABLE",
    "NO_QUORUM, UNKNOWN, DEADLINE_EXCEEDED",
    "NO_LEADER, FAILED, UNAVAILABLE",
    "TIMEOUT, FAILED, UNAVAILABLE",
    "TIMEOUT, UNKNOWN, DEADLINE_EXCEEDED",
    "STOPPING, UNKNOWN, UNAVAILABLE",
    "UNKNOWN_KEYSPACE, FAILED, NOT_FOUND",
    "KEYSPACE_EXISTS, FAILED, ALREADY_EXISTS",
    "CONFLICT, FAILED, FAILED_PRECONDITION",
    "SIBLINGS, FAILED, FAILED_PRECONDITION",
    "WRONG_LEVEL, FAILED, INVALID_ARGUMENT",
    "WRONG_MODE, FAILED, INVALID_ARGUMENT",
    "INVALID_ARGUMENT, FAILED, INVALID_ARGUMENT",
    "WRONG_EPOCH, FAILED, ABORTED",
    "OVERLOADED, FAILED, RESOURCE_EXHAUSTED",
    "UNKNOWN_SESSION, FAILED, FAILED_PRECONDITION",
    "BEYOND_WINDOW, UNKNOWN, FAILED_PRECONDITION",
  })
  void mapsEachCodeToWhatGenericClientsUnderstand(String code, String outcome, Status.Code grpc) {
    ErrorDetail error =
        ErrorDetail.newBuilder()
            .setCode(code)
            .setOutcome(Outcome.valueOf("OUTCOME_" + outcome))
            .setMessage("why")
            .build();

    assertThat(ErrorStatus.of(error).getStatus().getCode()).isEqualTo(grpc);
  }

  @Test
  void carriesTheWholeDetail() {
    ErrorDetail error =
        ErrorStatus.failed("NO_QUORUM", "1 of 3 nodes answered.", "Heal the cut.").toBuilder()
            .setReceipt(Receipt.newBuilder().addMissing("n2"))
            .build();

    StatusRuntimeException status = ErrorStatus.of(error);

    assertThat(RecordedCall.detail(status)).isEqualTo(error);
    assertThat(status.getStatus().getDescription()).isEqualTo("1 of 3 nodes answered.");
  }

  @Test
  void leavesOutValuesThatWouldNotFitIntoTrailersAndKeepsVersions() {
    ErrorDetail.Builder error =
        ErrorStatus.failed("SIBLINGS", "Two values.", "Resolve them.").toBuilder();
    error.getReceiptBuilder().setKey(ByteString.copyFrom(new byte[4_096])).setKeyspace("bank");
    for (String version : List.of("n1.7:1", "n2.8:1")) {
      error
          .getReceiptBuilder()
          .addSiblingsBuilder()
          .setVersion(version)
          .setValue(ByteString.copyFrom(new byte[1 << 20]));
    }

    ErrorDetail sent = RecordedCall.detail(ErrorStatus.of(error.build()));

    assertThat(sent.getSerializedSize()).isLessThan(ErrorStatus.DETAIL_MAX_BYTES);
    assertThat(sent.getReceipt().getSiblingsList())
        .extracting(Sibling::getVersion)
        .containsExactly("n1.7:1", "n2.8:1");
    assertThat(sent.getReceipt().getKeyspace()).isEqualTo("bank");
    assertThat(sent.getHint()).isEqualTo("Resolve them.");
  }

  @Test
  void givesUpTheReceiptAndTheEndOfTheMessageBeforeCodeAndOutcome() {
    ErrorDetail.Builder error =
        ErrorStatus.unknown("NO_QUORUM", "why ".repeat(10_000), "").toBuilder();
    for (int i = 0; i < 1_000; i++) {
      error.getReceiptBuilder().addSuperseded("n1.7:" + i);
    }

    StatusRuntimeException status = ErrorStatus.of(error.build());

    ErrorDetail sent = RecordedCall.detail(status);
    assertThat(sent.getCode()).isEqualTo("NO_QUORUM");
    assertThat(sent.getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(sent.hasReceipt()).isFalse();
    assertThat(status.getStatus().getDescription()).hasSizeLessThan(600);
  }
}
