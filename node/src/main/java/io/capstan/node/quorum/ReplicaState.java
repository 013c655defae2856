package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.type.OperationMarks.Knowledge;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridClock;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.InvariantViolation;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.SupersededOperations;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  // Of the clock; null while they are to be taken anew.
  private @Nullable VersionVector bases;
  // Of retired actors, what was held when that was decided: its gaps are lost.
  private final NodeClock retired = new NodeClock();
  private @Nullable NodeClock passedClock;
  private ByteString passedUntil = ByteString.EMPTY;
  private final KnownRows known = new KnownRows();
  private final RowAudit audit;
  private final OperationLedger operations;
  // Rows were taken over whose clock was not, yet.
  private boolean partlyTakenOver;
  private boolean clockDirty;
  private long dotsTakenUp;
  private boolean frozen;

  ReplicaState(QuorumConfig config, KeyspaceTables tables, StepTime time, ConflictRule rule) {
    this.tables = tables;
    this.self = config.self();
    this.clock = tables.readClock();
    this.hybridClock = new HybridClock(config.limits().clockDriftMaxMillis());
    this.time = time;
    this.rule = rule;
    this.audit = new RowAudit(tables, time);
    this.operations = new OperationLedger(tables.operations(), time);
    if (clock.maxOf(self) != clock.baseOf(self)) {
      throw new InvariantViolation(
          "the stored clock has gaps among this node's own writes ("
              + clock
              + "): the data folder"
              + " is damaged. Start the node with an empty one; it will be filled by its peers");
    }
    audit.readSlice(this);
  }

  Actor self() {
    return self;
  }

  /** The live clock; not to be kept or changed. */
  NodeClock clock() {
    return clock;
  }

  /**
   * What is known of the key, whole: what the stored form leaves out because the clock says it is
   * added. Of a key without a row the clock knows that whatever was written to it is superseded.
   */
  DottedVersionVectorSet read(ByteString key) {
    StoredValue stored = tables.read(key);
    return stored == null ? DottedVersionVectorSet.EMPTY.knowing(bases()) : decode(key, stored);
  }

  /** The row of a key, as {@link #scan} shows it, whole. */
  DottedVersionVectorSet decode(ByteString key, StoredValue stored) {
    return withCopies(known.whole(key, stored, bases()));
  }

  /**
   * A sibling whose operation the ledger knows is a copy, taken by somebody who had not heard of
   * it: a replica that was new, or the other side of a split. The row remembers so, and does not
   * show it. (Where the latest wins a copy is a write of its own time.)
   */
  private DottedVersionVectorSet withCopies(DottedVersionVectorSet row) {
    if (rule.latestWins() || operations.isEmpty()) {
      return row;
    }
    SupersededOperations remembered = row.supersededOperations();
    List<Sibling> copies = new ArrayList<>(0);
    for (Sibling sibling : row.siblings()) {
      OperationId operation = sibling.operation();
      if (operation != null
          && !remembered.contains(operation)
          && operations.of(operation) == Knowledge.EXECUTED) {
        copies.add(sibling);
      }
    }
    return copies.isEmpty() ? row : row.remembering(remembered.with(copies));
  }

  /**
   * From now on nothing is taken in, and nothing may be written, until it is thawed: what is held
   * stays as it is.
   */
  void freeze() {
    frozen = true;
  }

  void thaw() {
    frozen = false;
  }

  boolean isFrozen() {
    return frozen;
  }

  /** Whether every write that the row holds is reflected here already. */
  boolean reflects(DottedVersionVectorSet row) {
    for (Sibling sibling : row.siblings()) {
      if (!clock.contains(sibling.dot())) {
        return false;
      }
    }
    return true;
  }

  private void store(ByteString key, DottedVersionVectorSet before, DottedVersionVectorSet value) {
    audit.changed(key, before, value);
    DottedVersionVectorSet leaner = withoutFolded(value);
    StoredValue stored = leaner.toStored(bases());
    if (stored.getSiblingsCount() == 0
        && !stored.hasContext()
        && !stored.hasSupersededOperations()) {
      tables.delete(key);
    } else {
      tables.write(key, stored);
      known.stored(key, stored, leaner);
    }
  }

  /** A row need not remember what the ledger does, unless a copy of it stands there. */
  private DottedVersionVectorSet withoutFolded(DottedVersionVectorSet value) {
    SupersededOperations remembered = value.supersededOperations();
    return remembered.isEmpty()
        ? value
        : value.remembering(
            remembered.without(
                (session, sequence) ->
                    operations.of(session, sequence) == Knowledge.EXECUTED
                        && value.writtenBy(session, sequence) == null));
  }

  /** What has become of an operation whose write the row does not hold. */
  Knowledge supersededBefore(DottedVersionVectorSet held, OperationId operation) {
    SupersededOperations remembered = held.supersededOperations();
    if (remembered.contains(operation)) {
      return Knowledge.EXECUTED;
    }
    Knowledge folded = operations.of(operation);
    return folded == Knowledge.NONE && remembered.isBeyond(operation)
        ? Knowledge.BEYOND_WINDOW
        : folded;
  }

  OperationLedger operations() {
    return operations;
  }

  private VersionVector bases() {
    VersionVector now = bases;
    if (now == null) {
      now = clock.bases();
      bases = now;
    }
    return now;
  }

  RowAudit audit() {
    return audit;
  }

  /**
   * All rows together, as they are where the clock is what it is; null while that cannot be said:
   * not every row was read since the start, or rows were taken over of which the clock says nothing
   * yet.
   */
  @Nullable RowHash root() {
    return audit.isComplete() && !partlyTakenOver ? audit.tree().root() : null;
  }

  /** Whether rows were taken over of which the clock says nothing yet. */
  boolean isPartlyTakenOver() {
    return partlyTakenOver;
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
   * @param held what the key held before
   * @param value what the key holds now, the dot included
   */
  void writeOwn(
      ByteString key, DottedVersionVectorSet held, DottedVersionVectorSet value, Dot dot) {
    if (frozen) {
      throw new InvariantViolation("a sealed replica was asked to write dot " + dot);
    }
    if (!dot.equals(nextDot())) {
      throw new InvariantViolation("dot " + dot + " is not the next one, " + nextDot());
    }
    record(dot, key);
    store(key, held, value);
  }

  /**
   * Merges a whole key that another replica sent, and takes the dots of its siblings up: after the
   * merge each of them is a sibling here, or covered. Where the latest write wins, the others go to
   * the ledger.
   *
   * @return what is stored now
   * @throws InvariantViolation if it knows more writes of this node than this node does
   */
  DottedVersionVectorSet absorb(ByteString key, DottedVersionVectorSet whole) {
    refuseOwnFuture(whole.context().counterOf(self), key);
    DottedVersionVectorSet held = read(key);
    if (frozen) {
      return held;
    }
    DottedVersionVectorSet received = whole.withoutMissing(held, dot -> wasHere(key, dot));
    VersionVector explicit = held.context().beyond(bases());
    DottedVersionVectorSet merged = withCopies(rule.settle(key, held.join(received)));
    for (Sibling sibling : whole.siblings()) {
      hybridClock.observe(sibling.writtenAt(), time.wallMillis());
      record(sibling.dot(), key);
    }
    if (!merged.holdsSameAs(held)
        || !merged.context().beyond(bases()).equals(explicit)
        || !merged.supersededOperations().equals(held.supersededOperations())) {
      store(key, held, merged);
    }
    return merged;
  }

  /**
   * Whether a write was here, or would have been: by the clock invariant, or because a takeover has
   * passed the key, which since then holds what the other replica's clock says. Where the key does
   * not hold it, it is superseded, and however late it comes, it does not come back.
   */
  private boolean wasHere(ByteString key, Dot dot) {
    NodeClock passed = passedClock;
    return clock.contains(dot)
        || (passed != null
            && ByteString.unsignedLexicographicalComparator().compare(key, passedUntil) < 0
            && passed.contains(dot));
  }

  /**
   * A takeover has come so far.
   *
   * @param theirs the clock of the other replica when it began; null where it was given up
   * @param until the keys before this one are taken over
   */
  void passedBy(@Nullable NodeClock theirs, ByteString until) {
    partlyTakenOver |= theirs != null;
    passedClock = theirs;
    passedUntil = until;
  }

  /**
   * Of a key that another replica holds as given, drops what that replica has seen and not kept.
   *
   * @param theirs the clock of the other replica, not older than its row
   */
  void keepOf(
      ByteString key, DottedVersionVectorSet held, DottedVersionVectorSet other, NodeClock theirs) {
    DottedVersionVectorSet kept =
        held.without(s -> theirs.contains(s.dot()) && !other.holds(s.dot()));
    if (kept != held) {
      partlyTakenOver = true;
      store(key, held, kept);
    }
  }

  /** Every key was taken over from a replica whose clock was this when that began. */
  void takeOver(NodeClock theirs) {
    passedBy(null, ByteString.EMPTY);
    partlyTakenOver = false;
    clock.join(theirs);
    dotsTakenUp++;
    clockChanged();
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
      clockChanged();
    }
  }

  private void clockChanged() {
    clockDirty = true;
    bases = null;
  }

  void dots(Actor actor, long first, long last, KeyspaceTables.DotVisitor visitor) {
    tables.dots(actor, first, last, visitor);
  }

  /**
   * Every replica has the dot: it leaves the dot log. Its key is to be settled in the same step.
   */
  void leavesDotLog(Dot dot) {
    tables.deleteDot(dot);
  }

  /**
   * Every replica has some of the key's dots: tombstones that every replica has leave. Beside a
   * concurrent value too: a replica that merges the two after its own tombstone has left shows the
   * value alone, and the others must come to the same.
   *
   * @return how many tombstones were removed
   */
  int settle(ByteString key, Stability stability) {
    StoredValue stored = tables.read(key);
    if (stored == null) {
      return 0;
    }
    DottedVersionVectorSet held = decode(key, stored);
    List<Sibling> leaving = new ArrayList<>(0);
    DottedVersionVectorSet kept =
        fold(held, stability)
            .without(
                sibling -> {
                  boolean leaves = sibling.isTombstone() && stability.contains(sibling.dot());
                  if (leaves) {
                    leaving.add(sibling);
                  }
                  return leaves;
                });
    // A delete that is sent again is none of what was written since.
    operations.fold(SupersededOperations.EMPTY.with(leaving));
    if (kept.siblings().isEmpty()) {
      kept =
          kept.remembering(kept.supersededOperations().of(written -> !stability.contains(written)));
    }
    boolean shorter = kept.context().beyond(bases()).size() < stored.getContext().getEntriesCount();
    if (kept != held || shorter) {
      store(key, held, kept);
    }
    return held.siblings().size() - kept.siblings().size();
  }

  /**
   * Operations whose writes every replica has go to the ledger: nobody executes one of them again,
   * since all have it as a sibling or know that it was superseded. The row itself is written anew
   * only where it has to be.
   */
  private DottedVersionVectorSet fold(DottedVersionVectorSet held, Stability stability) {
    SupersededOperations remembered = held.supersededOperations();
    if (remembered.isEmpty()) {
      return held;
    }
    boolean isWhole =
        remembered.areAll(stability::contains)
            && held.siblings().stream().allMatch(each -> stability.contains(each.dot()));
    SupersededOperations folded = remembered.of(stability::contains);
    operations.fold(isWhole ? folded : folded.listedOnly());
    return isWhole ? held.remembering(remembered.listedOnly()) : held;
  }

  /**
   * The log has declared lost what lies in the gaps of these dots. Whoever holds one of it all the
   * same, by a message that was under way, drops it: nobody else will ever have it.
   *
   * @param held the dots of retired actors that every replica held
   */
  void retire(NodeClock held) {
    retired.join(held);
    held.visitGaps(
        (actor, counter) -> {
          Dot lost = new Dot(actor, counter);
          ByteString key = clock.contains(lost) ? tables.keyOf(lost) : null;
          if (key != null) {
            DottedVersionVectorSet row = read(key);
            DottedVersionVectorSet kept = row.without(sibling -> sibling.dot().equals(lost));
            if (kept != row) {
              // Nor was anything superseded by what was lost.
              store(key, row, kept.remembering(SupersededOperations.EMPTY));
            }
            tables.deleteDot(lost);
          } else if (clock.add(lost)) {
            clockChanged();
          }
          return true;
        });
  }

  /** Whether the dot was declared lost. */
  boolean isLost(Dot dot) {
    return retired.isGap(dot);
  }

  /** How many dots have entered the clock since the start. */
  long dotsTakenUp() {
    return dotsTakenUp;
  }

  /** The key that a dot in the clock was written to; null where every replica once had it. */
  @Nullable ByteString keyOf(Dot dot) {
    return tables.keyOf(dot);
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
            + ": the data folder was put back to an older state, or the disk lost writes that it"
            + " had confirmed. Going on would use version numbers twice and lose acknowledged"
            + " writes. Move the data folder away and start the node with an empty one: it comes"
            + " back as a new incarnation and is filled by its peers");
  }

  /** Puts the clock, and what is remembered of operations, into the batch of what they describe. */
  void flushClock() {
    if (clockDirty) {
      tables.writeClock(clock);
      clockDirty = false;
    }
    operations.flush();
  }
}
