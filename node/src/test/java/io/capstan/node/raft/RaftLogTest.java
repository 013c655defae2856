package io.capstan.node.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RaftLogTest {
  private final MemoryDisk disk = new MemoryDisk();

  @Test
  void entriesAreHandedOutOnceAndThenReadFromMemory() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1, 2);

    write(log, 1);

    assertThat(log.hasUnwritten()).isFalse();
    assertThat(log.entries(1, 3, 1_000)).extracting(Entry::term).containsExactly(1L, 1L, 2L);
    assertThat(disk.entryReads()).isZero();
  }

  @Test
  void whatTheCacheCannotHoldIsReadFromTheDisk() {
    RaftLog log = new RaftLog(disk, 0, 2 * Entry.OVERHEAD_BYTES);
    append(log, 1, 1, 1, 1, 1);
    log.evict();
    assertThat(log.entries(1, 5, 1_000)).as("unwritten entries are never evicted").hasSize(5);

    write(log, 1);
    log.evict();

    assertThat(log.entries(1, 5, 1_000)).extracting(Entry::index).containsExactly(1L, 2L, 3L);
    assertThat(disk.entryReads()).isEqualTo(1);
    assertThat(log.entries(4, 5, 1_000)).extracting(Entry::index).containsExactly(4L, 5L);
    assertThat(disk.entryReads()).isEqualTo(1);
  }

  @Test
  void aReadIsBoundedInBytesButNeverEmpty() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1, 1);

    assertThat(log.entries(1, 3, 2 * Entry.OVERHEAD_BYTES)).hasSize(2);
    assertThat(log.entries(2, 3, 1)).hasSize(1);
  }

  @Test
  void truncationBeforeTheWriteNeedsNoTruncationOfTheDisk() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1);
    write(log, 1);
    append(log, 2, 2);

    log.truncateFrom(3);
    append(log, 3);

    assertThat(log.pendingTruncateFrom()).isZero();
    assertThat(log.takeUnwritten(2)).extracting(Entry::term).containsExactly(2L, 3L);
  }

  @Test
  void theLowestOfSeveralTruncationsReachesTheDisk() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1, 1, 1, 1);
    write(log, 1);

    log.truncateFrom(4);
    append(log, 2, 2);
    log.truncateFrom(2);
    append(log, 3, 3);
    log.truncateFrom(3);
    append(log, 4);

    assertThat(log.pendingTruncateFrom()).isEqualTo(2);
    assertThat(log.lastTerm()).isEqualTo(4);
    assertThat(log.takeUnwritten(2)).extracting(Entry::term).containsExactly(3L, 4L);
    assertThat(log.pendingTruncateFrom()).isZero();
  }

  @Test
  void aLateReportVouchesOnlyForWhatIsStillInTheLog() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1, 1, 1);
    write(log, 1);
    log.truncateFrom(3);
    append(log, 2, 2);
    write(log, 2);

    log.durable(1);
    assertThat(log.durableIndex()).isEqualTo(2);
    log.durable(2);
    assertThat(log.durableIndex()).isEqualTo(4);
    log.truncateFrom(4);
    assertThat(log.durableIndex()).isEqualTo(3);
  }

  @Test
  void aReportCoversAllEarlierWrites() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1);
    write(log, 4);
    append(log, 1);
    write(log, 9);

    log.durable(8);
    assertThat(log.durableIndex()).isEqualTo(1);
    log.durable(20);
    assertThat(log.durableIndex()).isEqualTo(2);
  }

  @Test
  void committedEntriesAreNeitherTruncatedNorBeyondTheLog() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1);
    log.commitTo(2);

    assertThatThrownBy(() -> log.truncateFrom(2)).isInstanceOf(RaftInvariantViolation.class);
    assertThatThrownBy(() -> log.commitTo(3)).isInstanceOf(RaftInvariantViolation.class);
    assertThat(log.commitTo(1)).as("an older commit index changes nothing").isFalse();
    assertThat(log.commitIndex()).isEqualTo(2);
  }

  @Test
  void committedEntriesAreHandedOutInOrderAndOnce() {
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 1, 1, 1);
    log.commitTo(3);

    assertThat(log.takeCommitted(2 * Entry.OVERHEAD_BYTES))
        .extracting(Entry::index)
        .containsExactly(1L, 2L);
    assertThat(log.hasUnapplied()).isTrue();
    assertThat(log.takeCommitted(2 * Entry.OVERHEAD_BYTES))
        .extracting(Entry::index)
        .containsExactly(3L);
    assertThat(log.hasUnapplied()).isFalse();
  }

  @Test
  void theLastIndexWithATermAtMostIsFoundInMemoryAndOnDisk() {
    RaftLog before = new RaftLog(disk, 0, 1_000);
    append(before, 1, 1, 4, 4, 5);
    write(before, 1);
    disk.sync(1);
    RaftLog log = new RaftLog(disk, 0, 1_000);
    append(log, 6, 6);

    assertThat(log.lastIndexWithTermAtMost(7, 6)).isEqualTo(7);
    assertThat(log.lastIndexWithTermAtMost(7, 5)).isEqualTo(5);
    assertThat(log.lastIndexWithTermAtMost(7, 3)).isEqualTo(2);
    assertThat(log.lastIndexWithTermAtMost(3, 9)).isEqualTo(3);
    assertThat(log.lastIndexWithTermAtMost(7, 0)).isZero();
    assertThat(log.lastIndexWithTermAtMost(0, 9)).isZero();
  }

  @Test
  void aLogThatContradictsTheAppliedStateIsNotStarted() {
    assertThatThrownBy(() -> new RaftLog(disk, 1, 1_000))
        .isInstanceOf(RaftInvariantViolation.class)
        .hasMessageContaining("applied entries are in the log");
  }

  @Test
  void theTailSurvivesManyWrapsOfItsRing() {
    LogTail tail = new LogTail(1);
    for (long index = 1; index <= 5_000; index++) {
      tail.append(new Entry(index, 1, new byte[(int) (index % 7)]));
      tail.evict(4_000, index - 3);
      if (index % 100 == 0) {
        tail.truncateFrom(index - 1);
        tail.append(new Entry(index - 1, 2, new byte[0]));
        tail.append(new Entry(index, 2, new byte[0]));
      }
    }

    List<Entry> slice = tail.slice(tail.firstIndex(), tail.lastIndex(), Long.MAX_VALUE);
    assertThat(slice).hasSize((int) (5_001 - tail.firstIndex()));
    assertThat(tail.sizeBytes())
        .isEqualTo(slice.stream().mapToLong(Entry::sizeBytes).sum())
        .isLessThanOrEqualTo(4_000);
    assertThatThrownBy(() -> tail.append(new Entry(5_002, 2, new byte[0])))
        .isInstanceOf(RaftInvariantViolation.class);
    assertThatThrownBy(() -> tail.get(tail.firstIndex() - 1))
        .isInstanceOf(RaftInvariantViolation.class);
  }

  private static void append(RaftLog log, long... terms) {
    for (long term : terms) {
      log.append(new Entry(log.lastIndex() + 1, term, new byte[0]));
    }
  }

  private void write(RaftLog log, long sequence) {
    long truncateFrom = log.pendingTruncateFrom();
    disk.write(sequence, truncateFrom, log.takeUnwritten(sequence));
  }
}
