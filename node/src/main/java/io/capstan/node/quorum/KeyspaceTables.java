package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.RebuildingRecord;
import io.capstan.proto.store.v1.StoredValue;
import org.jspecify.annotations.Nullable;

/**
 * The stored state of one AP keyspace on one replica, as leaderless replication sees it.
 *
 * <p>Writes are visible to later reads at once; everything written between two flushes of the
 * replica reaches the disk whole or not at all, and {@link QuorumOutput#whenDurable} tells when.
 */
public interface KeyspaceTables {

  /** Receives keys in ascending unsigned byte order. */
  interface RowVisitor {
    /**
     * @return whether to go on
     */
    boolean visit(ByteString key, StoredValue value);
  }

  /** Receives dots in ascending order of counters. */
  interface DotVisitor {
    /**
     * @return whether to go on
     */
    boolean visit(Dot dot, ByteString key);
  }

  /** What is stored under the key, or null. */
  @Nullable StoredValue read(ByteString key);

  /** Stores the key. */
  void write(ByteString key, StoredValue value);

  /** Removes the key. */
  void delete(ByteString key);

  /** Visits keys that begin with the prefix, from the given key on, in order. */
  void scan(ByteString prefix, ByteString from, RowVisitor visitor);

  /** The key that the dot was written to, or null where the dot log does not have it. */
  @Nullable ByteString keyOf(Dot dot);

  /** Records in the dot log which key the dot was written to. */
  void writeDot(Dot dot, ByteString key);

  /** Visits the dots of the actor in the dot log, first and last counter included. */
  void dots(Actor actor, long firstCounter, long lastCounter, DotVisitor visitor);

  /** Removes the dot from the dot log. */
  void deleteDot(Dot dot);

  /** The rows of the ledger. */
  LedgerTable ledger();

  /** The rows of {@link OperationLedger}. */
  OperationTable operations();

  /** The rows of hinted handoff. */
  HintTable hints();

  /** The stored clock; empty at first. */
  NodeClock readClock();

  /** Stores the clock. */
  void writeClock(NodeClock clock);

  /** What is yet to be taken over from other replicas; null where nothing was stored about it. */
  @Nullable RebuildingRecord readRebuilding();

  /** Stores what is yet to be taken over. */
  void writeRebuilding(RebuildingRecord record);
}
