package io.capstan.chaos.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives the operations of a schedule to its clients when they are due.
 *
 * <p>Where the schedule hands over, the load stays what it is however slow the cluster gets: what
 * is due while its client is busy is done at once by the next one that is free, and waits only
 * where nobody is. Otherwise each client does its own, one after the other, and asks less while
 * answers are late; schedules that were written so are run so.
 */
final class SimulatedClients {
  private static final long MILLI = 1_000_000L;

  private final Schedule schedule;
  private final SimulatedClient.World world;
  private final long startNanos;
  private final List<SimulatedClient> clients = new ArrayList<>();
  private boolean stopped;

  /** The clients of a schedule, whose time begins now. */
  SimulatedClients(Schedule schedule, SimulatedClient.World world) {
    this.schedule = schedule;
    this.world = world;
    this.startNanos = world.events().nowNanos();
  }

  /** From now on operations become due. */
  void start() {
    if (schedule.handsOver()) {
      new Desk(0, Math.min(Schedule.OPERATORS_FROM, schedule.clients())).open();
      new Desk(Schedule.OPERATORS_FROM, schedule.clients()).open();
    } else {
      for (int number = 0; number < schedule.clients(); number++) {
        new Queue(number).planNext();
      }
    }
    long offered = schedule.operations().stream().filter(o -> !o.type().isOfOperator()).count();
    world.coverage().add(Coverage.Counter.OPERATIONS_OFFERED, offered);
    world.coverage().add(Coverage.Counter.ASKING_MILLIS, schedule.faultyMillis());
  }

  /** Nobody begins anything any more; what is open goes on to its end. */
  void stop() {
    stopped = true;
    clients.forEach(SimulatedClient::stop);
  }

  /** All of them, those that help out and had nothing to do too. */
  List<SimulatedClient> all() {
    return clients;
  }

  /** Whether nobody waits for an answer. */
  boolean idle() {
    for (int i = 0; i < clients.size(); i++) {
      if (!clients.get(i).idle()) {
        return false;
      }
    }
    return true;
  }

  private SimulatedClient newClient(int number, Consumer<SimulatedClient> whenFree) {
    SimulatedClient client = new SimulatedClient(number, world, !schedule.handsOver(), whenFree);
    clients.add(client);
    return client;
  }

  private void whenDue(SimulatedOperation operation, Runnable action) {
    long dueNanos = startNanos + operation.atMillis() * MILLI;
    world.events().after(dueNanos - world.events().nowNanos(), action);
  }

  /** What one client does, in its order. */
  private final class Queue {
    private final List<SimulatedOperation> operations;
    private final SimulatedClient client;
    private int next;

    Queue(int number) {
      this.operations = schedule.operations().stream().filter(o -> o.client() == number).toList();
      this.client = newClient(number, freed -> planNext());
    }

    void planNext() {
      if (next < operations.size()) {
        whenDue(operations.get(next), this::begin);
      }
    }

    private void begin() {
      if (!stopped) {
        client.perform(operations.get(next++));
      }
    }
  }

  /** What clients do that stand in for each other. */
  private final class Desk {
    private final List<SimulatedOperation> operations;
    private final List<SimulatedClient> staff = new ArrayList<>();
    private final ArrayDeque<SimulatedOperation> waiting = new ArrayDeque<>();
    private final int first;
    private int next;

    /** Clients from the first one to the one in front of the last. */
    Desk(int first, int last) {
      this.first = first;
      this.operations =
          schedule.operations().stream()
              .filter(o -> o.client() >= first && o.client() < last)
              .toList();
      for (int number = first; number < last; number++) {
        staff.add(newClient(number, this::freed));
      }
    }

    void open() {
      if (next < operations.size()) {
        whenDue(operations.get(next), this::arrived);
      }
    }

    private void arrived() {
      if (stopped) {
        return;
      }
      SimulatedOperation operation = operations.get(next++);
      open();
      SimulatedClient client = freeFrom(operation.client() - first);
      if (client == null) {
        waiting.add(operation);
      } else {
        client.perform(operation);
      }
    }

    private @Nullable SimulatedClient freeFrom(int wanted) {
      for (int i = 0; i < staff.size(); i++) {
        SimulatedClient client = staff.get((wanted + i) % staff.size());
        if (client.isFree()) {
          return client;
        }
      }
      return null;
    }

    private void freed(SimulatedClient client) {
      SimulatedOperation operation = stopped ? null : waiting.poll();
      if (operation != null) {
        client.perform(operation);
      }
    }
  }
}
