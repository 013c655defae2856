/**
 * The deterministic simulator: the real {@link io.capstan.node.replica.Replica}, the code that runs
 * in production, on a virtual clock, a virtual network and virtual disks, in one thread.
 *
 * <p>A seed becomes a {@link io.capstan.chaos.sim.Schedule}: how many nodes, which faults at which
 * times, what clients ask. The schedule decides everything that happens in its run, so a failure
 * can be looked at as often as it takes, written to a file, and made smaller. Nothing here sleeps,
 * reads a clock or iterates over an unordered collection; only {@link io.capstan.chaos.campaign},
 * which runs many seeds on several threads, does.
 *
 * <p>Checked at every step: election safety, log matching, leader completeness, state machine
 * safety; terms, commit and applied indexes that only rise and stand in order; votes, terms and
 * entries durable before anybody hears of them; what is committed durable on a majority; each
 * session's write applied once; and when a member has left, quorum writes on a quorum of the rest.
 * At the end: linearizable CP histories, no acknowledged AP write lost, nothing superseded come
 * back, quorum reads never stale, and a cluster that is live and equal within a stated bound after
 * the faults have ended.
 *
 * <p>Start reading at {@link io.capstan.chaos.sim.Simulation}; what can go wrong stands in {@link
 * io.capstan.chaos.sim.FaultKind}.
 */
@NullMarked
package io.capstan.chaos.sim;

import org.jspecify.annotations.NullMarked;
