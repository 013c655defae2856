package io.capstan.chaos.report;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.capstan.chaos.check.Verdict;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A judged run: what result.json holds, field by field. Ratios are ok / attempted, between 0 and 1,
 * null where nothing was attempted; times are in milliseconds, null where it did not happen.
 *
 * @param durationMillis of the workload
 * @param change of sides that a keyspace went through afterwards; null where none did
 * @param shrunk the fewest faults that violate a claim; null where none is violated or the faults
 *     cannot be repeated exactly
 * @param replay the command that runs it again
 */
@JsonPropertyOrder({
  "scenario",
  "seed",
  "substrate",
  "nodes",
  "durationMillis",
  "faults",
  "runs",
  "switch",
  "shrunk",
  "replay"
})
public record ScenarioResult(
    String scenario,
    long seed,
    String substrate,
    int nodes,
    long durationMillis,
    List<FaultResult> faults,
    List<RunResult> runs,
    @JsonProperty("switch") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable SwitchResult change,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable ShrunkSchedule shrunk,
    String replay) {

  public ScenarioResult {
    faults = List.copyOf(faults);
    runs = List.copyOf(runs);
  }

  /** A run in which no keyspace changed sides. */
  public ScenarioResult(
      String scenario,
      long seed,
      String substrate,
      int nodes,
      long durationMillis,
      List<FaultResult> faults,
      List<RunResult> runs,
      String replay) {
    this(scenario, seed, substrate, nodes, durationMillis, faults, runs, null, null, replay);
  }

  /** The same run, with other parts. */
  public ScenarioResult withRuns(List<RunResult> others) {
    return new ScenarioResult(
        scenario, seed, substrate, nodes, durationMillis, faults, others, change, shrunk, replay);
  }

  /** The same run, after which a keyspace changed sides and came back. */
  public ScenarioResult withSwitch(SwitchResult passed) {
    return new ScenarioResult(
        scenario, seed, substrate, nodes, durationMillis, faults, runs, passed, shrunk, replay);
  }

  /** The same run, whose schedule was reduced to what violates a claim. */
  public ScenarioResult withShrunk(ShrunkSchedule fewest) {
    return new ScenarioResult(
        scenario, seed, substrate, nodes, durationMillis, faults, runs, change, fewest, replay);
  }

  /**
   * A fault that happened; times since the start of the workload.
   *
   * @param startMillis it began to act
   * @param verifiedMillis the cluster was seen to suffer from it
   * @param endMillis it was undone
   */
  public record FaultResult(
      String name, String detail, long startMillis, long verifiedMillis, long endMillis) {}

  /**
   * One keyspace of the run.
   *
   * @param sides the same numbers as the table shows, one entry a row
   * @param verdict over all claims
   */
  public record RunResult(
      String mode,
      String keyspace,
      Ops ops,
      Availability availability,
      Consistency consistency,
      List<SideResult> sides,
      List<ClaimResult> claims,
      String verdict,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable LadderResult ladder) {

    public RunResult {
      sides = List.copyOf(sides);
      claims = List.copyOf(claims);
    }

    /** A run of which nobody asked how far up the consistency ladder it comes. */
    public RunResult(
        String mode,
        String keyspace,
        Ops ops,
        Availability availability,
        Consistency consistency,
        List<SideResult> sides,
        List<ClaimResult> claims,
        String verdict) {
      this(mode, keyspace, ops, availability, consistency, sides, claims, verdict, null);
    }

    /** Returns the sides that are told to people: not those on which nobody ever was. */
    List<SideResult> inhabitedSides() {
      return sides.stream().filter(side -> !side.nodes().isEmpty()).toList();
    }

    /** The same with the ladder. */
    public RunResult withLadder(@Nullable LadderResult climbed) {
      return new RunResult(
          mode, keyspace, ops, availability, consistency, sides, claims, verdict, climbed);
    }
  }

  /**
   * How far up the consistency ladder the keyspace came.
   *
   * @param strongest the strongest guarantee that holds for certain; null if none does
   * @param firstBroken the weakest that breaks for certain; null if none does
   * @param why how it breaks; null if none does
   * @param rungs guarantee, the strongest first, to valid, invalid or unknown
   */
  public record LadderResult(
      @Nullable String strongest,
      @Nullable String firstBroken,
      @Nullable String why,
      Map<String, String> rungs) {
    public LadderResult {
      rungs = Collections.unmodifiableMap(new LinkedHashMap<>(rungs));
    }
  }

  /** Operations as the history records them; {@code attempted} is the sum of the others. */
  public record Ops(int attempted, int ok, int failed, int unknown) {}

  /** Availability before, during and after the split. */
  public record Availability(All before, Sides during, All after) {}

  /** One ratio for all nodes. */
  public record All(@Nullable Double all) {}

  /** One ratio for each side. */
  public record Sides(@Nullable Double majority, @Nullable Double minority) {}

  /**
   * What was found about the data.
   *
   * @param linearizable true, false, or "unknown"
   * @param staleReads reads that missed a write acknowledged before they began
   * @param lostWrites acknowledged writes that are gone without having been replaced
   * @param discardedWrites acknowledged writes that a last-write-wins rule dropped
   * @param siblingsSeen keys on which some read found concurrent values
   */
  public record Consistency(
      Object linearizable,
      @Nullable Long staleReads,
      @Nullable Long lostWrites,
      @Nullable Long discardedWrites,
      @Nullable Long siblingsSeen,
      @Nullable Long convergedAfterHealMillis,
      @Nullable Long recoveredAfterHealMillis) {}

  /**
   * One part of the run: a phase, or a side during the split.
   *
   * @param phase before, cutting, during or after
   * @param side all, majority or minority
   * @param ok attempts that the cluster answered; a comparison that failed is an answer
   * @param refused attempts that definitely took no effect, for want of a quorum
   * @param unknown attempts that may have taken effect
   * @param p50Millis how long the client waited, whatever came; null where nothing was attempted
   * @param staleReads reads that missed an acknowledged write; null where that is not known
   * @param siblings reads that found concurrent values
   */
  public record SideResult(
      String phase,
      String side,
      List<String> nodes,
      int attempted,
      int ok,
      int refused,
      int unknown,
      @Nullable Double p50Millis,
      @Nullable Double p99Millis,
      @Nullable Long staleReads,
      long siblings) {

    public SideResult {
      nodes = List.copyOf(nodes);
    }

    /** Returns ok / attempted, null where nothing was attempted. */
    @JsonProperty
    public @Nullable Double availability() {
      return attempted == 0 ? null : (double) ok / attempted;
    }
  }

  /**
   * A claim and what became of it.
   *
   * @param judged the verdict in full: its operations and story go into the report, not into
   *     result.json
   */
  public record ClaimResult(String claim, String verdict, String why, @JsonIgnore Verdict judged) {
    /** Returns the claim with this verdict. */
    public static ClaimResult of(String claim, Verdict verdict) {
      return new ClaimResult(claim, verdict.status().label(), verdict.why(), verdict);
    }
  }

  /** Returns invalid if some claim is, else unknown if some claim is, else valid. */
  public Verdict.Status verdict() {
    boolean unknown = false;
    for (RunResult run : runs) {
      if (run.verdict().equals(Verdict.Status.INVALID.label())) {
        return Verdict.Status.INVALID;
      }
      unknown |= run.verdict().equals(Verdict.Status.UNKNOWN.label());
    }
    return unknown ? Verdict.Status.UNKNOWN : Verdict.Status.VALID;
  }
}
