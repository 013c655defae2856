package io.capstan.cli;

import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Put;
import io.capstan.client.Receipt;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * A closed loop: each of a number of clients sends its next request when the one before was
 * answered. Latency is taken from the caller's side, retries of the client included.
 */
final class LoadLoop {
  /** What is sent. */
  enum Workload {
    PUT,
    GET,
    /** Half and half. */
    MIXED
  }

  static final long LATENCY_MAX_MICROS = TimeUnit.SECONDS.toMicros(60);
  private static final int SIGNIFICANT_DIGITS = 3;

  private final CapstanClient client;
  private final Workload workload;
  private final @Nullable Level level;
  private final int keys;
  private final Bytes value;
  private final Recorder recorder = new Recorder(1, LATENCY_MAX_MICROS, SIGNIFICANT_DIGITS);
  private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();
  private volatile boolean running = true;

  LoadLoop(
      CapstanClient client, Workload workload, @Nullable Level level, int keys, int valueBytes) {
    this.client = client;
    this.workload = workload;
    this.level = level;
    this.keys = keys;
    this.value = randomText(valueBytes);
  }

  private static Bytes randomText(int bytes) {
    SplittableRandom random = new SplittableRandom(bytes);
    byte[] text = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      text[i] = (byte) ('a' + random.nextInt(26));
    }
    return Bytes.of(text);
  }

  static Bytes key(int number) {
    return Bytes.of("bench-" + number);
  }

  /** Starts so many clients; the latch is down when the last of them has ended. */
  CountDownLatch start(int clients) {
    CountDownLatch ended = new CountDownLatch(clients);
    for (int i = 0; i < clients; i++) {
      next(new SplittableRandom(i), ended);
    }
    return ended;
  }

  /** Each client ends with the answer that it waits for. */
  void stop() {
    running = false;
  }

  private void next(SplittableRandom random, CountDownLatch ended) {
    while (running) {
      long startNanos = System.nanoTime();
      CompletableFuture<Receipt> request = request(random);
      if (!request.isDone()) {
        var unused =
            request.whenComplete(
                (receipt, error) -> {
                  record(startNanos, error);
                  next(random, ended);
                });
        return;
      }
      // Refused on the spot: a loop instead of an ever deeper stack.
      record(startNanos, request.isCompletedExceptionally() ? request.exceptionNow() : null);
    }
    ended.countDown();
  }

  private CompletableFuture<Receipt> request(SplittableRandom random) {
    Bytes key = key(random.nextInt(keys));
    boolean write =
        switch (workload) {
          case PUT -> true;
          case GET -> false;
          case MIXED -> random.nextBoolean();
        };
    return write
        ? client.put(Put.of(key, value).level(level))
        : client.get(Get.of(key).level(level));
  }

  private void record(long startNanos, @Nullable Throwable error) {
    if (error == null) {
      long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
      recorder.recordValue(Math.min(Math.max(1, micros), LATENCY_MAX_MICROS));
    } else {
      errors.computeIfAbsent(codeOf(error), code -> new LongAdder()).increment();
    }
  }

  private static String codeOf(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof CapstanException refused
        ? refused.code() + " " + refused.outcome().label()
        : cause.getClass().getSimpleName();
  }

  /** Writes every key once, so many at a time; returns how many writes failed. */
  long load(int atOnce) throws InterruptedException {
    AtomicInteger nextKey = new AtomicInteger();
    LongAdder failed = new LongAdder();
    CountDownLatch ended = new CountDownLatch(atOnce);
    for (int i = 0; i < atOnce; i++) {
      loadNext(nextKey, failed, ended);
    }
    ended.await();
    return failed.sum();
  }

  private void loadNext(AtomicInteger nextKey, LongAdder failed, CountDownLatch ended) {
    for (int number = nextKey.getAndIncrement();
        number < keys;
        number = nextKey.getAndIncrement()) {
      CompletableFuture<Receipt> request = client.put(Put.of(key(number), value));
      if (!request.isDone()) {
        var unused =
            request.whenComplete(
                (receipt, error) -> {
                  if (error != null) {
                    failed.increment();
                  }
                  loadNext(nextKey, failed, ended);
                });
        return;
      }
      if (request.isCompletedExceptionally()) {
        failed.increment();
      }
    }
    ended.countDown();
  }

  /** Returns the latencies in microseconds since the last time it was asked. */
  Histogram interval() {
    return recorder.getIntervalHistogram();
  }

  /** Returns how often each error came, by code and outcome, and starts counting again. */
  Map<String, Long> takeErrors() {
    Map<String, Long> taken = new TreeMap<>();
    errors.forEach(
        (code, count) -> {
          long sum = count.sumThenReset();
          if (sum > 0) {
            taken.put(code, sum);
          }
        });
    return taken;
  }
}
