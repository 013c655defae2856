/**
 * Linearizability: is there one order of all operations, each at some moment between its invocation
 * and its completion, that a sequential object would answer in the same way?
 *
 * <p>The search is that of Wing and Gong (1993) with the memoised configurations of Lowe (2017),
 * one key at a time (Herlihy and Wing's locality). What is added here makes crashed operations
 * cheap: they are grouped by effect and counted, and a configuration that used up more of them than
 * another is not worth visiting.
 *
 * <p>Where a history carries the store's own versions, the order that they tell can be tried first
 * ({@link io.capstan.chaos.check.linear.VersionOrder}): held against the definition, it needs no
 * search, and no trust.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.linear.LinearizabilityChecker}; the search
 * itself is {@link io.capstan.chaos.check.linear.KeySearch}; what an object is, {@link
 * io.capstan.chaos.check.linear.Model}.
 */
@NullMarked
package io.capstan.chaos.check.linear;

import org.jspecify.annotations.NullMarked;
