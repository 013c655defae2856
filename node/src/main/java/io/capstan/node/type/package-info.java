/**
 * Counters and sets as contributions of siblings: what a key's siblings amount to, and what a write
 * of a counter or of a set leaves behind. Both are CRDTs expressed in the one join of {@link
 * io.capstan.node.version.DottedVersionVectorSet}; nothing here merges anything by itself.
 *
 * <p>What must hold:
 *
 * <ol>
 *   <li><b>An operation counts once</b>, however many coordinators it was sent to. Its operation id
 *       stands in a sibling or, once that is gone, in the {@link
 *       io.capstan.node.type.OperationMarks} of the actor that took it away. Of several siblings
 *       with one id the one with the smallest dot counts; one whose id is in marks does not count.
 *   <li><b>Every write leaves a sibling with a new dot</b>, removals and folding included: dots are
 *       what anti-entropy carries, and what sessions wait for. Such a sibling supersedes exactly
 *       siblings that its writer has seen.
 *   <li><b>Only its own actor replaces</b> a counter's increment, a counter's base and a set's
 *       marks; otherwise two actors could fold the same increment into two sums.
 *   <li><b>Bounded</b>: see {@link io.capstan.node.type.TypeLimits}. There are no tombstones of
 *       elements; what is remembered of removed ones are marks, which are bounded and age out.
 * </ol>
 *
 * <p>Pure and stateless. Start reading at {@link io.capstan.node.type.Counters}, then {@link
 * io.capstan.node.type.Sets}. Sources: Shapiro, Preguica, Baquero, Zawirski: A comprehensive study
 * of Convergent and Commutative Replicated Data Types, 2011 (PN-counter, observed-remove set);
 * Bieniusa et al.: An optimized conflict-free replicated set, 2012 (no tombstones where a causal
 * context tells what was seen).
 */
@NullMarked
package io.capstan.node.type;

import org.jspecify.annotations.NullMarked;
