package io.capstan.node.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The log as the protocol sees it: what the caller has written, what waits for the next drain, how
 * much of it is durable, committed and handed out for applying, and the memberships that stand in
 * it.
 *
 * <pre>
 *   handedOut &lt;= commit &lt;= last        durable &lt;= written &lt;= last
 *   (written, last] waits for the next drain and is always in the tail
 * </pre>
 */
final class RaftLog {
  private final LogReader reader;
  private final LogTail tail;
  private final WriteTracker writes;
  private final long cacheBytesMax;

  private long lastTerm;
  private long writtenIndex;
  private long truncateFrom;
  private long commitIndex;
  private long handedOutIndex;
  private final Configurations configurations;
  private @Nullable SnapshotPosition compactTo;

  /**
   * Takes over a log that is completely on disk and whose entries up to {@code appliedIndex} are
   * applied.
   */
  RaftLog(LogReader reader, long appliedIndex, long cacheBytesMax) {
    this(reader, appliedIndex, cacheBytesMax, Configuration.NONE);
  }

  /**
   * As above.
   *
   * @param bootstrap members of a group whose log never began; noted on disk with the first write,
   *     and without meaning from then on
   */
  RaftLog(LogReader reader, long appliedIndex, long cacheBytesMax, Configuration bootstrap) {
    long lastIndex = reader.lastIndex();
    RaftInvariantViolation.require(
        appliedIndex <= lastIndex, "applied entries are in the log", appliedIndex, lastIndex);
    RaftInvariantViolation.require(
        appliedIndex >= reader.firstIndex() - 1,
        "the log goes on where the applied state ends",
        appliedIndex,
        reader.firstIndex() - 1);
    this.reader = reader;
    this.tail = new LogTail(lastIndex + 1);
    this.writes = new WriteTracker(lastIndex);
    this.cacheBytesMax = cacheBytesMax;
    SnapshotPosition base = reader.snapshot();
    RaftInvariantViolation.require(
        base.index() == reader.firstIndex() - 1,
        "the log goes on where its removed beginning ends",
        reader.firstIndex() - 1,
        base.index());
    this.lastTerm = lastIndex == base.index() ? base.term() : reader.term(lastIndex);
    if (base.index() == 0 && base.configuration().isEmpty()) {
      base = new SnapshotPosition(0, 0, bootstrap);
      this.compactTo = bootstrap.isEmpty() ? null : base;
    }
    this.configurations = new Configurations(base, reader);
    this.writtenIndex = lastIndex;
    this.commitIndex = appliedIndex;
    this.handedOutIndex = appliedIndex;
  }

  /** First entry that is still available; its predecessor's term is known too. */
  long firstIndex() {
    return reader.firstIndex();
  }

  long lastIndex() {
    return tail.lastIndex();
  }

  long lastTerm() {
    return lastTerm;
  }

  long commitIndex() {
    return commitIndex;
  }

  long handedOutIndex() {
    return handedOutIndex;
  }

  Configurations configurations() {
    return configurations;
  }

  long durableIndex() {
    return writes.durableIndex();
  }

  /** Term of an entry from {@code firstIndex() - 1} to {@code lastIndex()}. */
  long term(long index) {
    if (index == 0) {
      return 0;
    }
    if (index == lastIndex()) {
      return lastTerm;
    }
    RaftInvariantViolation.require(
        index < lastIndex(), "a term is asked for an entry of the log", index, lastIndex());
    return tail.contains(index) ? tail.get(index).term() : reader.term(index);
  }

  /** Whether the entry at {@code index} is known to have been created in {@code term}. */
  boolean matches(long index, long term) {
    return index <= lastIndex() && index >= firstIndex() - 1 && term(index) == term;
  }

  /**
   * Whether a log that ends with the given entry is at least as up to date (dissertation, section
   * 3.6.1).
   */
  boolean isUpToDate(long otherLastIndex, long otherLastTerm) {
    return otherLastTerm > lastTerm || (otherLastTerm == lastTerm && otherLastIndex >= lastIndex());
  }

  /** At least one entry from {@code fromIndex} on, as many as the size allows. */
  List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
    if (fromIndex >= tail.firstIndex()) {
      return tail.slice(fromIndex, toIndexInclusive, sizeMaxBytes);
    }
    List<Entry> entries =
        reader.entries(fromIndex, Math.min(toIndexInclusive, tail.firstIndex() - 1), sizeMaxBytes);
    RaftInvariantViolation.require(
        !entries.isEmpty() && entries.get(0).index() == fromIndex,
        "the stored log answers with the entries asked for",
        entries.isEmpty() ? 0 : entries.get(0).index(),
        fromIndex);
    return entries;
  }

  /**
   * The highest index up to {@code highIndex} whose term is at most {@code term}. Terms never fall
   * along a log, so two logs cannot agree above it when the other one has {@code term} there.
   */
  long lastIndexWithTermAtMost(long highIndex, long term) {
    long low = firstIndex() - 1;
    long high = Math.max(low, highIndex);
    while (low < high) {
      long middle = low + (high - low + 1) / 2;
      if (term(middle) <= term) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  void append(Entry entry) {
    RaftInvariantViolation.require(
        entry.term() >= lastTerm, "terms never fall along the log", entry.term(), lastTerm);
    tail.append(entry);
    lastTerm = entry.term();
    configurations.appended(entry);
  }

  /** Removes the entries from {@code index} on, which conflict with the leader's. */
  void truncateFrom(long index) {
    RaftInvariantViolation.require(
        index > commitIndex, "a committed entry is never truncated", index, commitIndex);
    lastTerm = term(index - 1);
    configurations.truncatedFrom(index);
    tail.truncateFrom(index);
    writes.truncatedFrom(index);
    if (index <= writtenIndex) {
      truncateFrom = index;
      writtenIndex = index - 1;
    }
  }

  /** Raises the commit index; a lower value changes nothing. */
  boolean commitTo(long index) {
    if (index <= commitIndex) {
      return false;
    }
    RaftInvariantViolation.require(
        index <= lastIndex(), "only entries of the log are committed", index, lastIndex());
    commitIndex = index;
    return true;
  }

  boolean hasUnwritten() {
    return writtenIndex < lastIndex();
  }

  /** What the caller must remove before it appends {@link #takeUnwritten}; 0 for nothing. */
  long pendingTruncateFrom() {
    return truncateFrom;
  }

  /** Hands out the entries to write. From now on the reader answers for them. */
  List<Entry> takeUnwritten(long writeSequence) {
    List<Entry> entries = tail.slice(writtenIndex + 1, lastIndex(), Long.MAX_VALUE);
    writtenIndex = lastIndex();
    truncateFrom = 0;
    writes.written(writeSequence, writtenIndex);
    return entries;
  }

  boolean hasUnapplied() {
    return handedOutIndex < commitIndex;
  }

  /** Hands out the next committed entries to apply. */
  List<Entry> takeCommitted(long sizeMaxBytes) {
    List<Entry> entries = entries(handedOutIndex + 1, commitIndex, sizeMaxBytes);
    handedOutIndex += entries.size();
    RaftInvariantViolation.require(
        handedOutIndex <= commitIndex,
        "only committed entries are applied",
        handedOutIndex,
        commitIndex);
    return entries;
  }

  /** What a snapshot of the state right after the entry at {@code index} stands for. */
  SnapshotPosition positionAt(long index) {
    return new SnapshotPosition(index, term(index), configurations.at(index));
  }

  /** Removes the entries up to {@code index} with the next write; an earlier wish is included. */
  void compactTo(long index) {
    RaftInvariantViolation.require(
        index <= handedOutIndex, "only applied entries are removed", index, handedOutIndex);
    if (index >= firstIndex() && (compactTo == null || compactTo.index() < index)) {
      compactTo = positionAt(index);
    }
  }

  /** Whether removing entries is reason enough for a write; noting the first members is not. */
  boolean hasCompaction() {
    return compactTo != null && compactTo.index() > 0;
  }

  /** Hands out the position up to which the caller removes the log; null for nothing. */
  @Nullable SnapshotPosition takeCompaction() {
    SnapshotPosition taken = compactTo;
    compactTo = null;
    if (taken != null) {
      tail.dropThrough(taken.index());
      configurations.compactedTo(taken);
    }
    return taken;
  }

  /** Forgets everything: the write {@code writeSequence} replaces state and log by a snapshot. */
  void replaceBy(SnapshotPosition position, long writeSequence) {
    RaftInvariantViolation.require(
        position.index() > commitIndex,
        "a snapshot never replaces newer state",
        position.index(),
        commitIndex);
    writes.replaced(writeSequence, position.index(), commitIndex);
    tail.restartAt(position.index() + 1);
    configurations.reset(position);
    lastTerm = position.term();
    writtenIndex = position.index();
    commitIndex = position.index();
    handedOutIndex = position.index();
    truncateFrom = 0;
    compactTo = null;
  }

  /** Drops written entries from memory beyond the cache limit. */
  void evict() {
    tail.evict(cacheBytesMax, writtenIndex);
  }

  void durable(long writeSequence) {
    writes.durable(writeSequence);
    RaftInvariantViolation.require(
        durableIndex() <= writtenIndex,
        "only written entries are durable",
        durableIndex(),
        writtenIndex);
  }
}
