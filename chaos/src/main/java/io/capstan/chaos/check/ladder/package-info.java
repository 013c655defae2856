/**
 * How strong is what clients saw? From linearizable down over sequential and causal consistency and
 * the four session guarantees (Terry et al. 1994) to eventual consistency: the strongest rung that
 * holds, and the first that breaks, with the operations that break it.
 *
 * <p>Everything below linearizable rests on one relation: an operation causally precedes another if
 * one client did them in this order, or if the second read what the first wrote, or by a chain of
 * such steps (Ahamad et al. 1995; the patterns are those of Bouajjani et al., POPL 2017). A read
 * breaks a guarantee if all that it returned causally precedes a write that it should have known.
 *
 * <p>Invariants: a rung is called broken only if every way to read the history breaks it; where one
 * value was written several times and that leaves a doubt, the verdict is unknown; each rung
 * implies those below it.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.ladder.Ladder}.
 */
@NullMarked
package io.capstan.chaos.check.ladder;

import org.jspecify.annotations.NullMarked;
