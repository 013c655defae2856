/**
 * Claims about what is counted, collected and handed out, each decided in one pass over any number
 * of operations: no element of a set is lost, doubled or back from the dead; a counter stays within
 * what was added to it; an id is given out once; what goes into a queue comes out, once.
 *
 * <p>Much weaker than linearizability, and for that they say what went wrong in the words of the
 * data, and hold for an available keyspace too.
 *
 * <p>Invariants: an operation of unknown outcome widens what is allowed, never narrows it; an
 * accusation is made only if every outcome of it is wrong.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.element.SetElementsChecker}.
 */
@NullMarked
package io.capstan.chaos.check.element;

import org.jspecify.annotations.NullMarked;
