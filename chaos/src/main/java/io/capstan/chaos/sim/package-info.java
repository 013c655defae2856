/**
 * The deterministic simulator: the real {@link io.capstan.node.replica.Replica}, the code that runs
 * in production, on a virtual clock, a virtual network and virtual disks, in one thread.
 *
 * <p>One seed decides everything, so the same seed gives the same events in the same order, and a
 * failure can be looked at as often as it takes. Nothing here sleeps, reads a clock or iterates
 * over an unordered collection.
 *
 * <p>Checked while it runs: one leader a term, the same entry at the same index everywhere,
 * linearizable CP histories, no acknowledged AP write lost, nothing superseded comes back, quorum
 * reads never stale. After the faults end the cluster must become live and equal within a bound.
 *
 * <p>Start reading at {@link io.capstan.chaos.sim.Simulation}.
 */
@NullMarked
package io.capstan.chaos.sim;

import org.jspecify.annotations.NullMarked;
