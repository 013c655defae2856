package io.capstan.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Why an attempt did not end OK")
final class FailureTest {
  private static final String ENDPOINT = "127.0.0.1:7101";

  private static Failure sent(Status status) {
    return Failure.of(ENDPOINT, status, new Metadata(), true);
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"UNKNOWN", "INTERNAL", "UNAVAILABLE"})
  @DisplayName("a channel that closed under the call is a lost connection, whatever it is told as")
  void closedChannelIsALostConnection(Status.Code code) {
    // Given a node that was killed while it held the request
    Status closed =
        Status.fromCode(code)
            .withDescription("channel closed")
            .withCause(new ClosedChannelException());

    Failure failure = sent(closed);

    // Then another attempt may end differently, and this one may have been applied
    assertThat(failure.code()).isEqualTo(ErrorCode.CONNECTION_LOST);
    assertThat(failure.isPassing()).isTrue();
    assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(failure.message()).contains(ENDPOINT, "broke before the answer came");
  }

  @Test
  @DisplayName("what a server answers, or answers so that nobody can read it, is no such thing")
  void serverErrorsStayWhatTheyAre() {
    Status unreadable =
        Status.INTERNAL
            .withDescription("Invalid protobuf byte sequence")
            .withCause(new InvalidProtocolBufferException("truncated"));

    assertThat(sent(unreadable).code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(sent(Status.UNKNOWN.withDescription("a defect")).code())
        .isEqualTo(ErrorCode.INTERNAL);
    assertThat(sent(Status.UNKNOWN).outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  @DisplayName("what never left is surely not applied, however its status is called")
  void neverSentIsFailed() {
    Failure failure =
        Failure.of(
            ENDPOINT,
            Status.UNKNOWN.withCause(new ClosedChannelException()),
            new Metadata(),
            false);

    assertThat(failure.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(failure.outcome()).isEqualTo(Outcome.FAILED);
  }
}
