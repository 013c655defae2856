package io.capstan.chaos.scenario;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes and reads a register of its own, one request after another, through the node that is named
 * each time. All of it becomes part of the history of the clients, and nobody else writes there: so
 * what it was told is stale or it is not, whatever the clients happen to do.
 */
final class Witness {
  private static final String REGISTER = BankWorkload.REGISTER_PREFIX + "witness";
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private final Map<String, KeyspaceClient> clients;
  private final HistoryRecorder recorder;
  private final AtomicLong processes;
  private long lastWritten;

  Witness(Map<String, KeyspaceClient> clients, HistoryRecorder recorder, AtomicLong processes) {
    this.clients = clients;
    this.recorder = recorder;
    this.processes = processes;
  }

  /** Writes a value that was never written before; returns whether that was acknowledged. */
  boolean write(String node) {
    long value = ++lastWritten;
    HistoryEvent invocation = invoke("write", node, value);
    return end(
        invocation, send(node, new Request.Write(REGISTER, Long.toString(value), null)), value);
  }

  /** Reads; returns whether there was an answer, whatever it was. */
  boolean read(String node) {
    HistoryEvent invocation = invoke("read", node, null);
    Reply reply = send(node, new Request.Read(REGISTER));
    String value = reply.single(REGISTER);
    return end(invocation, reply, value == null ? null : Long.valueOf(value));
  }

  private HistoryEvent invoke(String f, String node, @Nullable Object value) {
    return recorder.invoke(
        processes.getAndIncrement(), f, REGISTER, value, Map.of(Extras.NODE, node));
  }

  private Reply send(String node, Request request) {
    KeyspaceClient client = clients.get(node);
    if (client == null) {
      throw new IllegalArgumentException("there is no client of " + node);
    }
    return client.send(request, TIMEOUT).join();
  }

  private boolean end(HistoryEvent invocation, Reply reply, @Nullable Object value) {
    EventType type =
        switch (reply.outcome()) {
          case OK -> EventType.OK;
          case FAILED -> EventType.FAIL;
          case UNKNOWN -> EventType.INFO;
        };
    recorder.complete(
        invocation,
        type,
        value,
        type == EventType.OK ? Map.of() : Map.of(Extras.ERROR, reply.errorCode()));
    return reply.outcome() == Outcome.OK;
  }
}
