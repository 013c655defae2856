/**
 * Who wrote what, and which write knew of which: dots, causal contexts, dotted version vector sets,
 * node clocks and hybrid timestamps.
 *
 * <p>Pure: values in, values out. The messages of {@code capstan.store.v1} are the form on disk and
 * on the wire; every codec here refuses what is not in canonical order with an {@link
 * java.lang.IllegalArgumentException}, so that equal states are equal bytes.
 *
 * <p><b>A dot is spent once.</b> A {@link io.capstan.node.version.Dot} names one write of one
 * {@link io.capstan.node.version.Actor} in one keyspace. Counters run over the whole keyspace, so
 * one clock per keyspace says everything that a replica has seen, and two replicas compare
 * themselves without looking at keys.
 *
 * <p><b>Why whole keys travel.</b> The context of a key is a version vector. Its entry {@code (a,
 * n)} claims: <i>of this key, every dot of a up to n is accounted for here</i>, as a sibling or as
 * superseded. Dots of other keys lie in between and mean nothing. The claim is true of the object
 * that actor {@code a} holds, because a wrote its own earlier dots of the key into that same object
 * before. It stays true under {@link io.capstan.node.version.DottedVersionVectorSet#join join} of
 * whole objects. It would be false of a delta: an object with nothing but dot {@code (a, 9)} and
 * context {@code a:9}, merged where {@code (a, 5)} never arrived, would claim that {@code (a, 5)}
 * is superseded, and the next merge would silently drop it elsewhere. Therefore the whole merged
 * key is always replicated, never a part of it, and for the same reason an actor lets nobody see a
 * dot of its own before that dot is on its own disk: an actor that forgot {@code (a, 5)} in a crash
 * and wrote {@code (a, 6)} would make the same false claim.
 *
 * <p>Start reading at {@link io.capstan.node.version.DottedVersionVectorSet}, then {@link
 * io.capstan.node.version.NodeClock}.
 */
@NullMarked
package io.capstan.node.version;

import org.jspecify.annotations.NullMarked;
