package io.capstan.node.server;

import io.capstan.proto.v1.ErrorDetail;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs that this node refuses writes because its wall clock is too far ahead: with the first
 * refusal, and once a minute while they go on. Its client is told each time; who has to set the
 * clock reads the log. Confined to the event loop.
 */
final class ClockWatch {

  /** No second line about the same clock within this. */
  static final long INTERVAL_NANOS = 60_000_000_000L;

  private static final Logger log = LoggerFactory.getLogger(ClockWatch.class);

  private static final String CLOCK_AHEAD = "CLOCK_AHEAD";

  private final String nodeId;
  private final LongSupplier nanoTime;
  private boolean told;
  private long toldNanos;
  private long refusals;

  ClockWatch(String nodeId, LongSupplier nanoTime) {
    this.nodeId = nodeId;
    this.nanoTime = nanoTime;
  }

  /** The replica has answered a call so. */
  void failed(ErrorDetail error) {
    if (!error.getCode().equals(CLOCK_AHEAD)) {
      return;
    }
    refusals++;
    long nowNanos = nanoTime.getAsLong();
    if (told && nowNanos - toldNanos < INTERVAL_NANOS) {
      return;
    }
    told = true;
    toldNanos = nowNanos;
    log.atWarn()
        .addKeyValue("node", nodeId)
        .addKeyValue("refusals", refusals)
        .addKeyValue("why", error.getMessage())
        .log("clock ahead");
  }
}
