package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Outcome;
import io.capstan.client.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One client at work: sends the attempts of its script through its node and records them.
 *
 * <p>A process of the history runs one operation at a time, so a client with several attempts under
 * way is several processes; one whose operation stayed unknown is never used again.
 *
 * <p>Thread-safe: the driver attempts, the network answers.
 */
public final class WorkloadClient {
  /** The {@code error} of an attempt that was not sent because too many were under way. */
  public static final String TOO_MANY_OUTSTANDING = "too-many-outstanding";

  /** Attempts of one client that may be under way at once. */
  static final int OUTSTANDING_MAX = 64;

  /** Requests that one attempt may send. */
  static final int SENDS_MAX = 10;

  /** Writes of one client that are listened to beyond their time; others are given up at it. */
  static final int LATE_MAX = 256;

  /**
   * How long the answer to a write of an AP keyspace is waited for after its attempt has ended:
   * what an unanswered write replaced is told by nobody but its receipt.
   */
  public static final Duration LINGER = Duration.ofSeconds(15);

  private static final Set<String> AP_LEVELS =
      Set.of(Level.ONE.label(), Level.QUORUM.label(), Level.ALL.label());

  private static final long UNNUMBERED = -1;

  private final String keyspace;
  private final KeyspaceClient client;
  private final ClientScript script;
  private final AttemptTimes times;
  private final HistoryRecorder recorder;
  private final AtomicLong processes;
  private final AttemptListener listener;
  private final LongSupplier nanoClock;
  private final ArrayDeque<Long> idleProcesses = new ArrayDeque<>();
  private long number = UNNUMBERED;
  private final Map<Long, Reply> lateReplies = new LinkedHashMap<>();
  private int outstanding;
  private int listening;
  private @Nullable RuntimeException broken;

  /**
   * @param processes where the numbers of new processes come from; shared by all clients whose
   *     attempts go into the same history
   */
  public WorkloadClient(
      String keyspace,
      KeyspaceClient client,
      ClientScript script,
      AttemptTimes times,
      HistoryRecorder recorder,
      AtomicLong processes,
      AttemptListener listener) {
    this(keyspace, client, script, times, recorder, processes, listener, System::nanoTime);
  }

  /**
   * @param nanoClock what measures attempts; the clock of the recorder
   */
  public WorkloadClient(
      String keyspace,
      KeyspaceClient client,
      ClientScript script,
      AttemptTimes times,
      HistoryRecorder recorder,
      AtomicLong processes,
      AttemptListener listener,
      LongSupplier nanoClock) {
    this.keyspace = keyspace;
    this.client = client;
    this.script = script;
    this.times = times;
    this.recorder = recorder;
    this.processes = processes;
    this.listener = listener;
    this.nanoClock = nanoClock;
  }

  /** Returns the node that this client is bound to. */
  public String nodeId() {
    return client.nodeId();
  }

  /** Returns the time of the next attempt, in nanoseconds since the start of the workload. */
  public long nextAttemptNanos() {
    return times.nextNanos();
  }

  /** Returns how many attempts are under way. */
  public synchronized int outstanding() {
    return outstanding;
  }

  /** Returns how many writes are under way whose attempts have ended, or may yet. */
  public synchronized int listening() {
    return listening;
  }

  /**
   * Returns what writes of unknown outcome were answered after their time, by the process of the
   * history, which no other operation of unknown outcome shares.
   */
  public synchronized Map<Long, Reply> lateReplies() {
    return Map.copyOf(lateReplies);
  }

  /** Returns why this client's history cannot be relied on; null where all is well. */
  public synchronized @Nullable RuntimeException broken() {
    return broken;
  }

  /** Makes the next attempt and returns without waiting for its end. */
  public void attempt(Phase phase, Duration timeout) {
    Attempt attempt;
    HistoryEvent invocation;
    synchronized (this) {
      attempt = script.next(phase);
      Long idle = idleProcesses.pollFirst();
      long process = idle == null ? processes.getAndIncrement() : idle;
      number = number == UNNUMBERED ? process : number;
      invocation =
          recorder.invoke(process, attempt.f(), attempt.key(), attempt.value(), extras(attempt));
      if (outstanding >= OUTSTANDING_MAX) {
        record(
            invocation,
            new Ending(
                EventType.FAIL, attempt.value(), Map.of(Extras.ERROR, TOO_MANY_OUTSTANDING)));
        return;
      }
      outstanding++;
    }
    send(new UnderWay(attempt, invocation, nanoClock.getAsLong(), timeout.toNanos()), SENDS_MAX);
  }

  /** An attempt that was invoked and has not ended. */
  private record UnderWay(
      Attempt attempt, HistoryEvent invocation, long startNanos, long timeoutNanos) {
    long leftNanos(LongSupplier nanoClock) {
      return startNanos + timeoutNanos - nanoClock.getAsLong();
    }
  }

  private void send(UnderWay underWay, int sendsLeft) {
    Duration left = Duration.ofNanos(Math.max(1, underWay.leftNanos(nanoClock)));
    // Nobody waits for it: an attempt that breaks is kept in "broken".
    CompletableFuture<Reply> unused =
        reply(underWay, left)
            .whenComplete(
                (reply, error) ->
                    replied(
                        underWay,
                        reply != null ? reply : Reply.error(Outcome.UNKNOWN, String.valueOf(error)),
                        sendsLeft - 1));
  }

  private CompletableFuture<Reply> reply(UnderWay underWay, Duration left) {
    Request request = underWay.attempt().request();
    boolean isWorthwhile = request instanceof Request.Write && AP_LEVELS.contains(client.level());
    synchronized (this) {
      if (!isWorthwhile || listening >= LATE_MAX) {
        return client.send(request, left);
      }
      listening++;
    }
    long process = underWay.invocation().process();
    return client
        .send(request, left, LINGER, late -> answeredLate(process, late))
        .whenComplete(
            (reply, error) -> {
              if (reply == null || !reply.isUnanswered()) {
                answered();
              }
            });
  }

  private synchronized void answered() {
    listening--;
  }

  private synchronized void answeredLate(long process, Reply reply) {
    listening--;
    lateReplies.put(process, reply);
  }

  private void replied(UnderWay underWay, Reply reply, int sendsLeft) {
    UnderWay next;
    synchronized (this) {
      Request again =
          sendsLeft > 0 && underWay.leftNanos(nanoClock) > 0
              ? script.again(underWay.attempt(), reply)
              : null;
      if (again == null) {
        end(underWay, reply);
        return;
      }
      next =
          new UnderWay(
              underWay.attempt().with(again),
              underWay.invocation(),
              underWay.startNanos(),
              underWay.timeoutNanos());
    }
    send(next, sendsLeft);
  }

  private Map<String, @Nullable Object> extras(Attempt attempt) {
    Map<String, @Nullable Object> extras = new LinkedHashMap<>();
    extras.put(Extras.NODE, client.nodeId());
    extras.put(Extras.CLIENT, number);
    extras.put(Extras.LEVEL, client.level());
    extras.putAll(attempt.extras());
    return extras;
  }

  private void end(UnderWay underWay, Reply reply) {
    outstanding--;
    Ending ending;
    try {
      ending = script.end(underWay.attempt(), reply);
    } catch (RuntimeException e) {
      // Nobody waits for this thread: kept until the driver asks.
      broken = e;
      ending = Ending.of(EventType.INFO, underWay.attempt().value());
    }
    Map<String, @Nullable Object> extras = new LinkedHashMap<>(ending.extras());
    extras.put(
        Extras.LATENCY_MICROS,
        TimeUnit.NANOSECONDS.toMicros(nanoClock.getAsLong() - underWay.startNanos()));
    record(underWay.invocation(), new Ending(ending.type(), ending.value(), extras));
  }

  private void record(HistoryEvent invocation, Ending ending) {
    recorder.complete(invocation, ending.type(), ending.value(), ending.extras());
    if (ending.type() != EventType.INFO) {
      idleProcesses.addFirst(invocation.process());
    }
    boolean answered =
        ending.type() == EventType.OK
            || Ending.COMPARISON_FAILED.equals(ending.extras().get(Extras.ERROR));
    listener.ended(keyspace, client.nodeId(), ending.type(), answered);
  }
}
