package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.LedgerSummary;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The acknowledged writes that last-write-wins dropped on this replica, so that nothing is lost
 * silently.
 *
 * <p>Each write is recorded once, however often its copies arrive: rows are keyed by dot. Bounded
 * in rows and bytes; beyond that the oldest rows go and only their number stays, visible in every
 * listing and in the status. An index of numbers and sizes is kept in memory.
 */
final class ConflictLedger {

  /**
   * Bounds.
   *
   * @param rowsMax rows kept; 10,000 of them take about 1 MiB of memory
   * @param sizeMaxBytes all rows together
   * @param valueMaxBytes of a value, kept from its beginning. Too small: what lost cannot be
   *     written again from here; too large: few rows fill the ledger
   */
  record Limits(int rowsMax, long sizeMaxBytes, int valueMaxBytes) {

    static final Limits DEFAULT = new Limits(10_000, 16L << 20, 64 << 10);

    Limits {
      if (rowsMax < 1 || sizeMaxBytes < 1 || valueMaxBytes < 0) {
        throw new IllegalArgumentException("every limit of the ledger must be positive");
      }
    }
  }

  private static final int PAGE_ROWS_DEFAULT = 100;
  private static final int PAGE_ROWS_MAX = 1_000;
  private static final int PAGE_VISITED_ROWS_MAX = 1_000;
  private static final long PAGE_SIZE_MAX_BYTES = 1L << 20;

  private record Kept(Dot dot, int sizeBytes) {}

  private final Limits limits;
  private final LedgerTable table;
  private final String nodeId;
  private final StepTime time;
  // By number, so in the order of recording.
  private final TreeMap<Long, Kept> kept = new TreeMap<>();
  // Looked up only; never iterated.
  private final Map<Dot, Long> numbers = new HashMap<>();
  private long sizeBytes;
  private LedgerSummary summary;

  ConflictLedger(Limits limits, LedgerTable table, String nodeId, StepTime time) {
    this.limits = limits;
    this.table = table;
    this.nodeId = nodeId;
    this.time = time;
    this.summary = table.readSummary();
    table.scan(row -> index(row.getNumber(), Dot.fromProto(row.getDot()), row.getSerializedSize()));
  }

  private void index(long number, Dot dot, int rowSizeBytes) {
    kept.put(number, new Kept(dot, rowSizeBytes));
    numbers.put(dot, number);
    sizeBytes += rowSizeBytes;
  }

  /** Records a write that was dropped because a concurrent one is later. */
  void record(ByteString key, Sibling loser, Sibling winner) {
    if (numbers.containsKey(loser.dot())) {
      return;
    }
    add(row(key, loser, winner), loser.dot());
  }

  private void add(DiscardedWrite row, Dot dot) {
    table.write(row);
    index(row.getNumber(), dot, row.getSerializedSize());
    summary = summary.toBuilder().setRecorded(row.getNumber()).build();
    while (kept.size() > limits.rowsMax()
        || (sizeBytes > limits.sizeMaxBytes() && kept.size() > 1)) {
      collapseOldest();
    }
    table.writeSummary(summary);
  }

  /** Records a write that no sealed replica had when its keyspace changed sides. */
  void unacknowledged(ByteString key, Sibling left) {
    if (!numbers.containsKey(left.dot())) {
      add(row(key, left).setUnacknowledgedAtSwitch(true).build(), left.dot());
    }
  }

  private DiscardedWrite row(ByteString key, Sibling loser, Sibling winner) {
    return row(key, loser)
        .setWinner(winner.dot().toProto())
        .setWinnerWrittenAt(winner.writtenAt().toProto())
        .build();
  }

  private DiscardedWrite.Builder row(ByteString key, Sibling loser) {
    DiscardedWrite.Builder row =
        DiscardedWrite.newBuilder()
            .setNumber(summary.getRecorded() + 1)
            .setDot(loser.dot().toProto())
            .setKey(key)
            .setWrittenAt(loser.writtenAt().toProto())
            .setDiscardedAtMillis(time.wallMillis());
    ByteString value = loser.value();
    if (value != null) {
      row.setValue(value.substring(0, Math.min(value.size(), limits.valueMaxBytes())));
      row.setValueSizeBytes(value.size());
    }
    if (loser.operation() != null) {
      row.setOperation(loser.operation());
    }
    return row;
  }

  private void collapseOldest() {
    Map.Entry<Long, Kept> oldest = kept.pollFirstEntry();
    Dot dot = oldest.getValue().dot();
    numbers.remove(dot);
    sizeBytes -= oldest.getValue().sizeBytes();
    DiscardedWrite row = table.read(dot);
    long discardedAtMillis = row == null ? 0 : row.getDiscardedAtMillis();
    table.delete(dot);
    summary =
        summary.toBuilder()
            .setCollapsed(summary.getCollapsed() + 1)
            .setCollapsedUntilMillis(Math.max(discardedAtMillis, summary.getCollapsedUntilMillis()))
            .build();
  }

  /** All writes that this replica discarded so far. */
  long discarded() {
    return summary.getRecorded();
  }

  /** Of these, how many are counted only. */
  long collapsed() {
    return summary.getCollapsed();
  }

  /**
   * One page, newest first.
   *
   * @throws IllegalArgumentException if the version that is asked for is none
   */
  ListConflictsResponse list(ListConflictsRequest request) {
    ListConflictsResponse.Builder page =
        ListConflictsResponse.newBuilder()
            .setNodeId(nodeId)
            .setDiscarded(discarded())
            .setCollapsed(collapsed())
            .setCollapsedUntilMillis(summary.getCollapsedUntilMillis());
    if (!request.getVersion().isEmpty()) {
      Long number = numbers.get(Dot.parse(request.getVersion()));
      if (number != null) {
        page.addConflicts(conflict(number));
      }
      return page.build();
    }
    long before = request.getBefore() == 0 ? Long.MAX_VALUE : request.getBefore();
    int limit = request.getLimit() == 0 ? PAGE_ROWS_DEFAULT : request.getLimit();
    long pageBytes = 0;
    int visited = 0;
    for (long number : kept.headMap(before, false).descendingKeySet()) {
      if (page.getConflictsCount() >= Math.min(limit, PAGE_ROWS_MAX)
          || visited++ == PAGE_VISITED_ROWS_MAX
          || pageBytes > PAGE_SIZE_MAX_BYTES) {
        return page.setNextBefore(number + 1).build();
      }
      Conflict conflict = conflict(number);
      if (request.getKey().isEmpty() || request.getKey().equals(conflict.getKey())) {
        page.addConflicts(conflict);
        pageBytes += conflict.getSerializedSize();
      }
    }
    return page.build();
  }

  private Conflict conflict(long number) {
    Kept entry = kept.get(number);
    DiscardedWrite row = entry == null ? null : table.read(entry.dot());
    if (row == null) {
      throw new IllegalStateException("row " + number + " of the ledger is indexed but not stored");
    }
    Conflict.Builder conflict =
        Conflict.newBuilder()
            .setNumber(number)
            .setKey(row.getKey())
            .setVersion(Dot.fromProto(row.getDot()).toString())
            .setValueSizeBytes(row.getValueSizeBytes())
            .setWrittenAtMillis(row.getWrittenAt().getPhysicalMillis())
            .setWinnerVersion(row.hasWinner() ? Dot.fromProto(row.getWinner()).toString() : "")
            .setUnacknowledgedAtSwitch(row.getUnacknowledgedAtSwitch())
            .setWinnerWrittenAtMillis(row.getWinnerWrittenAt().getPhysicalMillis())
            .setDiscardedAtMillis(row.getDiscardedAtMillis());
    if (row.hasValue()) {
      conflict.setValue(row.getValue());
    }
    return conflict.build();
  }
}
