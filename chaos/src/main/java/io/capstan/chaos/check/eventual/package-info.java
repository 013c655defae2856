/**
 * What an available keyspace still owes when it gives up one order of everything: that replicas
 * agree in the end, that no acknowledged write is lost, and how far behind its reads were.
 *
 * <p>Causality is data here: the receipt of a write lists the values that it superseded. Every
 * written value is unique on its key, so a value is the name of its write.
 *
 * <p>Invariants: acknowledged = present + siblings + superseded + discarded + undetermined + lost,
 * always; a write counts as lost only if nothing that is known could excuse its absence.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.eventual.ConservationChecker}.
 */
@NullMarked
package io.capstan.chaos.check.eventual;

import org.jspecify.annotations.NullMarked;
