package io.capstan.chaos.sim;

import io.capstan.proto.peer.v1.PeerMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Links that delay, lose, repeat, reorder and hold back, and that can be cut one way. A message
 * under way when its link is cut is lost. Faults of one kind on one link add up.
 */
final class SimulatedNetwork {
  private static final long MICRO = 1_000L;
  private static final long MILLI = 1_000_000L;
  private static final long DELAY_LEAST_NANOS = 100 * MICRO;
  private static final long OVERTAKEN_NANOS_MAX = 300 * MILLI;
  private static final int PERMILLE_MAX = 800;

  /** Receives what arrives. */
  interface Receiver {
    void arrived(Speaker from, int to, PeerMessage message);
  }

  private final EventQueue events;
  private final SplittableRandom random;
  private final Receiver receiver;
  private final Coverage coverage;
  private final int nodes;
  private final int[] cuts;
  private final int[] clogs;
  private final List<@Nullable List<Arrival>> held = new ArrayList<>();
  private int lossPermille;
  private int duplicatePermille;
  private int reorderPermille;
  private long extraDelayMicros;
  private final long[] linkDelayNanos;
  private final int[] linkLossPermille;

  SimulatedNetwork(
      EventQueue events, SplittableRandom random, int nodes, Coverage coverage, Receiver receiver) {
    this.events = events;
    this.random = random;
    this.nodes = nodes;
    this.coverage = coverage;
    this.receiver = receiver;
    this.cuts = new int[nodes * nodes];
    this.clogs = new int[nodes * nodes];
    this.linkDelayNanos = new long[nodes * nodes];
    this.linkLossPermille = new int[nodes * nodes];
    for (int i = 0; i < nodes * nodes; i++) {
      held.add(null);
    }
  }

  // ---- faults ----

  /** Adds to a rate or a delay, for all links; a negative amount takes it back. */
  void add(FaultKind kind, long amount) {
    switch (kind) {
      case LOSS -> lossPermille += (int) amount;
      case DUPLICATE -> duplicatePermille += (int) amount;
      case REORDER -> reorderPermille += (int) amount;
      case DELAY -> extraDelayMicros += amount;
      default -> throw new IllegalArgumentException(kind + " is no fault of all links");
    }
  }

  void cut(int from, int to) {
    if (cuts[link(from, to)]++ == 0) {
      coverage.count(Coverage.Counter.CUTS);
    }
  }

  void heal(int from, int to) {
    cuts[link(from, to)]--;
  }

  /** Lets one link carry late and lose, beside what all links do. */
  void degrade(int from, int to, long delayMillis, int lossPercent) {
    linkDelayNanos[link(from, to)] = delayMillis * MILLI;
    linkLossPermille[link(from, to)] = lossPercent * 10;
  }

  void clog(int from, int to) {
    clogs[link(from, to)]++;
  }

  /** Lets everything go that was held back on the link. */
  void unclog(int from, int to) {
    int link = link(from, to);
    List<Arrival> waiting = held.get(link);
    if (--clogs[link] == 0 && waiting != null) {
      held.set(link, null);
      for (Arrival arrival : waiting) {
        events.after(DELAY_LEAST_NANOS, arrival);
      }
    }
  }

  // ---- messages ----

  void send(Speaker from, int to, PeerMessage message) {
    int link = link(from.number(), to);
    // One draw serves all decisions: ten bits each, and twenty for the delay.
    long drawn = random.nextLong();
    if (cuts[link] > 0) {
      coverage.count(Coverage.Counter.MESSAGES_LOST);
      return;
    }
    if (happens(drawn, lossPermille + linkLossPermille[link])) {
      coverage.count(Coverage.Counter.MESSAGES_LOST);
      coverage.count(FaultKind.LOSS);
      return;
    }
    if (clogs[link] > 0) {
      hold(link, new Arrival(this, from, to, message));
      return;
    }
    long delay = DELAY_LEAST_NANOS + linkDelayNanos[link] + (drawn >>> 44);
    if (happens(drawn >>> 10, reorderPermille)) {
      delay += (long) (random.nextDouble() * OVERTAKEN_NANOS_MAX);
      coverage.count(FaultKind.REORDER);
    }
    if (extraDelayMicros > 0) {
      delay += heavyTailed(extraDelayMicros * MICRO);
      coverage.count(FaultKind.DELAY);
    }
    plan(from, to, message, delay);
    if (happens(drawn >>> 20, duplicatePermille)) {
      coverage.count(FaultKind.DUPLICATE);
      plan(from, to, message, delay + (long) (random.nextDouble() * 50 * MILLI));
    }
  }

  private static boolean happens(long drawn, int permille) {
    return permille > 0 && (drawn & 1023) * 1_000 < (long) Math.min(permille, PERMILLE_MAX) * 1_024;
  }

  /** Most messages are quicker than the mean, a few take ten times as long. */
  private long heavyTailed(long meanNanos) {
    double share = random.nextDouble();
    return (long) (meanNanos * share * share * share * (share > 0.98 ? 10 : 3));
  }

  private void hold(int link, Arrival arrival) {
    List<Arrival> waiting = held.get(link);
    if (waiting == null) {
      waiting = new ArrayList<>();
      held.set(link, waiting);
    }
    waiting.add(arrival);
    coverage.count(FaultKind.CLOG);
  }

  private void plan(Speaker from, int to, PeerMessage message, long delayNanos) {
    events.after(delayNanos, new Arrival(this, from, to, message));
  }

  private record Arrival(SimulatedNetwork network, Speaker from, int to, PeerMessage message)
      implements Runnable {
    @Override
    public void run() {
      network.arrive(from, to, message);
    }
  }

  private void arrive(Speaker from, int to, PeerMessage message) {
    if (cuts[link(from.number(), to)] > 0) {
      coverage.count(Coverage.Counter.MESSAGES_LOST);
    } else {
      receiver.arrived(from, to, message);
    }
  }

  private int link(int from, int to) {
    return from * nodes + to;
  }
}
