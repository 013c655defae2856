/**
 * Measures of a history: who was served while the network was split, and how long answers took.
 *
 * <p>Invariants: attempts are counted by the time of their invocation; an answer after the deadline
 * is no service; where nobody tried, the share is null and not zero.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.measure.Availability}.
 */
@NullMarked
package io.capstan.chaos.check.measure;

import org.jspecify.annotations.NullMarked;
