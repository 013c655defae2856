package io.capstan.cli;

import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.NodeStatus;
import io.capstan.client.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code capstan bench}. */
@Command(
    name = "bench",
    description =
        "Measures throughput and latency: each client sends its next request when the one before"
            + " was answered.",
    footer = {
      "",
      "Keys are bench-0, bench-1, ...; they stay in the keyspace. Progress goes to standard error.",
      "",
      "Examples:",
      "  capstan bench put",
      "  capstan bench get --clients 256 --duration 30s",
      "  capstan bench mixed -k feed -c one -o json"
    })
final class BenchCommand implements Callable<Integer> {
  private static final int CLIENTS_MAX = 4_096;
  private static final int KEYS_MAX = 100_000_000;
  private static final int VALUE_MAX_BYTES = 1 << 20;
  private static final int LOADERS_MAX = 256;
  private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(2);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "WORKLOAD",
      converter = WorkloadConverter.class,
      description = "put, get or mixed (half and half).")
  private LoadLoop.Workload workload = LoadLoop.Workload.PUT;

  @Option(
      names = {"-c", "--level"},
      paramLabel = "LEVEL",
      converter = Converters.LevelConverter.class,
      description = "Default: the one of the keyspace's mode.")
  private @Nullable Level level;

  @Option(names = "--clients", paramLabel = "N", description = "At once. Default: 64.")
  private int clients = 64;

  @Option(names = "--value-size", paramLabel = "BYTES", description = "Default: 256.")
  private int valueSize = 256;

  @Option(names = "--keys", paramLabel = "N", description = "Different keys. Default: 100000.")
  private int keys = 100_000;

  @Option(
      names = "--duration",
      paramLabel = "DURATION",
      converter = Converters.DurationConverter.class,
      description = "Measured. Default: 15s.")
  private Duration duration = Duration.ofSeconds(15);

  @Option(
      names = "--warmup",
      paramLabel = "DURATION",
      converter = WarmupConverter.class,
      description = "Before that, not measured; 0s for none. Default: 5s.")
  private Duration warmup = Duration.ofSeconds(5);

  @Option(names = "--no-load", description = "For get and mixed: does not write all keys first.")
  private boolean noLoad;

  static final class WorkloadConverter implements ITypeConverter<LoadLoop.Workload> {
    @Override
    public LoadLoop.Workload convert(String value) {
      return switch (value) {
        case "put" -> LoadLoop.Workload.PUT;
        case "get" -> LoadLoop.Workload.GET;
        case "mixed" -> LoadLoop.Workload.MIXED;
        default ->
            throw new TypeConversionException("'" + value + "' is not one of put, get, mixed");
      };
    }
  }

  /** A duration that may be nothing. */
  static final class WarmupConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      return value.equals("0s") || value.equals("0")
          ? Duration.ZERO
          : new Converters.DurationConverter().convert(value);
    }
  }

  /** What was measured. */
  private record Result(
      Histogram latencies, Map<String, Long> errors, double seconds, @Nullable Double cpuMicros) {

    double throughput() {
      return latencies.getTotalCount() / seconds;
    }

    long failed() {
      return errors.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    check();
    GlobalOptions options = GlobalOptions.of(spec);
    try (CapstanClient client = options.open(options.clientBuilder())) {
      client.blocking().get(Get.of(LoadLoop.key(0)).level(level));
      LoadLoop loop = new LoadLoop(client, workload, level, keys, valueSize);
      load(loop);
      Result result = measure(client, loop);
      print(options, result);
      if (result.latencies().getTotalCount() == 0) {
        throw new CapstanException(
            ErrorCode.TIMEOUT,
            Outcome.FAILED,
            "Not one request succeeded: " + result.errors(),
            "See which nodes answer: capstan status",
            null);
      }
      return ExitCode.OK;
    }
  }

  private void check() {
    within("--clients", clients, 1, CLIENTS_MAX);
    within("--value-size", valueSize, 0, VALUE_MAX_BYTES);
    within("--keys", keys, 1, KEYS_MAX);
    if (level == Level.STALE && workload != LoadLoop.Workload.GET) {
      throw new ParameterException(spec.commandLine(), "Level stale is for reads: bench get");
    }
  }

  private void within(String option, int value, int min, int max) {
    if (value < min || value > max) {
      throw new ParameterException(
          spec.commandLine(), option + " " + value + ": allowed are " + min + " to " + max);
    }
  }

  private void progress(String line) {
    GlobalOptions.of(spec).streams().err().println(line);
  }

  private void load(LoadLoop loop) throws InterruptedException {
    if (noLoad || workload == LoadLoop.Workload.PUT) {
      return;
    }
    progress("writing " + keys + " keys ...");
    long failed = loop.load(Math.min(clients, LOADERS_MAX));
    if (failed > 0) {
      progress(failed + " of them failed; reads of those find nothing");
    }
  }

  private Result measure(CapstanClient client, LoadLoop loop) throws InterruptedException {
    CountDownLatch ended = loop.start(clients);
    run(loop, ended, warmup, "warm-up", null);
    loop.takeErrors();
    Map<String, Long> cpuBefore = cpuMicros(client);
    Histogram total = new Histogram(LoadLoop.LATENCY_MAX_MICROS, 3);
    loop.interval();
    long startNanos = System.nanoTime();
    Map<String, Long> errors = run(loop, ended, duration, "", total);
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    Map<String, Long> cpuAfter = cpuMicros(client);
    loop.stop();
    ended.await(GlobalOptions.of(spec).timeout().toMillis(), TimeUnit.MILLISECONDS);
    return new Result(total, errors, seconds, cpuPerOperation(cpuBefore, cpuAfter, total));
  }

  /** Lets the loop run, with a line each second; returns the errors of that time. */
  private Map<String, Long> run(
      LoadLoop loop, CountDownLatch ended, Duration time, String phase, @Nullable Histogram into)
      throws InterruptedException {
    Map<String, Long> errors = new TreeMap<>();
    long endNanos = System.nanoTime() + time.toNanos();
    long lastNanos = System.nanoTime();
    while (true) {
      long left = endNanos - System.nanoTime();
      if (left <= 0) {
        return errors;
      }
      boolean stopped = ended.await(Math.min(left, 1_000_000_000L), TimeUnit.NANOSECONDS);
      long now = System.nanoTime();
      Histogram interval = loop.interval();
      if (into != null) {
        into.add(interval);
      }
      Map<String, Long> fresh = loop.takeErrors();
      fresh.forEach((code, count) -> errors.merge(code, count, Long::sum));
      progress(line(phase, interval, fresh, (now - lastNanos) / 1e9));
      lastNanos = now;
      if (stopped) {
        return errors;
      }
    }
  }

  private static String line(
      String phase, Histogram interval, Map<String, Long> errors, double seconds) {
    return String.format(
        Locale.ROOT,
        "%9.0f op/s   p50 %7.2f ms   p99 %7.2f ms%s%s",
        interval.getTotalCount() / seconds,
        interval.getValueAtPercentile(50) / 1e3,
        interval.getValueAtPercentile(99) / 1e3,
        errors.isEmpty() ? "" : "   errors " + errors,
        phase.isEmpty() ? "" : "   (" + phase + ")");
  }

  private static Map<String, Long> cpuMicros(CapstanClient client) {
    Map<String, Long> byNode = new HashMap<>();
    for (NodeStatus status : client.blocking().status(STATUS_TIMEOUT)) {
      NodeStatus.Node node = status.node();
      if (node != null) {
        byNode.put(node.id(), node.cpuMicros());
      }
    }
    return byNode;
  }

  /** Null where a node did not tell before as well as after, or where nothing was done. */
  private static @Nullable Double cpuPerOperation(
      Map<String, Long> before, Map<String, Long> after, Histogram total) {
    if (before.isEmpty() || !before.keySet().equals(after.keySet()) || total.getTotalCount() == 0) {
      return null;
    }
    long used = 0;
    for (Map.Entry<String, Long> each : after.entrySet()) {
      used += each.getValue() - before.getOrDefault(each.getKey(), 0L);
    }
    return (double) used / total.getTotalCount();
  }

  private void print(GlobalOptions options, Result result) {
    String text = options.output() == OutputFormat.JSON ? json(options, result) : text(result);
    options.streams().out().println(text);
  }

  private String text(Result result) {
    Histogram latencies = result.latencies();
    return String.format(
        Locale.ROOT,
        """
        %s: %,d operations in %.1f s, %d clients
        throughput  %,.0f op/s
        latency     p50 %.2f ms  p90 %.2f ms  p99 %.2f ms  p99.9 %.2f ms  max %.2f ms
        errors      %s
        server CPU  %s""",
        name(),
        latencies.getTotalCount(),
        result.seconds(),
        clients,
        result.throughput(),
        millis(latencies, 50),
        millis(latencies, 90),
        millis(latencies, 99),
        millis(latencies, 99.9),
        latencies.getMaxValue() / 1e3,
        result.errors().isEmpty() ? "none" : result.errors().toString(),
        result.cpuMicros() == null
            ? "unknown"
            : String.format(Locale.ROOT, "%.1f us per operation, all nodes", result.cpuMicros()));
  }

  private static double millis(Histogram latencies, double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e3;
  }

  private String name() {
    return workload.name().toLowerCase(Locale.ROOT);
  }

  private String json(GlobalOptions options, Result result) {
    Histogram latencies = result.latencies();
    return Json.object(
        json -> {
          json.writeStringField("workload", name());
          json.writeStringField("keyspace", options.keyspace());
          json.writeStringField("level", level == null ? null : level.label());
          json.writeNumberField("clients", clients);
          json.writeNumberField("valueSize", valueSize);
          json.writeNumberField("keys", keys);
          json.writeNumberField("durationMillis", Math.round(result.seconds() * 1e3));
          json.writeNumberField("warmupMillis", warmup.toMillis());
          json.writeNumberField("operations", latencies.getTotalCount());
          json.writeNumberField("throughput", result.throughput());
          json.writeObjectFieldStart("latencyMicros");
          json.writeNumberField("p50", latencies.getValueAtPercentile(50));
          json.writeNumberField("p90", latencies.getValueAtPercentile(90));
          json.writeNumberField("p99", latencies.getValueAtPercentile(99));
          json.writeNumberField("p999", latencies.getValueAtPercentile(99.9));
          json.writeNumberField("max", latencies.getMaxValue());
          json.writeEndObject();
          json.writeNumberField("failed", result.failed());
          json.writeObjectFieldStart("errors");
          for (Map.Entry<String, Long> each : result.errors().entrySet()) {
            json.writeNumberField(each.getKey(), each.getValue());
          }
          json.writeEndObject();
          if (result.cpuMicros() == null) {
            json.writeNullField("cpuMicrosPerOperation");
          } else {
            json.writeNumberField("cpuMicrosPerOperation", result.cpuMicros());
          }
        });
  }
}
