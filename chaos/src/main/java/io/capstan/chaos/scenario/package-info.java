/**
 * One scenario from beginning to end: clients at work on a CP and an AP keyspace of the same
 * cluster at the same moment, a split with the leader in the minority, a heal; then what it showed,
 * judged.
 *
 * <p>Invariants: a scenario knows a cluster only through {@link io.capstan.chaos.cluster.Cluster}
 * and {@link io.capstan.chaos.scenario.ScenarioClients}, so that it runs on every substrate;
 * nothing is counted by hand while it runs, every number is computed from the recorded histories; a
 * claim that cannot be decided is unknown.
 *
 * <p>Start reading at {@link io.capstan.chaos.scenario.SplitScenario}, which returns {@link
 * io.capstan.chaos.scenario.SplitEvidence}, and go on with {@link
 * io.capstan.chaos.scenario.SplitJudge}.
 */
@NullMarked
package io.capstan.chaos.scenario;

import org.jspecify.annotations.NullMarked;
