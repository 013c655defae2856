/**
 * Faults as data, and the places that make them happen.
 *
 * <p>A schedule is a list of {@link io.capstan.chaos.fault.PlannedFault}: kind, target, times. The
 * {@link io.capstan.chaos.fault.FaultCrew} performs it on a cluster, several faults at once where
 * the schedule says so; {@link io.capstan.chaos.fault.FaultInjector} is its small sister for the
 * one split of the demo.
 *
 * <p>Invariants: a fault is in the {@link io.capstan.chaos.fault.FaultJournal}, on disk, before it
 * acts; it counts as begun only once the cluster shows it; and what was begun is undone, whatever
 * happens in between.
 *
 * <p>Start reading at {@link io.capstan.chaos.fault.FaultCrew}.
 */
@NullMarked
package io.capstan.chaos.fault;

import org.jspecify.annotations.NullMarked;
