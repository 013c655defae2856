package io.capstan.chaos.sim;

import io.capstan.proto.peer.v1.PeerMessage;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * Links that delay, lose, repeat and reorder, and that can be cut one way. A message under way when
 * its link is cut is lost.
 */
final class SimulatedNetwork {

  private static final long MILLI = 1_000_000L;

  /** Receives what arrives. */
  interface Receiver {
    void arrived(int from, int to, PeerMessage message);
  }

  private final EventQueue events;
  private final RandomGenerator random;
  private final Receiver receiver;
  private final Set<Integer> cut = new TreeSet<>();
  private final int nodes;
  private double lossRate;
  private double repeatRate;
  private double slowRate;
  private long lost;
  private long cuts;

  SimulatedNetwork(EventQueue events, RandomGenerator random, int nodes, Receiver receiver) {
    this.events = events;
    this.random = random;
    this.nodes = nodes;
    this.receiver = receiver;
  }

  void rates(double loss, double repeat, double slow) {
    lossRate = loss;
    repeatRate = repeat;
    slowRate = slow;
  }

  void send(int from, int to, PeerMessage message) {
    if (cut.contains(link(from, to)) || random.nextDouble() < lossRate) {
      lost++;
      return;
    }
    plan(from, to, message);
    if (random.nextDouble() < repeatRate) {
      plan(from, to, message);
    }
  }

  private void plan(int from, int to, PeerMessage message) {
    long delay = MILLI / 10 + (long) (random.nextDouble() * MILLI);
    if (random.nextDouble() < slowRate) {
      delay += (long) (random.nextDouble() * 300 * MILLI);
    }
    events.after(
        delay,
        () -> {
          if (cut.contains(link(from, to))) {
            lost++;
          } else {
            receiver.arrived(from, to, message);
          }
        });
  }

  void cut(int from, int to) {
    if (from != to && cut.add(link(from, to))) {
      cuts++;
    }
  }

  void healAll() {
    cut.clear();
  }

  boolean isCut(int from, int to) {
    return cut.contains(link(from, to));
  }

  long lost() {
    return lost;
  }

  long cuts() {
    return cuts;
  }

  private int link(int from, int to) {
    return from * nodes + to;
  }
}
