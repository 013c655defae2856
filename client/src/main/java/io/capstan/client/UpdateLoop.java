package io.capstan.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Round after round of an {@link Update}: read, resolve, change, write what replaces exactly that.
 *
 * <p>In an AP keyspace a write with a context always succeeds; if it met a concurrent one, the key
 * has siblings afterwards, and further rounds resolve them without changing anything again. In a CP
 * keyspace the write is a compare on the version, and a round that lost the race changes what it
 * finds then, because the lost one was surely not written.
 *
 * <p>One step follows another, so the fields need no lock.
 */
final class UpdateLoop {
  private static final long BACKOFF_MIN_MILLIS = 2;
  private static final long BACKOFF_MAX_MILLIS = 100;

  /** What a loop needs of a client or of a session. */
  interface Store {
    CompletableFuture<Receipt> get(Get get);

    CompletableFuture<Receipt> put(Put put);

    CompletableFuture<Receipt> delete(Delete delete);
  }

  private final Store store;
  private final Update update;
  private final Delays delays;
  private final long deadlineNanos;
  private final CompletableFuture<Receipt> result = new CompletableFuture<>();
  private int attempts;
  // The answer of the write that holds the change; from then on there is only merging to do.
  private @Nullable Receipt written;

  UpdateLoop(Store store, Update update, Delays delays, Duration timeout) {
    this.store = store;
    this.update = update;
    this.delays = delays;
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  CompletableFuture<Receipt> start() {
    round();
    return result;
  }

  private Duration remaining() {
    return Duration.ofNanos(Math.max(1_000_000, deadlineNanos - System.nanoTime()));
  }

  private void round() {
    attempts++;
    Get get = new Get(update.key(), update.keyspace(), update.level(), remaining());
    store.get(get).whenComplete((found, error) -> step(error, () -> decide(found)));
  }

  private void step(@Nullable Throwable error, Runnable next) {
    if (error != null) {
      fail(error);
      return;
    }
    try {
      next.run();
    } catch (RuntimeException e) {
      // The resolver or the change of the application threw.
      result.completeExceptionally(e);
    }
  }

  /** A merge that fails after the change was written takes nothing back. */
  private void fail(Throwable error) {
    Receipt done = written;
    if (done != null) {
      result.complete(done);
    } else {
      result.completeExceptionally(error);
    }
  }

  private void decide(Receipt found) {
    boolean conflicting = found.siblings().size() > 1;
    Bytes value = conflicting ? update.resolver().resolve(found.siblings()) : found.value();
    Receipt done = written;
    if (done != null && !conflicting) {
      result.complete(done);
      return;
    }
    write(found, conflicting, done == null ? update.change().apply(value) : value);
  }

  private void write(Receipt found, boolean conflicting, @Nullable Bytes value) {
    boolean compares = found.mode() == Mode.CP && !conflicting;
    CompletableFuture<Receipt> write;
    if (value == null && compares && !found.found()) {
      result.complete(found);
      return;
    }
    Long version = compares && found.found() ? Long.valueOf(found.version()) : null;
    Bytes context = compares ? null : found.context();
    // A stale read is no base for a write, but its version may be compared all the same.
    Level level = update.level() == Level.STALE ? null : update.level();
    if (value == null) {
      write =
          store.delete(
              new Delete(
                  update.key(), update.keyspace(), level, version, context, remaining(), false));
    } else {
      write =
          store.put(
              new Put(
                  update.key(),
                  value,
                  update.keyspace(),
                  level,
                  version,
                  compares && version == null,
                  context,
                  remaining(),
                  null,
                  false));
    }
    write.whenComplete(this::answered);
  }

  private void answered(@Nullable Receipt receipt, @Nullable Throwable error) {
    if (error instanceof CapstanException refused
        && refused.code().equals(ErrorCode.CONFLICT)
        && attempts < update.attemptsMax()) {
      again();
    } else if (error != null || receipt == null) {
      fail(error == null ? new IllegalStateException("an answer without a receipt") : error);
    } else {
      written = receipt;
      if (receipt.siblings().size() > 1 && attempts < update.attemptsMax()) {
        again();
      } else {
        result.complete(receipt);
      }
    }
  }

  /** Spread, so that writers who met once do not go on meeting. */
  private void again() {
    long most = Math.min(BACKOFF_MAX_MILLIS, BACKOFF_MIN_MILLIS << Math.min(attempts, 16));
    long nanos = ThreadLocalRandom.current().nextLong(most * 1_000_000);
    if (deadlineNanos - System.nanoTime() - nanos <= 0) {
      fail(
          new CapstanException(
              ErrorCode.CONFLICT,
              Outcome.FAILED,
              "Others wrote the key in each of " + attempts + " attempts until the time was over.",
              "Allow more time, or make each update smaller.",
              null));
      return;
    }
    delays.after(nanos, this::round);
  }
}
