package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A command that watches a change which it has begun")
class WatchTest {
  private static CapstanException failedLook(String code) {
    return new CapstanException(code, Outcome.FAILED, "No answer.", "", null);
  }

  @ParameterizedTest
  @DisplayName("looks again when a look got no answer: that says nothing of the change")
  @ValueSource(
      strings = {
        ErrorCode.TIMEOUT,
        ErrorCode.CONNECTION_LOST,
        ErrorCode.NO_LEADER,
        ErrorCode.UNREACHABLE
      })
  void looksAgain(String code) {
    AtomicInteger looks = new AtomicInteger();

    Watch.until(
        "The change",
        Duration.ofSeconds(60),
        "",
        () -> {
          if (looks.incrementAndGet() < 3) {
            throw failedLook(code);
          }
          return true;
        });

    assertThat(looks).hasValue(3);
  }

  @ParameterizedTest
  @DisplayName("and never tells that it was not applied, for looks that failed to the end")
  @ValueSource(strings = {ErrorCode.TIMEOUT, ErrorCode.CONNECTION_LOST})
  void isUnknown(String code) {
    CapstanException given =
        catchThrowableOfType(
            CapstanException.class,
            () ->
                Watch.until(
                    "The change",
                    Duration.ofMillis(1),
                    "",
                    () -> {
                      throw failedLook(code);
                    }));

    assertThat(given.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(given.getMessage()).contains("goes on");
  }
}
