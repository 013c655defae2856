/**
 * Are transactions isolated? Transactions append to lists and read them; every element is appended
 * once, so that a list tells the order of its writers, and with it who depends on whom. What cannot
 * be put in one order shows as a cycle (Adya 1999; Kingsbury and Alvaro 2020).
 *
 * <p>Invariants: an anomaly is reported only if it follows from what clients saw, whatever the
 * operations of unknown outcome did; each cycle is reported with the reason of every step.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.txn.ListAppendChecker}, then {@link
 * io.capstan.chaos.check.txn.DependencyBuilder}.
 */
@NullMarked
package io.capstan.chaos.check.txn;

import org.jspecify.annotations.NullMarked;
