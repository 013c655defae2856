package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.Outcome;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client that runs the operations that {@link SimulatedClients} gives it, one at a time. {@link
 * CpOperations} and {@link ApOperations} know what they are made of.
 */
final class SimulatedClient {
  static final long MILLI = 1_000_000L;
  static final String CP_KEYSPACE = "default";
  static final String AP_KEYSPACE = "feed";
  static final String LWW_KEYSPACE = "latest";
  static final String FLIP_KEYSPACE = "flip";

  private static final long ATTEMPT_NANOS = 600 * MILLI;
  private static final long LATE_ANSWER_NANOS = 200 * MILLI;
  private static final long SESSION_RETRY_NANOS = 100 * MILLI;
  private static final long SESSION_NANOS_MAX = 400 * MILLI;

  /** What clients share. */
  record World(
      EventQueue events,
      List<SimulatedNode> nodes,
      HistoryRecorder history,
      @Nullable ApOracle oracle,
      @Nullable ApOracle lwwOracle,
      @Nullable TypeOracle apTypes,
      @Nullable TypeOracle cpTypes,
      @Nullable FlipOracle flips,
      Coverage coverage,
      @Nullable Timeline timeline) {}

  /** Takes the answer to an attempt; null stands for none in time. */
  interface Handler {
    void answer(@Nullable Message answer);
  }

  private final int number;
  private final World world;
  private final Consumer<SimulatedClient> whenFree;
  private final boolean patient;
  private final CpOperations cp;
  private final @Nullable ApOperations ap;
  private final @Nullable ApOperations lww;
  private final @Nullable TypeOperations apTypes;
  private final @Nullable TypeOperations cpTypes;
  private final @Nullable FlipOperations flips;
  private SplittableRandom random = new SplittableRandom(0);

  private @Nullable SimulatedOperation open;
  private long openedNanos;
  // For the moment to ask again for a session.
  private boolean waiting;
  private long sequence;
  private boolean sessionOpen;
  private long sessionsLost;
  private boolean stopped;
  private long attempt;

  /**
   * @param patient whether it waits for a session for as long as it takes; otherwise an operation
   *     is given up that has none in time
   * @param whenFree is told after each operation, when the next one may be begun
   */
  SimulatedClient(int number, World world, boolean patient, Consumer<SimulatedClient> whenFree) {
    this.number = number;
    this.world = world;
    this.patient = patient;
    this.whenFree = whenFree;
    this.cp = new CpOperations(this, world);
    ApOracle oracle = world.oracle();
    this.ap = oracle == null ? null : new ApOperations(this, world, oracle);
    ApOracle lwwOracle = world.lwwOracle();
    this.lww = lwwOracle == null ? null : new ApOperations(this, world, lwwOracle);
    TypeOracle types = world.apTypes();
    this.apTypes = types == null ? null : new TypeOperations(this, world, types);
    types = world.cpTypes();
    this.cpTypes = types == null ? null : new TypeOperations(this, world, types);
    FlipOracle flipOracle = world.flips();
    this.flips = flipOracle == null ? null : new FlipOperations(this, world, flipOracle);
  }

  /**
   * The session on the keyspace that changes sides; null where there is none, or it did nothing.
   */
  @Nullable FlipSession flipSession() {
    return flips == null || sequence == 0 ? null : flips.session();
  }

  int number() {
    return number;
  }

  /** Begins nothing any more; what is open goes on to its end. */
  void stop() {
    stopped = true;
  }

  /** Whether it waits for no answer. */
  boolean idle() {
    return open == null || waiting;
  }

  /** Whether it may be given another operation. */
  boolean isFree() {
    return open == null;
  }

  /** Does the operation, once it has the session that it takes; it must be idle. */
  void perform(SimulatedOperation operation) {
    open = operation;
    openedNanos = world.events().nowNanos();
    begin();
  }

  private void begin() {
    waiting = false;
    SimulatedOperation operation = open;
    if (operation == null) {
      return;
    }
    if (stopped) {
      open = null;
      return;
    }
    random = new SplittableRandom(operation.choice());
    boolean inSession = operation.type().isCp() || operation.type().isFlip();
    if (inSession && !sessionOpen) {
      openSession();
      return;
    }
    if (!operation.type().isOfOperator()) {
      world.coverage().count(Coverage.Counter.OPERATIONS);
    }
    TypeOperations types = operation.type().isCp() ? cpTypes : apTypes;
    if (operation.type().isFlip()) {
      if (flips == null) {
        ended(null);
      } else {
        flips.begin(operation, random);
      }
    } else if (operation.type().isTyped() && types != null) {
      types.begin(operation, random);
    } else if (operation.type().isTyped()) {
      ended(null);
    } else if (operation.type().isCp()) {
      cp.begin(operation, random);
    } else if (operation.type().isLww() && lww != null) {
      lww.begin(operation, random);
    } else if (!operation.type().isLww() && ap != null) {
      ap.begin(operation, random);
    } else {
      ended(null);
    }
  }

  /** The open operation is over. */
  void ended(Coverage.@Nullable Counter counter) {
    if (counter != null) {
      world.coverage().count(counter);
    }
    open = null;
    whenFree.accept(this);
  }

  private void openSession() {
    send(
        OpenSessionRequest.newBuilder().setSession(session()).build(),
        answer -> {
          sessionOpen = answer instanceof OpenSessionResponse;
          boolean inTime = world.events().nowNanos() < openedNanos + SESSION_NANOS_MAX;
          if (sessionOpen || patient || inTime) {
            waiting = true;
            world.events().after(sessionOpen ? 0 : SESSION_RETRY_NANOS, this::begin);
          } else {
            world.coverage().count(Coverage.Counter.OPERATIONS);
            ended(null);
          }
        });
  }

  /** The cluster does not know the session any more; the next one has another number. */
  void sessionLost() {
    sessionOpen = false;
    sessionsLost++;
  }

  private long session() {
    return 1 + number + sessionsLost * Schedule.CLIENTS_MAX;
  }

  OperationId nextOperation() {
    return OperationId.newBuilder().setSession(session()).setSequence(++sequence).build();
  }

  /** A value that no other write of the run has. */
  long freshValue() {
    return sequence * Schedule.CLIENTS_MAX + number;
  }

  static ByteString text(long value) {
    return ByteString.copyFromUtf8(Long.toString(value));
  }

  void say(String what) {
    Timeline timeline = world.timeline();
    if (timeline != null) {
      timeline.happened(world.events().nowNanos(), "client " + number, what);
    }
  }

  boolean says() {
    return world.timeline() != null;
  }

  // ---- transport ----

  /** Asks some node; a node that is down refuses at once. */
  void send(Message request, Handler handler) {
    SimulatedNode node = world.nodes().get(random.nextInt(world.nodes().size()));
    long asked = ++attempt;
    if (!node.isUp()) {
      world.events().after(MILLI, () -> arrived(asked, refused(), handler));
      return;
    }
    world.events().after(ATTEMPT_NANOS + LATE_ANSWER_NANOS, new NoAnswer(this, asked, handler));
    node.call(request, ATTEMPT_NANOS, answer -> arrived(asked, answer, handler));
  }

  private record NoAnswer(SimulatedClient client, long asked, Handler handler) implements Runnable {
    @Override
    public void run() {
      client.arrived(asked, null, handler);
    }
  }

  private static ErrorDetail refused() {
    return ErrorDetail.newBuilder()
        .setCode("UNREACHABLE")
        .setOutcome(Outcome.OUTCOME_FAILED)
        .build();
  }

  private void arrived(long asked, @Nullable Message answer, Handler handler) {
    if (attempt == asked) {
      attempt++;
      handler.answer(answer);
    }
  }
}
