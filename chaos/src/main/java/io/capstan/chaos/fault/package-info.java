/**
 * Faults as data, and the one place that makes them happen.
 *
 * <p>A {@link io.capstan.chaos.fault.FaultSchedule} says which {@link io.capstan.chaos.fault.Fault}
 * begins and ends when. The {@link io.capstan.chaos.fault.FaultInjector} performs them on a
 * cluster.
 *
 * <p>Invariants: a fault is in the {@link io.capstan.chaos.fault.FaultJournal}, on disk, before it
 * acts; it counts as begun only once the cluster shows it; and what was begun is healed, whatever
 * happens in between.
 *
 * <p>Start reading at {@link io.capstan.chaos.fault.FaultInjector}.
 */
@NullMarked
package io.capstan.chaos.fault;

import org.jspecify.annotations.NullMarked;
