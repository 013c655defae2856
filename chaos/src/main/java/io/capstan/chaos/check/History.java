package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of one run saw, as events in the order in which they happened and as operations.
 * Immutable and safe for any thread.
 *
 * <p>An invocation is paired with the next event of its process. An operation that ended with
 * {@code info}, or never ended, stays open for ever. A process that goes on after such an operation
 * is tolerated: the old one simply stays open.
 */
public final class History {
  private final List<HistoryEvent> events;
  private final List<Operation> operations;

  private History(List<HistoryEvent> events, List<Operation> operations) {
    this.events = Collections.unmodifiableList(events);
    this.operations = Collections.unmodifiableList(operations);
  }

  /**
   * Pairs events into operations. Positions in the given list are the order; {@code index} is only
   * carried along.
   *
   * <p>An {@code info} of a client that has nothing running is no operation.
   *
   * @throws UnpairedEventException if a client ends an operation that it never invoked with {@code
   *     ok} or {@code fail}
   */
  public static History of(List<HistoryEvent> events) {
    List<@Nullable Operation> byId = new ArrayList<>();
    Map<Long, Integer> openPositionByProcess = new HashMap<>();
    Map<Long, Integer> openIdByProcess = new HashMap<>();
    for (int position = 0; position < events.size(); position++) {
      HistoryEvent event = events.get(position);
      if (!event.isClient()) {
        continue;
      }
      if (event.type() == EventType.INVOKE) {
        Integer abandoned = openIdByProcess.put(event.process(), byId.size());
        Integer abandonedAt = openPositionByProcess.put(event.process(), position);
        if (abandoned != null && abandonedAt != null) {
          byId.set(abandoned, operation(abandoned, events.get(abandonedAt), abandonedAt, null, 0));
        }
        byId.add(null);
        continue;
      }
      Integer id = openIdByProcess.remove(event.process());
      Integer invokedAt = openPositionByProcess.remove(event.process());
      if (id == null || invokedAt == null) {
        if (event.type() == EventType.INFO) {
          // A client that crashed between operations says so; it changed nothing.
          continue;
        }
        throw new UnpairedEventException(position, event);
      }
      byId.set(id, operation(id, events.get(invokedAt), invokedAt, event, position));
    }
    openIdByProcess.forEach(
        (process, id) -> {
          int invokedAt = openPositionByProcess.getOrDefault(process, -1);
          byId.set(id, operation(id, events.get(invokedAt), invokedAt, null, 0));
        });
    List<Operation> operations = new ArrayList<>(byId.size());
    for (Operation operation : byId) {
      if (operation == null) {
        throw new IllegalStateException(
            "an invocation was paired with nothing, not even with being open");
      }
      operations.add(operation);
    }
    return new History(new ArrayList<>(events), operations);
  }

  private static Operation operation(
      int id,
      HistoryEvent invoke,
      int invokedAt,
      @Nullable HistoryEvent completion,
      int completedAt) {
    Outcome outcome =
        completion == null
            ? Outcome.UNKNOWN
            : switch (completion.type()) {
              case OK -> Outcome.OK;
              case FAIL -> Outcome.FAILED;
              case INFO, INVOKE -> Outcome.UNKNOWN;
            };
    Map<String, @Nullable Object> extras = invoke.extras();
    if (completion != null && !completion.extras().isEmpty()) {
      Map<String, @Nullable Object> both = new LinkedHashMap<>(extras);
      both.putAll(completion.extras());
      extras = Collections.unmodifiableMap(both);
    }
    return new Operation(
        id,
        invoke.process(),
        invoke.f(),
        invoke.key(),
        invoke.value(),
        outcome,
        outcome == Outcome.OK && completion != null ? completion.value() : null,
        invoke.timeNanos(),
        completion == null ? Operation.NEVER : completion.timeNanos(),
        invokedAt,
        outcome == Outcome.UNKNOWN ? Operation.OPEN : completedAt,
        extras);
  }

  /** Every event, those of the fault injector included, in the order in which they happened. */
  public List<HistoryEvent> events() {
    return events;
  }

  /** The clients' operations by invocation. */
  public List<Operation> operations() {
    return operations;
  }

  /**
   * The operations of each independent key, keys by first use; one entry with the key null if not
   * keyed.
   */
  public Map<@Nullable Object, List<Operation>> operationsByKey() {
    Map<@Nullable Object, List<Operation>> byKey = new LinkedHashMap<>();
    for (Operation operation : operations) {
      byKey.computeIfAbsent(operation.key(), unused -> new ArrayList<>()).add(operation);
    }
    return byKey;
  }

  /** How many operations ended in each way. */
  public Counts counts() {
    int ok = 0;
    int failed = 0;
    int unknown = 0;
    for (Operation operation : operations) {
      switch (operation.outcome()) {
        case OK -> ok++;
        case FAILED -> failed++;
        case UNKNOWN -> unknown++;
      }
    }
    return new Counts(operations.size(), ok, failed, unknown);
  }

  /** Operations by outcome; {@code attempted} is the sum of the others. */
  public record Counts(int attempted, int ok, int failed, int unknown) {}

  /** A client ended an operation that it had not invoked: the history is damaged. */
  public static final class UnpairedEventException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;
    private final int position;

    UnpairedEventException(int position, HistoryEvent event) {
      super(
          "process "
              + event.process()
              + " ends "
              + event.f()
              + " with "
              + event.type().label()
              + " but has invoked nothing");
      this.position = position;
    }

    /** Position of the event in the list that was given. */
    public int position() {
      return position;
    }
  }
}
