/**
 * What a replica group keeps, as the pure packages see it: ordered tables of bytes and a Raft log,
 * written together.
 *
 * <p>The contract in three sentences. A {@link io.capstan.node.storage.WriteBatch} is applied whole
 * or not at all, and batches are applied in the order in which they are given. What a batch wrote
 * is visible to reads at once, but durable only after a later sync that somebody else performs and
 * reports. A crash keeps a prefix of the batches that were written, at least all that were synced.
 *
 * <p>This package holds the interfaces and is pure; {@code io.capstan.node.storage.rocks}
 * implements them over RocksDB, the simulator over maps with a crash model. Start reading at {@link
 * io.capstan.node.storage.ReplicaStore}.
 */
@NullMarked
package io.capstan.node.storage;

import org.jspecify.annotations.NullMarked;
