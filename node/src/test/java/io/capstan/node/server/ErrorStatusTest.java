package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
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
    "NOT_AVAILABLE_YET, FAILED, UNIMPLEMENTED",
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
}
