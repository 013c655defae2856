package io.capstan.chaos.scenario;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.workload.AttemptListener;
import io.capstan.chaos.workload.Phase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Where a run is, for whoever shows it while it runs. Nothing of it enters a verdict. Thread-safe.
 */
public final class RunProgress implements AttemptListener {

  /** The steps of a run. */
  public enum Step {
    PREPARE,
    WARM_UP,
    BEFORE,
    CUTTING,
    DURING,
    AFTER,
    SETTLE,
    CHECK
  }

  /** What is counted. */
  private record Place(String keyspace, String nodeId, Phase phase) {}

  /**
   * Attempts that ended.
   *
   * @param unknown those of which nobody knows whether they took effect
   */
  public record Counts(long ok, long refused, long unknown) {
    Counts plus(Counts other) {
      return new Counts(ok + other.ok, refused + other.refused, unknown + other.unknown);
    }
  }

  private static final class Adders {
    final LongAdder ok = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder unknown = new LongAdder();
  }

  private final Map<Place, Adders> adders = new ConcurrentHashMap<>();
  private final Consumer<Step> listener;
  private volatile Step step = Step.PREPARE;
  private volatile String sentence = "";
  private volatile String leader = "";
  private volatile List<String> minority = List.of();
  private volatile long startedNanos;

  /** Progress that is looked at. */
  public RunProgress() {
    this(step -> {});
  }

  /**
   * @param listener is told every step as the run comes to it, by the thread of the run
   */
  public RunProgress(Consumer<Step> listener) {
    this.listener = listener;
  }

  /** Goes on to a step, and says in a sentence what happens. */
  public void advance(Step next, String what) {
    sentence = what;
    step = next;
    listener.accept(next);
  }

  public void started(long nanos) {
    startedNanos = nanos;
  }

  void leader(String nodeId) {
    leader = nodeId;
  }

  void minority(List<String> nodes) {
    minority = List.copyOf(nodes);
  }

  @Override
  public void ended(String keyspace, String nodeId, EventType type, boolean answered) {
    Adders place =
        adders.computeIfAbsent(new Place(keyspace, nodeId, phase()), unused -> new Adders());
    if (answered) {
      place.ok.increment();
    } else if (type == EventType.INFO) {
      place.unknown.increment();
    } else {
      place.refused.increment();
    }
  }

  /** Returns the phase that the present step belongs to. */
  public Phase phase() {
    return switch (step) {
      case PREPARE, WARM_UP, BEFORE -> Phase.BEFORE;
      case CUTTING, DURING -> Phase.DURING;
      case AFTER, SETTLE, CHECK -> Phase.AFTER;
    };
  }

  /** Returns what ended on these nodes in this phase. */
  public Counts counts(String keyspace, List<String> nodeIds, Phase phase) {
    Counts sum = new Counts(0, 0, 0);
    for (String node : nodeIds) {
      Adders place = adders.get(new Place(keyspace, node, phase));
      if (place != null) {
        sum = sum.plus(new Counts(place.ok.sum(), place.refused.sum(), place.unknown.sum()));
      }
    }
    return sum;
  }

  public Step step() {
    return step;
  }

  /** Returns what happens, in a sentence; empty at first. */
  public String sentence() {
    return sentence;
  }

  /** Returns who led when it was last looked at; empty where unknown. */
  public String leader() {
    return leader;
  }

  /** Returns who is, or was, cut off; empty before the cut. */
  public List<String> minority() {
    return minority;
  }

  /** Returns when the workload started, on {@code System.nanoTime}; 0 before it. */
  public long startedNanos() {
    return startedNanos;
  }

  /** Returns milliseconds since the start of the workload; 0 before it. */
  public long elapsedMillis() {
    long started = startedNanos;
    return started == 0 ? 0 : (System.nanoTime() - started) / 1_000_000;
  }
}
