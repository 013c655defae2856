package io.capstan.chaos.sim;

import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import java.util.List;

/** Carries out the faults of a schedule, each at its time, and takes each back at its end. */
final class FaultScript {
  private static final long MILLI = 1_000_000L;
  private static final long TRANSFER_MILLIS_MAX = 1_000;

  private final EventQueue events;
  private final SimulatedNetwork network;
  private final List<SimulatedNode> nodes;
  private final SimulatedOperator operator;
  private final Coverage coverage;
  private final Announced announced;

  /** Is told of each fault as it begins and ends. */
  interface Announced {
    void announced(SimulatedFault fault, boolean begins);
  }

  FaultScript(
      EventQueue events,
      SimulatedNetwork network,
      List<SimulatedNode> nodes,
      SimulatedOperator operator,
      Coverage coverage,
      Announced announced) {
    this.events = events;
    this.network = network;
    this.nodes = nodes;
    this.operator = operator;
    this.coverage = coverage;
    this.announced = announced;
  }

  /** Plans all of them, counted from now; none lasts longer than the time given. */
  void plan(List<SimulatedFault> faults, long faultyMillis) {
    for (SimulatedFault fault : faults) {
      long lasting = Math.min(fault.forMillis(), faultyMillis - fault.atMillis());
      if (lasting > 0) {
        SimulatedFault bounded = fault.lasting(lasting);
        events.after(fault.atMillis() * MILLI, () -> begin(bounded));
      }
    }
  }

  /** Begins one now that the schedule does not name; it is taken back after its time. */
  void beginNow(SimulatedFault fault) {
    begin(fault);
  }

  /** Nothing that has not happened will happen; nodes that are down start within their time. */
  void end() {
    nodes.forEach(SimulatedNode::disarm);
    operator.stop();
  }

  private void begin(SimulatedFault fault) {
    announced.announced(fault, true);
    switch (fault.kind()) {
      case DELAY, LOSS, DUPLICATE, REORDER -> network.add(fault.kind(), fault.amount());
      case CUT, ONE_WAY_CUT, ISOLATE, HALVES, BRIDGE, RING -> {
        coverage.count(fault.kind());
        links(fault, true);
      }
      case FLAP -> flap(fault, events.nowNanos() + fault.forMillis() * MILLI);
      case CLOG -> network.clog(fault.node(), fault.other());
      case POWER_LOSS -> nodes.get(fault.node()).die(fault, SimulatedNode.Death.POWER_LOST);
      case TORN_WRITE, FAILED_FSYNC, FULL_DISK, CRASH -> nodes.get(fault.node()).arm(fault);
      case SLOW_FSYNC -> nodes.get(fault.node()).addFsyncMillis(fault.amount());
      case PAUSE -> {
        coverage.count(fault.kind());
        nodes.get(fault.node()).pause(true);
      }
      case CLOCK_RATE -> {
        coverage.count(fault.kind());
        nodes.get(fault.node()).clock().addRate(fault.amount());
      }
      case CLOCK_JUMP -> {
        coverage.count(fault.kind());
        nodes.get(fault.node()).clock().addWallOffset(fault.amount());
      }
      case LEADER_TRANSFER -> transfer(fault);
      case MEMBER_ADD, MEMBER_REMOVE, MEMBER_REPLACE, DISK_LOSS, FLIPPED_BIT ->
          operator.want(fault);
    }
    if (hasEnd(fault.kind())) {
      events.after(fault.forMillis() * MILLI, () -> end(fault));
    }
  }

  private static boolean hasEnd(FaultKind kind) {
    return switch (kind) {
      case POWER_LOSS, TORN_WRITE, FAILED_FSYNC, FULL_DISK, CRASH, FLAP, LEADER_TRANSFER -> false;
      default -> kind.group() != FaultKind.Group.MEMBERS;
    };
  }

  private void end(SimulatedFault fault) {
    announced.announced(fault, false);
    switch (fault.kind()) {
      case DELAY, LOSS, DUPLICATE, REORDER -> network.add(fault.kind(), -fault.amount());
      case CLOG -> network.unclog(fault.node(), fault.other());
      case SLOW_FSYNC -> nodes.get(fault.node()).addFsyncMillis(-fault.amount());
      case PAUSE -> nodes.get(fault.node()).pause(false);
      case CLOCK_RATE -> nodes.get(fault.node()).clock().addRate(-fault.amount());
      case CLOCK_JUMP -> nodes.get(fault.node()).clock().addWallOffset(-fault.amount());
      default -> links(fault, false);
    }
  }

  private void transfer(SimulatedFault fault) {
    TransferLeadershipRequest request =
        TransferLeadershipRequest.newBuilder().setTarget(nodes.get(fault.other()).id()).build();
    SimulatedNode asked = nodes.get(fault.node());
    if (asked.isUp()) {
      asked.call(
          request,
          TRANSFER_MILLIS_MAX * MILLI,
          answer -> {
            if (answer instanceof TransferLeadershipResponse) {
              coverage.count(fault.kind());
            }
          });
    }
  }

  private void flap(SimulatedFault fault, long endNanos) {
    coverage.count(fault.kind());
    both(fault, true);
    long leftNanos = Math.max(0, endNanos - events.nowNanos());
    long halfNanos = Math.max(1, fault.amount() / 2) * MILLI;
    events.after(
        Math.min(halfNanos, leftNanos),
        () -> {
          both(fault, false);
          if (events.nowNanos() + halfNanos < endNanos) {
            events.after(halfNanos, () -> flap(fault, endNanos));
          }
        });
  }

  private void both(SimulatedFault fault, boolean cut) {
    change(fault.node(), fault.other(), cut);
    change(fault.other(), fault.node(), cut);
  }

  // ---- links ----

  private void links(SimulatedFault fault, boolean cut) {
    if (fault.kind() == FaultKind.ONE_WAY_CUT) {
      change(fault.node(), fault.other(), cut);
      return;
    }
    for (int from = 0; from < nodes.size(); from++) {
      for (int to = 0; to < nodes.size(); to++) {
        if (from != to && !connected(fault, from, to)) {
          change(from, to, cut);
        }
      }
    }
  }

  private void change(int from, int to, boolean cut) {
    if (cut) {
      network.cut(from, to);
    } else {
      network.heal(from, to);
    }
  }

  private boolean connected(SimulatedFault fault, int from, int to) {
    List<Integer> named = fault.nodes();
    return switch (fault.kind()) {
      case CUT -> !(named.contains(from) && named.contains(to));
      case ISOLATE -> from != fault.node() && to != fault.node();
      case HALVES -> named.contains(from) == named.contains(to);
      case BRIDGE ->
          from == fault.node() || to == fault.node() || named.contains(from) == named.contains(to);
      case RING -> isNear(named, from, to);
      default -> true;
    };
  }

  /** Near enough on the ring that each node and those near it are a majority. */
  private boolean isNear(List<Integer> ring, int from, int to) {
    if (!ring.contains(from) || !ring.contains(to)) {
      return true;
    }
    int distance = Math.abs(ring.indexOf(from) - ring.indexOf(to));
    int around = Math.min(distance, ring.size() - distance);
    int majority = ring.size() / 2 + 1;
    return around <= majority / 2;
  }
}
