package io.capstan.node.storage;

import org.jspecify.annotations.Nullable;

/**
 * The durable state of one replica of one group; see the package for the contract.
 *
 * <p>Confined to the event loop of its group. Every method may throw {@link StorageException},
 * after which the store must not be used again.
 */
public interface ReplicaStore {

  /** Receives rows in ascending unsigned byte order. */
  interface RowVisitor {
    /**
     * @return whether to go on
     */
    boolean visit(byte[] key, byte[] value);
  }

  /** The group's Raft log. */
  LogStore log();

  /** The row's value, or null where there is none. The array must not be changed. */
  byte @Nullable [] get(Table table, byte[] key);

  /**
   * Visits rows in ascending unsigned byte order.
   *
   * @param from the first key, inclusive; empty for the start of the table
   * @param to the end, exclusive; null for the end of the table
   */
  void scan(Table table, byte[] from, byte @Nullable [] to, RowVisitor visitor);

  /** Applies the batch: atomic, in order, visible at once, durable after a later sync. */
  void write(WriteBatch batch);

  /**
   * Makes the tables of a keyspace, empty. Nothing happens where they exist. Durable before it
   * returns.
   */
  void createKeyspace(long keyspaceId);

  /**
   * Removes the tables of a keyspace with all rows. Nothing happens where there are none. Durable
   * before it returns, with every batch written before it.
   */
  void dropKeyspace(long keyspaceId);

  /** The ids of the keyspaces that have tables, ascending. */
  long[] keyspaces();
}
