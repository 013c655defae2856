package io.capstan.node.replica;

import java.util.List;

/**
 * What came out of a drained batch of inputs.
 *
 * @param writeSequence the number of the newest write handed to the store
 * @param awaitedSequence the newest write that somebody waits for, now or earlier; at most {@code
 *     writeSequence}. Where it is not durable yet the shell syncs the store, and reports {@link
 *     Input.Durable} with the number of the newest write before the sync began. Later writes need
 *     no sync: nothing that was promised rests on them. Applied entries, most of all, are in the
 *     synced logs of a quorum, and are applied again
 * @param effects to be carried out in order
 */
public record Flush(long writeSequence, long awaitedSequence, List<Effect> effects) {}
