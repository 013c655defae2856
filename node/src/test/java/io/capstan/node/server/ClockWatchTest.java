package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.capstan.proto.v1.ErrorDetail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("A node whose clock is too far ahead")
class ClockWatchTest {
  private static final ErrorDetail AHEAD =
      ErrorDetail.newBuilder().setCode("CLOCK_AHEAD").setMessage("n2 leads n1, n3").build();

  private final Logger logger = (Logger) LoggerFactory.getLogger(ClockWatch.class);
  private final ListAppender<ILoggingEvent> logs = new ListAppender<>();
  private long nowNanos = 5;
  private final ClockWatch watch = new ClockWatch("n2", () -> nowNanos);

  @BeforeEach
  void listen() {
    logs.start();
    logger.addAppender(logs);
  }

  @AfterEach
  void end() {
    logger.detachAppender(logs);
  }

  @Test
  @DisplayName("says so in its log with the first write that it refuses, and why")
  void saysSo() {
    watch.failed(AHEAD);

    assertThat(logs.list).hasSize(1);
    assertThat(logs.list.get(0).getLevel()).isEqualTo(Level.WARN);
    assertThat(logs.list.get(0).getKeyValuePairs().toString())
        .contains("n2 leads n1, n3", "refusals=\"1\"");
  }

  @Test
  @DisplayName("says so once a minute, however many writes it refuses, and how many they were")
  void onceAMinute() {
    for (int second = 0; second <= 60; second++) {
      nowNanos = second * 1_000_000_000L;
      watch.failed(AHEAD);
    }

    assertThat(logs.list).hasSize(2);
    assertThat(logs.list.get(1).getKeyValuePairs().toString()).contains("refusals=\"61\"");
  }

  @Test
  @DisplayName("is not meant by a refusal for another reason")
  void otherReasons() {
    watch.failed(AHEAD.toBuilder().setCode("NO_QUORUM").build());

    assertThat(logs.list).isEmpty();
  }
}
