/**
 * The data folder of a node: identity, lock, and the RocksDB engine behind the ports of {@link
 * io.capstan.node.storage}.
 *
 * <p>Start reading at {@link io.capstan.node.storage.rocks.DataFolder}, which opens everything in
 * the right order; then {@link io.capstan.node.storage.rocks.StorageEngine}, which owns the one
 * RocksDB instance of a node, and {@link io.capstan.node.storage.rocks.RowKeys}, which is the
 * layout on disk.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>One process at a time uses a folder, and always as the same node of the same cluster.
 *   <li>A batch is one record of RocksDB's write-ahead log: whole or absent after a crash. {@link
 *       io.capstan.node.storage.rocks.WalTail} cuts a record that was torn at the very end before
 *       RocksDB reads the log; RocksDB itself then accepts no damage at all.
 *   <li>A failed write or sync is final: the engine refuses every later call, because it is unknown
 *       what reached the disk.
 *   <li>Every native object has exactly one owner, which closes it after whatever uses it.
 * </ul>
 */
@NullMarked
package io.capstan.node.storage.rocks;

import org.jspecify.annotations.NullMarked;
