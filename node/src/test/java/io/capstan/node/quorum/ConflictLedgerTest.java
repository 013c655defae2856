package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The ledger")
class ConflictLedgerTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("k");
  private static final Actor ACTOR = new Actor("n1", 1);
  private static final Sibling WINNER = write(1_000, "winner");

  private final MemoryTables tables = new MemoryTables();
  private final StepTime time = new StepTime();

  private static Sibling write(long counter, String value) {
    return new Sibling(
        new Dot(ACTOR, counter),
        new HybridTimestamp(counter, 0),
        null,
        ByteString.copyFromUtf8(value));
  }

  private ConflictLedger ledger(int rowsMax, long sizeMaxBytes, int valueMaxBytes) {
    return new ConflictLedger(
        new ConflictLedger.Limits(rowsMax, sizeMaxBytes, valueMaxBytes),
        tables.ledger(),
        "n1",
        time);
  }

  private static ListConflictsResponse all(ConflictLedger ledger) {
    return ledger.list(ListConflictsRequest.getDefaultInstance());
  }

  private static List<String> values(ListConflictsResponse page) {
    return page.getConflictsList().stream().map(c -> c.getValue().toStringUtf8()).toList();
  }

  @Test
  @DisplayName("collapses its oldest rows into a visible count when it is full")
  void collapsesVisibly() {
    // given
    ConflictLedger ledger = ledger(3, 1 << 20, 100);

    // when
    for (int i = 1; i <= 8; i++) {
      time.set(0, 10_000 + i);
      ledger.record(KEY, write(i, "v" + i), WINNER);
    }

    // then
    ListConflictsResponse page = all(ledger);
    assertThat(values(page)).containsExactly("v8", "v7", "v6");
    assertThat(page.getDiscarded()).isEqualTo(8);
    assertThat(page.getCollapsed()).isEqualTo(5);
    assertThat(page.getCollapsedUntilMillis()).isEqualTo(10_005);

    // and a restart knows the same
    assertThat(all(ledger(3, 1 << 20, 100))).isEqualTo(page);
  }

  @Test
  void isBoundedInBytesToo() {
    ConflictLedger ledger = ledger(1_000, 2_000, 1_000);

    for (int i = 1; i <= 10; i++) {
      ledger.record(KEY, write(i, "x".repeat(900)), WINNER);
    }

    assertThat(all(ledger).getConflictsCount()).isEqualTo(2);
    assertThat(ledger.collapsed()).isEqualTo(8);
  }

  @Test
  @DisplayName("keeps one row at least, and of a long value its beginning and its size")
  void cutsLongValues() {
    ConflictLedger ledger = ledger(10, 10, 4);

    ledger.record(KEY, write(1, "0123456789"), WINNER);

    Conflict row = all(ledger).getConflicts(0);
    assertThat(row.getValue().toStringUtf8()).isEqualTo("0123");
    assertThat(row.getValueSizeBytes()).isEqualTo(10);
  }

  @Test
  void countsAWriteOnce() {
    ConflictLedger ledger = ledger(10, 1 << 20, 10);

    for (int i = 0; i < 3; i++) {
      ledger.record(KEY, write(1, "v"), WINNER);
    }

    assertThat(ledger.discarded()).isEqualTo(1);
  }

  @Test
  void tellsADeleteFromAnEmptyValue() {
    ConflictLedger ledger = ledger(10, 1 << 20, 10);
    ledger.record(KEY, new Sibling(new Dot(ACTOR, 1), HybridTimestamp.ZERO, null, null), WINNER);
    ledger.record(KEY, write(2, ""), WINNER);

    List<Conflict> rows = all(ledger).getConflictsList();

    assertThat(rows.get(0).hasValue()).isTrue();
    assertThat(rows.get(1).hasValue()).isFalse();
  }

  @Test
  void isReadPageByPage() {
    // given: 25 rows, every fifth of another key
    ConflictLedger ledger = ledger(100, 1 << 20, 10);
    ByteString other = ByteString.copyFromUtf8("other");
    for (int i = 1; i <= 25; i++) {
      ledger.record(i % 5 == 0 ? other : KEY, write(i, "v" + i), WINNER);
    }

    // when
    List<Long> numbers = new ArrayList<>();
    long before = 0;
    int pages = 0;
    do {
      ListConflictsResponse page =
          ledger.list(ListConflictsRequest.newBuilder().setLimit(10).setBefore(before).build());
      page.getConflictsList().forEach(row -> numbers.add(row.getNumber()));
      before = page.getNextBefore();
      pages++;
    } while (before != 0);

    // then
    assertThat(pages).isEqualTo(3);
    assertThat(numbers).hasSize(25).isSortedAccordingTo((a, b) -> Long.compare(b, a));
    assertThat(values(ledger.list(ListConflictsRequest.newBuilder().setKey(other).build())))
        .containsExactly("v25", "v20", "v15", "v10", "v5");
  }
}
