/**
 * The Java client: asynchronous and plain, with retries that are safe and an outcome on every
 * answer.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Only the endpoints that were given are ever contacted.
 *   <li>A write is sent again only where the attempt before surely had no effect, or where it
 *       carries the operation id of a registered session, so that the log performs it once. In an
 *       AP keyspace only additions and removals of counters and sets are, whose keys remember
 *       operation ids; and a put or a delete for a caller who has asked for it ({@link
 *       io.capstan.client.Put#repeatedWhereUnclear()}), because what is remembered of those has
 *       limits. What a caller sends again itself is another write to everybody.
 *   <li>{@link io.capstan.client.Outcome#FAILED} means definitely not applied. Where that is not
 *       known the outcome is {@link io.capstan.client.Outcome#UNKNOWN}; it is never guessed.
 *   <li>Every call ends by its deadline; every queue has a bound.
 * </ul>
 *
 * <p>Start reading at {@link io.capstan.client.CapstanClient}; what each call sends stands in
 * {@code DataCalls} and {@code AdminCalls}, how one call becomes attempts in {@code Operation},
 * what counts as "surely had no effect" in {@code Failure} and {@code Attempt}.
 */
@NullMarked
package io.capstan.client;

import org.jspecify.annotations.NullMarked;
