/**
 * What clients do while a cluster is hurt: generators of operations, and the driver that makes them
 * on a fixed schedule and writes down what came of them.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>What a client asks, and when, follows from the seed; only the answers are the cluster's.
 *   <li>An attempt is made when its time has come, whatever became of the ones before (an open
 *       loop): a cluster that is slow or silent cannot make itself look available by being asked
 *       less.
 *   <li>A process of a history runs one operation at a time, and none any more after one whose
 *       outcome stayed unknown.
 *   <li>Every written value is unique in its run, so that a read tells which write it saw.
 * </ul>
 *
 * <p>Start reading at {@link io.capstan.chaos.workload.Workload} and its two forms, {@link
 * io.capstan.chaos.workload.BankWorkload} (for CP) and {@link
 * io.capstan.chaos.workload.FeedWorkload} (for AP); then {@link
 * io.capstan.chaos.workload.OpenLoopDriver}. All of them see a cluster only through {@link
 * io.capstan.chaos.workload.KeyspaceClient}.
 */
@NullMarked
package io.capstan.chaos.workload;

import org.jspecify.annotations.NullMarked;
