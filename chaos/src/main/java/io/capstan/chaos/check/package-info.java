/**
 * History in, verdict out: the checkers of the chaos harness. They know no cluster, and nothing
 * else of Capstan.
 *
 * <p>A {@link io.capstan.chaos.check.History} is what clients saw: invocations and completions in
 * the order in which they happened. Everything else is a question asked of it:
 *
 * <ul>
 *   <li>{@code check.format}: histories from and to files (Jepsen EDN, JSON lines, Jepsen logs,
 *       Porcupine's logs);
 *   <li>{@code check.linear}: is there one order of all operations that explains every answer
 *       (linearizability)?
 *   <li>{@code check.ladder}: if there is none, which weaker guarantees hold: sequential, causal,
 *       the session guarantees?
 *   <li>{@code check.eventual}: what an available keyspace still owes: convergence, nothing lost,
 *       how stale reads were;
 *   <li>{@code check.measure}: availability per side of a split, and latency;
 *   <li>{@code check.element}: sets, counters, ids and queues, in one pass;
 *   <li>{@code check.txn}: are transactions isolated, and if not, which cycle shows it?
 *   <li>{@code check.claim}: one door to all of them, by name.
 * </ul>
 *
 * <p>Invariants: a verdict is valid, invalid or unknown, always with a reason, and "unknown" is
 * never rounded to either side. An operation whose outcome is unknown may have taken effect at any
 * time after its invocation, or never. No checker runs without a {@link
 * io.capstan.chaos.check.Budget}.
 *
 * <p>What has nothing to do with each other, keys or keyspaces, is checked {@link
 * io.capstan.chaos.check.SideBySide}.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.Operation}, then {@link
 * io.capstan.chaos.check.History}.
 */
@NullMarked
package io.capstan.chaos.check;

import org.jspecify.annotations.NullMarked;
