package io.capstan.chaos.check.measure;

import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Operation;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/**
 * How long successful operations took, in microseconds, to three significant digits.
 *
 * @param count how many operations
 * @param p50Micros the median
 * @param p90Micros nine of ten took at most this
 * @param p99Micros 99 of 100
 * @param p999Micros 999 of 1,000
 * @param maxMicros the slowest
 */
public record LatencySummary(
    long count, long p50Micros, long p90Micros, long p99Micros, long p999Micros, long maxMicros) {
  private static final long LATENCY_MAX_MICROS = TimeUnit.HOURS.toMicros(1);
  private static final int SIGNIFICANT_DIGITS = 3;

  /**
   * Summarises each group of operations, for instance the keyspace and the side; operations that
   * did not succeed, or whose times are unknown, are left out.
   *
   * @param group name of the group of an operation
   */
  public static Map<String, LatencySummary> of(
      Collection<Operation> operations, Function<Operation, String> group) {
    Map<String, Histogram> histograms = new TreeMap<>();
    for (Operation operation : operations) {
      if (operation.isOk()
          && operation.invokeNanos() != HistoryEvent.NO_TIME
          && operation.completeNanos() != HistoryEvent.NO_TIME) {
        long micros =
            TimeUnit.NANOSECONDS.toMicros(operation.completeNanos() - operation.invokeNanos());
        histograms
            .computeIfAbsent(
                group.apply(operation),
                unused -> new Histogram(LATENCY_MAX_MICROS, SIGNIFICANT_DIGITS))
            .recordValue(Math.clamp(micros, 0, LATENCY_MAX_MICROS));
      }
    }
    Map<String, LatencySummary> summaries = new TreeMap<>();
    histograms.forEach((name, histogram) -> summaries.put(name, of(histogram)));
    return summaries;
  }

  private static LatencySummary of(Histogram histogram) {
    return new LatencySummary(
        histogram.getTotalCount(),
        histogram.getValueAtPercentile(50),
        histogram.getValueAtPercentile(90),
        histogram.getValueAtPercentile(99),
        histogram.getValueAtPercentile(99.9),
        histogram.getMaxValue());
  }
}
