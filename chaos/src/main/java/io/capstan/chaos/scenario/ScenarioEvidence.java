package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.fault.FaultCrew.LinkChange;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.report.ClusterSample;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run brought to light, before anybody judges it: for checks and for reports. Times are
 * nanoseconds since the start of the workload.
 *
 * @param substrate sim, process or docker
 * @param nodes the nodes at which clients sat, in order
 * @param faults what happened, in order
 * @param leftOut faults of the schedule that found nobody whom they could hit
 * @param linkChanges which links were cut from when on
 * @param samples what the cluster looked like, by time
 * @param reach on which side each node stood when
 * @param firstFaultNanos when the first fault began; the end of the run where there was none
 * @param lastEndNanos when the last fault was about to be undone
 * @param healedNanos when everything was undone
 * @param endNanos the last attempt of the schedule had been made
 * @param healProblem what was still wrong when everything should have been well; empty if nothing
 * @param gone nodes that were replaced
 * @param keyspaces what was seen of each keyspace
 */
public record ScenarioEvidence(
    RunPlan plan,
    String substrate,
    List<String> nodes,
    List<FaultInForce> faults,
    List<PlannedFault> leftOut,
    List<LinkChange> linkChanges,
    List<ClusterSample> samples,
    ReachTimeline reach,
    long firstFaultNanos,
    long lastEndNanos,
    long healedNanos,
    long endNanos,
    String healProblem,
    List<String> gone,
    List<KeyspaceEvidence> keyspaces) {

  public ScenarioEvidence {
    nodes = List.copyOf(nodes);
    faults = List.copyOf(faults);
    leftOut = List.copyOf(leftOut);
    linkChanges = List.copyOf(linkChanges);
    samples = List.copyOf(samples);
    gone = List.copyOf(gone);
    keyspaces = List.copyOf(keyspaces);
  }

  /**
   * What was seen of one keyspace.
   *
   * @param history what its clients saw, with the side of each
   * @param finalContents what its replicas held at the very end
   * @param discarded what its ledgers list
   * @param convergedNanos when its replicas were first seen to agree on the keys that nobody wrote
   *     after the last fault; null if never
   */
  public record KeyspaceEvidence(
      KeyspacePlan plan,
      History history,
      ReplicaContents finalContents,
      List<ScenarioClients.Discarded> discarded,
      @Nullable Long convergedNanos) {
    public KeyspaceEvidence {
      discarded = List.copyOf(discarded);
    }
  }
}
