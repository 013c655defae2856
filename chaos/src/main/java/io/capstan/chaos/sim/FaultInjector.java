package io.capstan.chaos.sim;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What goes wrong in a run: each seed draws its own subset of faults and their rates, so that some
 * runs have one fault often and others many at once.
 */
final class FaultInjector {

  private static final long MILLI = 1_000_000L;

  private final EventQueue events;
  private final RandomGenerator random;
  private final SimulatedNetwork network;
  private final List<SimulatedNode> nodes;
  private final Restarted restarted;
  private final boolean partitions;
  private final boolean oneWayCuts;
  private final boolean crashes;
  private final boolean pauses;
  private final boolean clockJumps;
  private boolean active = true;
  private long crashCount;

  /** Is told that a node starts again. */
  interface Restarted {
    void restarted(int node);
  }

  FaultInjector(
      EventQueue events,
      RandomGenerator random,
      SimulatedNetwork network,
      List<SimulatedNode> nodes,
      Restarted restarted) {
    this.events = events;
    this.random = random;
    this.network = network;
    this.nodes = nodes;
    this.restarted = restarted;
    partitions = random.nextInt(10) < 7;
    oneWayCuts = random.nextInt(10) < 4;
    crashes = random.nextInt(10) < 6;
    pauses = random.nextInt(10) < 3;
    clockJumps = random.nextInt(10) < 3;
    network.rates(
        random.nextBoolean() ? 0 : random.nextDouble() * 0.2,
        random.nextBoolean() ? 0 : random.nextDouble() * 0.1,
        random.nextBoolean() ? 0 : random.nextDouble() * 0.2);
    if (random.nextInt(4) == 0) {
      for (SimulatedNode node : nodes) {
        node.fsyncMaxNanos((long) (random.nextDouble() * 100 * MILLI));
      }
    }
  }

  void start() {
    plan();
  }

  long crashes() {
    return crashCount;
  }

  private void plan() {
    events.after(
        (long) (random.nextDouble() * 800 * MILLI),
        () -> {
          if (active) {
            inject();
            plan();
          }
        });
  }

  private void inject() {
    switch (random.nextInt(5)) {
      case 0 -> {
        if (partitions) {
          split();
        }
      }
      case 1 -> {
        if (oneWayCuts) {
          network.cut(random.nextInt(nodes.size()), random.nextInt(nodes.size()));
        }
      }
      case 2 -> {
        if (crashes) {
          crashAndRestart(random.nextInt(nodes.size()));
        }
      }
      case 3 -> {
        if (pauses) {
          SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
          node.pause(true);
          events.after((long) (random.nextDouble() * 2_000 * MILLI), () -> node.pause(false));
        }
      }
      default -> {
        if (clockJumps) {
          nodes
              .get(random.nextInt(nodes.size()))
              .jumpWallClock((long) ((random.nextDouble() - 0.5) * 60_000 * MILLI));
        }
      }
    }
    if (random.nextInt(4) == 0) {
      network.healAll();
    }
  }

  private void split() {
    network.healAll();
    int sides = random.nextInt(1 << nodes.size());
    for (int from = 0; from < nodes.size(); from++) {
      for (int to = 0; to < nodes.size(); to++) {
        if (((sides >> from) & 1) != ((sides >> to) & 1)) {
          network.cut(from, to);
        }
      }
    }
  }

  private void crashAndRestart(int number) {
    SimulatedNode node = nodes.get(number);
    if (!node.isUp()) {
      return;
    }
    crashCount++;
    node.crash();
    events.after(
        (long) (random.nextDouble() * 1_500 * MILLI),
        () -> {
          restarted.restarted(number);
          node.start();
        });
  }

  /** Ends every fault; nodes that are down start within their time. */
  void end() {
    active = false;
    network.healAll();
    network.rates(0, 0, 0);
    for (SimulatedNode node : nodes) {
      node.fsyncMaxNanos(MILLI);
      node.pause(false);
      node.jumpWallClock(0);
    }
  }
}
