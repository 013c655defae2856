package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.proto.v1.SetModeRequest;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * What goes wrong just when a change of sides comes to its next phase: a process dies, power fails,
 * links are cut, somebody gives the change up. Phases last some milliseconds, so that faults drawn
 * over the whole run would hardly ever meet one.
 *
 * <p>Only kinds that the schedule has at some other moment, too: a schedule that is made smaller
 * loses these faults along with the others of their kind.
 */
final class PhaseTrouble {
  private static final long MILLI = 1_000_000L;
  private static final long DOWN_MILLIS_LEAST = 100;
  private static final int DOWN_MILLIS_MORE = 1_500;
  private static final int BOUNDARIES_MAX = 12;
  private static final int POWER_FAILS_WITHIN_MICROS = 3_000;
  private static final int CUT_WITHIN_MICROS = 20_000;
  private static final int CUT_MILLIS_LEAST = 100;
  private static final int CUT_MILLIS_MORE = 3_000;
  private static final int GIVEN_UP_WITHIN_MICROS = 30_000;
  private static final long ABORT_ANSWER_NANOS = 600 * MILLI;

  /** The rarest that a run has trouble of one kind: at one of so many phases of a node. */
  private static final int SELDOM = 40;

  private static final Set<FaultKind> CUTTING =
      EnumSet.of(
          FaultKind.ISOLATE,
          FaultKind.HALVES,
          FaultKind.CUT,
          FaultKind.ONE_WAY_CUT,
          FaultKind.BRIDGE,
          FaultKind.RING,
          FaultKind.CLOG);

  private final EventQueue events;
  private final List<SimulatedNode> nodes;
  private final SplittableRandom random;
  private final Consumer<SimulatedFault> begin;
  private final Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
  private final List<FaultKind> cutting = new ArrayList<>();
  private final boolean givesUp;
  private final int crashesOneIn;
  private final int losesPowerOneIn;
  private final int failsSyncOneIn;
  private final int cutsOneIn;
  private final int givesUpOneIn;
  private long endNanos;

  /**
   * @param begin carries a fault out, and takes it back after its time
   */
  PhaseTrouble(
      Schedule schedule,
      EventQueue events,
      List<SimulatedNode> nodes,
      SplittableRandom random,
      Consumer<SimulatedFault> begin) {
    this.events = events;
    this.nodes = nodes;
    this.random = random;
    this.begin = begin;
    schedule.faults().forEach(fault -> kinds.add(fault.kind()));
    CUTTING.stream().filter(kinds::contains).forEach(cutting::add);
    this.givesUp =
        schedule.operations().stream()
            .anyMatch(operation -> operation.type() == SimulatedOperation.Type.FLIP_ABORT);
    this.crashesOneIn = oneIn(4);
    this.losesPowerOneIn = oneIn(4);
    this.failsSyncOneIn = oneIn(4);
    this.cutsOneIn = oneIn(6);
    this.givesUpOneIn = oneIn(12);
  }

  private int oneIn(int often) {
    return often + random.nextInt(SELDOM - often);
  }

  /** Trouble may begin from now on, and all of it is over after so long. */
  void start(long faultyMillis) {
    endNanos = events.nowNanos() + faultyMillis * MILLI;
  }

  private long leftMillis() {
    return (endNanos - events.nowNanos()) / MILLI;
  }

  /** A phase has begun on a node: it is in a batch that is being written. */
  void phaseBegan(int node) {
    if (leftMillis() <= 0) {
      return;
    }
    if (kinds.contains(FaultKind.CRASH) && random.nextInt(crashesOneIn) == 0) {
      nodes.get(node).arm(ends(FaultKind.CRASH, node, 1 + random.nextInt(BOUNDARIES_MAX)));
    }
    if (kinds.contains(FaultKind.FAILED_FSYNC) && random.nextInt(failsSyncOneIn) == 0) {
      nodes.get(node).arm(ends(FaultKind.FAILED_FSYNC, node, 0));
    }
    if (kinds.contains(FaultKind.POWER_LOSS) && random.nextInt(losesPowerOneIn) == 0) {
      SimulatedFault loss = ends(FaultKind.POWER_LOSS, node, 0);
      after(
          POWER_FAILS_WITHIN_MICROS,
          () -> nodes.get(node).die(loss, SimulatedNode.Death.POWER_LOST));
    }
    if (!cutting.isEmpty() && nodes.size() > 1 && random.nextInt(cutsOneIn) == 0) {
      SimulatedFault cut = cut();
      after(CUT_WITHIN_MICROS, () -> begin.accept(cut.lasting(bounded(cut.forMillis()))));
    }
    if (givesUp && random.nextInt(givesUpOneIn) == 0) {
      SimulatedNode asked = nodes.get(random.nextInt(nodes.size()));
      after(GIVEN_UP_WITHIN_MICROS, () -> giveUp(asked));
    }
  }

  private SimulatedFault ends(FaultKind kind, int node, long amount) {
    long downMillis = DOWN_MILLIS_LEAST + random.nextInt(DOWN_MILLIS_MORE);
    return new SimulatedFault(kind, 0, downMillis, List.of(node), amount);
  }

  private SimulatedFault cut() {
    FaultKind kind = cutting.get(random.nextInt(cutting.size()));
    int named =
        switch (kind) {
          case CUT, ONE_WAY_CUT, CLOG -> 2;
          case HALVES, BRIDGE -> 1 + random.nextInt(Math.max(1, nodes.size() - 1));
          case RING -> nodes.size();
          default -> 1;
        };
    List<Integer> shuffled = new ArrayList<>();
    for (int node = 0; node < nodes.size(); node++) {
      shuffled.add(random.nextInt(shuffled.size() + 1), node);
    }
    return new SimulatedFault(
        kind,
        0,
        CUT_MILLIS_LEAST + random.nextInt(CUT_MILLIS_MORE),
        shuffled.subList(0, Math.min(named, shuffled.size())),
        0);
  }

  private long bounded(long millis) {
    return Math.max(1, Math.min(millis, leftMillis()));
  }

  private void after(int withinMicros, Runnable trouble) {
    events.after(
        random.nextInt(withinMicros) * 1_000L,
        () -> {
          if (leftMillis() > 0) {
            trouble.run();
          }
        });
  }

  /** Nobody waits for the answer: what the catalogues say tells whether it came in time. */
  private static void giveUp(SimulatedNode asked) {
    if (asked.isUp()) {
      Message request =
          SetModeRequest.newBuilder()
              .setName(SimulatedClient.FLIP_KEYSPACE)
              .setAbort(true)
              .setRequestedBy("somebody")
              .build();
      asked.call(request, ABORT_ANSWER_NANOS, answer -> {});
    }
  }
}
