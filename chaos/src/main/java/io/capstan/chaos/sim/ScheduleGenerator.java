package io.capstan.chaos.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws the schedule of a seed: how many nodes, which faults and how hard, what clients ask. Each
 * seed takes its own subset of the faults (swarm testing: Groce and others, 2012), so that some
 * runs have one fault often and others many at once.
 */
public final class ScheduleGenerator {
  private static final int[] CLUSTER_SIZES = {1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 6, 7, 7};
  // Uses of the seed that others do not have; see also Simulation.
  private static final long USE_LWW = 3;
  private static final long USE_TYPES = 4;
  private static final long USE_FLIPS = 5;

  private static final long USE_MEMBERS = 5;

  // One seed of so many uses counters and sets, beside everything else.
  private static final int TYPED_SEEDS = 3;
  // Of these, how many operations are of that kind, in percent.
  private static final int TYPED_PERCENT = 38;

  private static final int[] LWW_PERCENT = {0, 0, 0, 0, 0, 100, 100, 100, 50};
  private static final long HEALTHY_MILLIS_MAX = 20_000;

  private final SimulationSettings settings;
  private final SplittableRandom random;
  private final long seed;
  private final int nodes;
  private final long faultyMillis;
  private final List<SimulatedFault> memberChanges;
  private int machines;
  // Of the AP operations, how many go to the keyspace in which the latest write wins.
  private final int lwwPercent;

  private ScheduleGenerator(long seed, SimulationSettings settings) {
    this.seed = seed;
    this.settings = settings;
    this.random = new SplittableRandom(mixed(seed, 1));
    int drawn = CLUSTER_SIZES[random.nextInt(CLUSTER_SIZES.length)];
    this.nodes = settings.nodes() == 0 ? drawn : settings.nodes();
    this.faultyMillis = 4_000 + random.nextInt(8_000);
    this.machines = nodes;
    this.memberChanges = memberChanges();
    this.lwwPercent = LWW_PERCENT[(int) Math.floorMod(mixed(seed, USE_LWW), LWW_PERCENT.length)];
  }

  /** The schedule that belongs to a seed; the same for the same settings. */
  public static Schedule of(long seed, SimulationSettings settings) {
    return new ScheduleGenerator(seed, settings).schedule();
  }

  /** A number for each use of a seed, so that neighbouring seeds have nothing in common. */
  static long mixed(long seed, long use) {
    long z = seed * 0x9E3779B97F4A7C15L + use * 0xD1B54A32D192ED03L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private Schedule schedule() {
    return new Schedule(
        seed,
        settings.mode(),
        nodes,
        random.nextInt(4) == 0,
        random.nextInt(3) == 0 ? random.nextInt(3_000) : 0,
        faultyMillis,
        HEALTHY_MILLIS_MAX,
        true,
        faults(),
        operations());
  }

  // ---- faults ----

  private List<SimulatedFault> faults() {
    List<FaultKind> chosen = new ArrayList<>();
    double share = random.nextInt(10) == 0 ? 0.7 : 0.25;
    for (FaultKind kind : settings.faults()) {
      if (kind.group() == FaultKind.Group.MEMBERS || (nodes == 1 && kind.needsPeers())) {
        continue;
      }
      if (settings.everyFault() || random.nextDouble() < share) {
        chosen.add(kind);
      }
    }
    List<SimulatedFault> faults = new ArrayList<>(memberChanges);
    for (FaultKind kind : chosen) {
      double meanGapMillis = 300 + random.nextDouble() * random.nextDouble() * 6_000;
      double at = gap(meanGapMillis / 2);
      do {
        faults.add(fault(kind, Math.min((long) at, faultyMillis - 1)));
        at += gap(meanGapMillis);
      } while (at < faultyMillis);
    }
    faults.sort(Comparator.comparingLong(SimulatedFault::atMillis));
    return faults;
  }

  private double gap(double mean) {
    return -Math.log(1 - random.nextDouble()) * mean;
  }

  private SimulatedFault fault(FaultKind kind, long atMillis) {
    List<Integer> nodesConcerned =
        switch (kind) {
          case DELAY, LOSS, DUPLICATE, REORDER -> List.of();
          case CUT, ONE_WAY_CUT, CLOG, FLAP, LEADER_TRANSFER -> someNodes(2);
          case HALVES, BRIDGE -> someNodes(1 + random.nextInt(Math.max(1, nodes - 1)));
          case RING -> someNodes(machines);
          default -> someNodes(1);
        };
    long amount =
        switch (kind) {
          case DELAY -> 500 + (long) gap(20_000);
          case LOSS, DUPLICATE, REORDER -> 10 + random.nextInt(250);
          case FLAP -> 50 + random.nextInt(700);
          case SLOW_FSYNC -> 2 + (long) gap(60);
          case CRASH -> 1 + random.nextInt(30);
          case CLOCK_RATE -> random.nextInt(100_000) - 50_000;
          case CLOCK_JUMP -> random.nextInt(600_000) - 300_000;
          default -> 0;
        };
    return new SimulatedFault(kind, atMillis, duration(kind, atMillis), nodesConcerned, amount);
  }

  /** Drawn apart, so that what else a seed does stays as it is where members stay. */
  private List<SimulatedFault> memberChanges() {
    SplittableRandom draws = new SplittableRandom(mixed(seed, USE_MEMBERS));
    boolean many = draws.nextInt(10) == 0;
    int spares = 1 + draws.nextInt(Schedule.MACHINES_MAX - Schedule.NODES_MAX);
    List<SimulatedFault> changes = new ArrayList<>();
    for (FaultKind kind : settings.faults()) {
      boolean chosen = draws.nextDouble() < (many ? 0.7 : 0.2) || settings.everyFault();
      if (kind.group() != FaultKind.Group.MEMBERS || !chosen || (nodes == 1 && kind.needsPeers())) {
        continue;
      }
      machines = nodes + spares;
      double meanGapMillis = 500 + draws.nextDouble() * 5_000;
      double at = draws.nextDouble() * meanGapMillis;
      do {
        List<Integer> named = List.of(draws.nextInt(machines), draws.nextInt(machines));
        changes.add(new SimulatedFault(kind, Math.min((long) at, faultyMillis - 1), 1, named, 0));
        at += -Math.log(1 - draws.nextDouble()) * meanGapMillis;
      } while (at < faultyMillis);
    }
    return changes;
  }

  private long duration(FaultKind kind, long atMillis) {
    double mean =
        switch (kind) {
          case POWER_LOSS, TORN_WRITE, FAILED_FSYNC, FULL_DISK, CRASH -> 500;
          case PAUSE, CLOG -> 600;
          default -> 1_500;
        };
    return Math.max(1, Math.min((long) gap(mean), faultyMillis - atMillis));
  }

  private List<Integer> someNodes(int count) {
    List<Integer> shuffled = new ArrayList<>();
    for (int node = 0; node < machines; node++) {
      shuffled.add(node);
    }
    for (int i = machines - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int node = shuffled.get(i);
      shuffled.set(i, shuffled.get(other));
      shuffled.set(other, node);
    }
    return shuffled.subList(0, Math.min(count, machines));
  }

  // ---- operations ----

  private List<SimulatedOperation> operations() {
    int clients = 8 + random.nextInt(25);
    int keys = 1 + random.nextInt(5);
    double meanGapMillis = 1_000.0 / settings.operationsPerSecond();
    // Drawn apart, so that what else a seed does stays as it is.
    SplittableRandom types = new SplittableRandom(mixed(seed, USE_TYPES));
    boolean typed = settings.mode() != SimulationMode.SWITCH && types.nextInt(TYPED_SEEDS) == 0;
    List<SimulatedOperation> operations = new ArrayList<>();
    for (double at = gap(meanGapMillis); at < faultyMillis; at += gap(meanGapMillis)) {
      SimulatedOperation drawn =
          new SimulatedOperation(
              random.nextInt(clients), (long) at, type(), random.nextInt(keys), random.nextLong());
      operations.add(
          typed && types.nextInt(100) < TYPED_PERCENT
              ? drawn.of(typed(types), types.nextInt(2))
              : drawn);
    }
    if (settings.mode() == SimulationMode.SWITCH) {
      addFlips(operations);
    }
    return operations;
  }

  /** Every second or so somebody asks for a change of sides, now and then two at once. */
  private void addFlips(List<SimulatedOperation> operations) {
    SplittableRandom flips = new SplittableRandom(mixed(seed, USE_FLIPS));
    double meanGapMillis = 200 + flips.nextInt(2_000);
    int operators = Schedule.CLIENTS_MAX - Schedule.OPERATORS_FROM;
    for (double at = 200 + flips.nextInt(1_000);
        at < faultyMillis;
        at += -Math.log(1 - flips.nextDouble()) * meanGapMillis) {
      int asked = flips.nextInt(8) == 0 ? 2 : 1;
      for (int i = 0; i < asked; i++) {
        SimulatedOperation.Type type =
            switch (flips.nextInt(7)) {
              case 0 -> SimulatedOperation.Type.FLIP_ABORT;
              case 1, 2, 3 -> SimulatedOperation.Type.FLIP_TO_AP;
              default -> SimulatedOperation.Type.FLIP_TO_CP;
            };
        operations.add(
            new SimulatedOperation(
                Schedule.OPERATORS_FROM + flips.nextInt(operators),
                (long) at,
                type,
                0,
                flips.nextLong()));
      }
    }
    operations.sort(Comparator.comparingLong(SimulatedOperation::atMillis));
  }

  private SimulatedOperation.Type typed(SplittableRandom types) {
    boolean cp =
        switch (settings.mode()) {
          case CP -> true;
          case AP -> false;
          case MIXED -> types.nextInt(3) == 0;
          case SWITCH -> throw new IllegalStateException("switches have operations of their own");
        };
    return switch (types.nextInt(4)) {
      case 0, 1 ->
          cp ? SimulatedOperation.Type.CP_COUNTER_ADD : SimulatedOperation.Type.AP_COUNTER_ADD;
      case 2 -> cp ? SimulatedOperation.Type.CP_SET_ADD : SimulatedOperation.Type.AP_SET_ADD;
      default -> cp ? SimulatedOperation.Type.CP_SET_REMOVE : SimulatedOperation.Type.AP_SET_REMOVE;
    };
  }

  private SimulatedOperation.Type type() {
    if (settings.mode() == SimulationMode.SWITCH) {
      return switch (random.nextInt(8)) {
        case 0, 1 -> SimulatedOperation.Type.FLIP_PUT;
        case 2 -> SimulatedOperation.Type.FLIP_SET_ADD;
        case 3 -> SimulatedOperation.Type.FLIP_COUNTER_ADD;
        case 4, 5 -> SimulatedOperation.Type.FLIP_READ;
        default -> SimulatedOperation.Type.FLIP_WRITE;
      };
    }
    boolean cp =
        switch (settings.mode()) {
          case CP -> true;
          case AP -> false;
          case MIXED -> random.nextBoolean();
          case SWITCH -> false;
        };
    if (cp) {
      return switch (random.nextInt(3)) {
        case 0 -> SimulatedOperation.Type.CP_READ;
        case 1 -> SimulatedOperation.Type.CP_WRITE;
        default -> SimulatedOperation.Type.CP_CAS;
      };
    }
    boolean lww = random.nextInt(100) < lwwPercent;
    return switch (random.nextInt(5)) {
      case 0, 1 -> lww ? SimulatedOperation.Type.LWW_READ : SimulatedOperation.Type.AP_READ;
      case 2 -> lww ? SimulatedOperation.Type.LWW_DELETE : SimulatedOperation.Type.AP_DELETE;
      default -> lww ? SimulatedOperation.Type.LWW_WRITE : SimulatedOperation.Type.AP_WRITE;
    };
  }
}
