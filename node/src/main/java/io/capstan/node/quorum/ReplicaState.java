package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridClock;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.InvariantViolation;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.StoredValue;

/**
 * What this replica holds of the keyspace, and the only place that changes it.
 *
 * <p>Keeps the clock invariant: the clock contains a dot only if the dot's effect is reflected in
 * the stored state. And with it: for every dot in the clock, the dot log knows the key.
 */
final class ReplicaState {
  private final KeyspaceTables tables;
  private final Actor self;
  private final NodeClock clock;
  private final HybridClock hybridClock;
  private final StepTime time;
  private final ConflictRule rule;
  private boolean clockDirty;
  private long dotsTakenUp;

  ReplicaState(QuorumConfig config, KeyspaceTables tables, StepTime time, ConflictRule rule) {
    this.tables = tables;
    this.self = config.self();
    this.clock = tables.readClock();
    this.hybridClock = new HybridClock(config.limits().clockDriftMaxMillis());
    this.time = time;
    this.rule = rule;
    if (clock.maxOf(self) != clock.baseOf(self)) {
      throw new InvariantViolation(
          "the stored clock has gaps among this node's own writes ("
              + clock
              + "): the data folder"
              + " is damaged. Start the node with an empty one; it will be filled by its peers");
    }
  }

  Actor self() {
    return self;
  }

  /** The live clock; not to be kept or changed. */
  NodeClock clock() {
    return clock;
  }

  DottedVersionVectorSet read(ByteString key) {
    StoredValue stored = tables.read(key);
    return stored == null ? DottedVersionVectorSet.EMPTY : DottedVersionVectorSet.fromProto(stored);
  }

  void scan(ByteString prefix, ByteString from, KeyspaceTables.RowVisitor visitor) {
    tables.scan(prefix, from, visitor);
  }

  /** The number of writes that this replica has coordinated. */
  long ownCounter() {
    return clock.baseOf(self);
  }

  /** The dot of the next own write. */
  Dot nextDot() {
    return new Dot(self, ownCounter() + 1);
  }

  /**
   * A timestamp for a write: later than everything that is held, and than what its client has read.
   * Where that lies beyond the drift bound, only this write follows it and not the clock.
   *
   * @param read the latest timestamp that the client has read, or zero
   */
  HybridTimestamp nextTimestamp(DottedVersionVectorSet held, HybridTimestamp read) {
    HybridTimestamp newest = held.newest();
    if (read.compareTo(newest) > 0) {
      newest = read;
    }
    hybridClock.observe(newest, time.wallMillis());
    HybridTimestamp next = hybridClock.next(time.wallMillis());
    return next.compareTo(newest) > 0 ? next : newest.successor();
  }

  /**
   * Stores the key after an own write.
   *
   * @param value what the key holds now, the dot included
   */
  void writeOwn(ByteString key, StoredValue value, Dot dot) {
    if (!dot.equals(nextDot())) {
      throw new InvariantViolation("dot " + dot + " is not the next one, " + nextDot());
    }
    tables.write(key, value);
    record(dot, key);
  }

  /**
   * Merges a whole key that another replica sent, and takes the dots of its siblings up: after the
   * merge each of them is a sibling here, or covered. Where the latest write wins, the others go to
   * the ledger.
   *
   * @return what is stored now
   * @throws InvariantViolation if it knows more writes of this node than this node does
   */
  DottedVersionVectorSet absorb(ByteString key, DottedVersionVectorSet received) {
    refuseOwnFuture(received.context().counterOf(self), key);
    DottedVersionVectorSet held = read(key);
    DottedVersionVectorSet merged = rule.settle(key, held.join(received));
    if (!merged.equals(held)) {
      tables.write(key, merged.toProto());
    }
    for (Sibling sibling : received.siblings()) {
      hybridClock.observe(sibling.writtenAt(), time.wallMillis());
      record(sibling.dot(), key);
    }
    return merged;
  }

  /**
   * Takes up a dot that is known to have been written to the key.
   *
   * @param stored what is stored under the key; a dot that it does not cover is not taken up
   */
  void account(Dot dot, ByteString key, DottedVersionVectorSet stored) {
    if (stored.covers(dot)) {
      record(dot, key);
    }
  }

  private void record(Dot dot, ByteString key) {
    if (clock.add(dot)) {
      tables.writeDot(dot, key);
      dotsTakenUp++;
      clockDirty = true;
    }
  }

  /** How many dots have entered the clock since the start. */
  long dotsTakenUp() {
    return dotsTakenUp;
  }

  /** The key that a dot in the clock was written to. */
  ByteString keyOf(Dot dot) {
    ByteString key = tables.keyOf(dot);
    if (key == null) {
      throw new InvariantViolation(
          "the dot log does not know the key of "
              + dot
              + ", which the clock contains: the data"
              + " folder is damaged. Start the node with an empty one; it will be filled by its"
              + " peers");
    }
    return key;
  }

  /**
   * @throws InvariantViolation if the peer's clock knows more writes of this node than this node
   */
  void refuseOwnFuture(NodeClock peerClock, String peer) {
    if (peerClock.maxOf(self) > ownCounter()) {
      throw rolledBack(peerClock.maxOf(self), "the clock of " + peer);
    }
  }

  private void refuseOwnFuture(long counter, ByteString key) {
    if (counter > ownCounter()) {
      throw rolledBack(counter, "a replica of key '" + key.toStringUtf8() + "'");
    }
  }

  private InvariantViolation rolledBack(long counter, String where) {
    return new InvariantViolation(
        "this node has written "
            + ownCounter()
            + " times to the keyspace, but "
            + where
            + " knows its write number "
            + counter
            + ": the data folder was put back to an older state, or the disk lost writes that it had"
            + " confirmed. Going on would use version numbers twice and lose acknowledged writes."
            + " Move the data folder away and start the node with an empty one: it comes back as a"
            + " new incarnation and is filled by its peers");
  }

  /** Puts the clock into the batch of what it describes. */
  void flushClock() {
    if (clockDirty) {
      tables.writeClock(clock);
      clockDirty = false;
    }
  }
}
