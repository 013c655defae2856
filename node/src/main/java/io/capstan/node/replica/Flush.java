package io.capstan.node.replica;

import java.util.List;

/**
 * What came out of a drained batch of inputs.
 *
 * @param writeSequence the number of the newest write handed to the store; the shell syncs the
 *     store and reports {@link Input.Durable} with a number that it read before the sync began
 * @param effects to be carried out in order
 */
public record Flush(long writeSequence, List<Effect> effects) {}
