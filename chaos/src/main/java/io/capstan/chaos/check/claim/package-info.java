/**
 * One door to all checkers: a {@link io.capstan.chaos.check.claim.Claim} is given the evidence of a
 * run and answers with a verdict. {@link io.capstan.chaos.check.claim.Claims} makes one from a name
 * and settings, as a scenario file or the command line write them.
 *
 * <p>Invariants: the same evidence always gets the same answer, budget permitting; a claim that
 * lacks the evidence it needs answers unknown and says what is missing; an invalid verdict pins the
 * operations that show it wherever operations can.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.claim.Claims}.
 */
@NullMarked
package io.capstan.chaos.check.claim;

import org.jspecify.annotations.NullMarked;
