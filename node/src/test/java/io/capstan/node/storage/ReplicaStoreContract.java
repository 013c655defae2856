package io.capstan.node.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ReplicaStore} must do, whatever it is made of. Extend it, say how to open the
 * store, and every promise of the package is tested.
 */
public abstract class ReplicaStoreContract {

  /** The store of group 1, open. */
  protected abstract ReplicaStore store();

  /** The store of another group on the same disk, open. */
  protected abstract ReplicaStore otherGroup();

  /** Makes everything durable that was written. */
  protected abstract void sync();

  /** Stops in good order and starts again from the disk; {@link #store} is new afterwards. */
  protected abstract void restart();

  private static final long BANK = 17;
  private static final long FEED = 23;

  @Test
  void anEmptyStoreHasAnEmptyLogNoHardStateAndNoKeyspaces() {
    assertThat(store().log().firstIndex()).isEqualTo(1);
    assertThat(store().log().lastIndex()).isZero();
    assertThat(store().log().term(0)).isZero();
    assertThat(store().log().hardState()).isNull();
    assertThat(store().keyspaces()).isEmpty();
    assertThat(store().get(Table.META, bytes("applied"))).isNull();
  }

  @Test
  void everyPartOfABatchIsVisibleAtOnce() {
    store().createKeyspace(BANK);
    WriteBatch batch = new WriteBatch();
    batch.appendToLog(0, entries(1, 3, 1));
    batch.hardState(new HardState(1, "n2"));
    batch.put(Table.META, bytes("applied"), bytes("3"));
    batch.put(Table.data(BANK), bytes("alice"), bytes("100"));

    store().write(batch);

    assertThat(store().log().lastIndex()).isEqualTo(3);
    assertThat(store().log().hardState()).isEqualTo(new HardState(1, "n2"));
    assertThat(text(store().get(Table.META, bytes("applied")))).isEqualTo("3");
    assertThat(text(store().get(Table.data(BANK), bytes("alice")))).isEqualTo("100");
  }

  @Test
  void aRestartKeepsEveryPartOfWhatWasSynced() {
    store().createKeyspace(BANK);
    WriteBatch batch = new WriteBatch();
    batch.appendToLog(0, entries(1, 3, 1));
    batch.hardState(new HardState(4, null));
    batch.put(Table.SESSIONS, bytes("s"), bytes("1"));
    batch.put(Table.clock(BANK), bytes("clock"), bytes("2"));
    store().write(batch);
    sync();

    restart();

    assertThat(store().log().entries(1, 3, Long.MAX_VALUE)).isEqualTo(entries(1, 3, 1));
    assertThat(store().log().term(3)).isEqualTo(1);
    assertThat(store().log().hardState()).isEqualTo(new HardState(4, null));
    assertThat(text(store().get(Table.SESSIONS, bytes("s")))).isEqualTo("1");
    assertThat(text(store().get(Table.clock(BANK), bytes("clock")))).isEqualTo("2");
    assertThat(store().keyspaces()).containsExactly(BANK);
  }

  @Test
  void withinABatchTheLaterChangeOfARowWins() {
    WriteBatch batch = new WriteBatch();
    batch.put(Table.META, bytes("kept"), bytes("1"));
    batch.put(Table.META, bytes("kept"), bytes("2"));
    batch.put(Table.META, bytes("gone"), bytes("1"));
    batch.delete(Table.META, bytes("gone"));
    batch.delete(Table.META, bytes("back"));
    batch.put(Table.META, bytes("back"), bytes("3"));

    store().write(batch);

    assertThat(rows(Table.META, "", null)).containsExactly("back=3", "kept=2");
  }

  @Test
  void anEmptyKeyAndAnEmptyValueAreARow() {
    put(Table.META, "", "");

    assertThat(store().get(Table.META, new byte[0])).isEmpty();
    assertThat(rows(Table.META, "", null)).containsExactly("=");
  }

  @Test
  void aScanVisitsRowsInUnsignedByteOrder() {
    WriteBatch batch = new WriteBatch();
    for (int key : new int[] {0x80, 0xFF, 0x00, 0x7F}) {
      batch.put(Table.META, new byte[] {(byte) key}, new byte[0]);
    }
    store().write(batch);

    List<Integer> visited = new ArrayList<>();
    store()
        .scan(
            Table.META,
            new byte[0],
            null,
            (key, value) -> {
              visited.add(key[0] & 0xFF);
              return true;
            });

    assertThat(visited).containsExactly(0x00, 0x7F, 0x80, 0xFF);
  }

  @Test
  void aScanTakesItsStartAndLeavesItsEnd() {
    for (String key : List.of("a", "b", "ba", "c", "d")) {
      put(Table.META, key, "v");
    }

    assertThat(rows(Table.META, "b", "d")).containsExactly("b=v", "ba=v", "c=v");
    assertThat(rows(Table.META, "bb", null)).containsExactly("c=v", "d=v");
    assertThat(rows(Table.META, "", "b")).containsExactly("a=v");
    assertThat(rows(Table.META, "c", "c")).isEmpty();
    assertThat(rows(Table.META, "d", "a")).isEmpty();
  }

  @Test
  void aScanStopsWhenTheVisitorHasSeenEnough() {
    for (String key : List.of("a", "b", "c")) {
      put(Table.META, key, "v");
    }
    List<String> visited = new ArrayList<>();

    store()
        .scan(
            Table.META,
            new byte[0],
            null,
            (key, value) -> {
              visited.add(text(key));
              return visited.size() < 2;
            });

    assertThat(visited).containsExactly("a", "b");
  }

  @Test
  void tablesKeyspacesAndGroupsDoNotSeeEachOther() {
    store().createKeyspace(BANK);
    store().createKeyspace(FEED);
    otherGroup().createKeyspace(BANK);
    put(Table.data(BANK), "k", "bank");
    put(Table.dots(BANK), "k", "dots");
    put(Table.clock(BANK), "k", "clock");
    put(Table.data(FEED), "k", "feed");
    WriteBatch other = new WriteBatch();
    other.put(Table.data(BANK), bytes("k"), bytes("other"));
    other.appendToLog(0, entries(1, 2, 9));
    otherGroup().write(other);

    assertThat(rows(Table.data(BANK), "", null)).containsExactly("k=bank");
    assertThat(rows(Table.dots(BANK), "", null)).containsExactly("k=dots");
    assertThat(rows(Table.clock(BANK), "", null)).containsExactly("k=clock");
    assertThat(rows(Table.data(FEED), "", null)).containsExactly("k=feed");
    assertThat(text(otherGroup().get(Table.data(BANK), bytes("k")))).isEqualTo("other");
    assertThat(store().log().lastIndex()).isZero();
    assertThat(otherGroup().log().lastIndex()).isEqualTo(2);
    assertThat(otherGroup().keyspaces()).containsExactly(BANK);
  }

  @Test
  void entriesComeInOrderAndRespectTheSize() {
    append(0, entries(1, 10, 1));
    long threeEntries = 3 * entries(1, 1, 1).getFirst().sizeBytes();

    assertThat(store().log().entries(2, 9, Long.MAX_VALUE)).isEqualTo(entries(2, 9, 1));
    assertThat(store().log().entries(2, 9, threeEntries)).isEqualTo(entries(2, 4, 1));
  }

  @Test
  void atLeastOneEntryIsReturnedHoweverSmallTheSize() {
    append(0, entries(1, 3, 1));

    assertThat(store().log().entries(2, 3, 1)).isEqualTo(entries(2, 2, 1));
  }

  @Test
  void entriesOutsideTheLogAreRefused() {
    append(0, entries(1, 3, 1));

    assertThatThrownBy(() -> store().log().entries(2, 4, 100))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().log().entries(0, 2, 100))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().log().term(4)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void truncationRemovesTheEndOfTheLogAndTheNewEntriesFollow() {
    append(0, entries(1, 10, 1));

    append(5, entries(5, 6, 2));

    assertThat(store().log().lastIndex()).isEqualTo(6);
    assertThat(LongStream.rangeClosed(0, 6).map(store().log()::term))
        .containsExactly(0L, 1L, 1L, 1L, 1L, 2L, 2L);
    sync();
    restart();
    assertThat(store().log().lastIndex()).isEqualTo(6);
    assertThat(store().log().entries(4, 6, Long.MAX_VALUE))
        .extracting(Entry::term)
        .containsExactly(1L, 2L, 2L);
  }

  @Test
  void truncationAloneUncoversTheTermBefore() {
    append(0, entries(1, 3, 1));
    append(0, entries(4, 6, 2));

    append(4, List.of());

    assertThat(store().log().lastIndex()).isEqualTo(3);
    assertThat(store().log().term(3)).isEqualTo(1);
  }

  @Test
  void truncationToNothingLeavesAnEmptyLog() {
    append(0, entries(1, 3, 1));

    append(1, List.of());

    assertThat(store().log().lastIndex()).isZero();
    restart();
    assertThat(store().log().lastIndex()).isZero();
    assertThat(store().log().firstIndex()).isEqualTo(1);
  }

  @Test
  void aGapInTheLogIsRefusedAndNothingIsWritten() {
    append(0, entries(1, 3, 1));

    assertThatThrownBy(() -> append(0, entries(5, 6, 1))).isInstanceOf(IllegalStateException.class);

    assertThat(store().log().lastIndex()).isEqualTo(3);
    append(0, entries(4, 4, 1));
    assertThat(store().log().entries(1, 4, Long.MAX_VALUE)).isEqualTo(entries(1, 4, 1));
  }

  @Test
  void everyKindOfEntryKeepsItsKind() {
    Entry change = new Entry(1, 1, Entry.Kind.CONFIGURATION, bytes("members"));
    Entry noOp = new Entry(2, 1, new byte[0]);

    append(0, List.of(change, noOp));

    assertThat(store().log().entries(1, 2, Long.MAX_VALUE)).containsExactly(change, noOp);
  }

  @Test
  void keyspacesAreListedInOrderAndCreatedOnce() {
    store().createKeyspace(FEED);
    store().createKeyspace(BANK);
    put(Table.data(BANK), "k", "v");

    store().createKeyspace(BANK);

    assertThat(store().keyspaces()).containsExactly(BANK, FEED);
    assertThat(rows(Table.data(BANK), "", null)).containsExactly("k=v");
  }

  @Test
  void aDroppedKeyspaceIsGoneWithItsRowsAlsoAfterARestart() {
    store().createKeyspace(BANK);
    put(Table.data(BANK), "k", "v");

    store().dropKeyspace(BANK);
    store().dropKeyspace(BANK);

    assertThat(store().keyspaces()).isEmpty();
    assertThatThrownBy(() -> store().get(Table.data(BANK), bytes("k")))
        .isInstanceOf(IllegalStateException.class);
    restart();
    assertThat(store().keyspaces()).isEmpty();
    store().createKeyspace(BANK);
    assertThat(rows(Table.data(BANK), "", null)).isEmpty();
  }

  @Test
  void aBatchForAKeyspaceThatIsNotThereIsRefusedWhole() {
    WriteBatch batch = new WriteBatch();
    batch.put(Table.META, bytes("applied"), bytes("1"));
    batch.put(Table.data(BANK), bytes("k"), bytes("v"));

    assertThatThrownBy(() -> store().write(batch)).isInstanceOf(IllegalStateException.class);

    assertThat(store().get(Table.META, bytes("applied"))).isNull();
  }

  protected final void append(long truncateFrom, List<Entry> entries) {
    WriteBatch batch = new WriteBatch();
    batch.appendToLog(truncateFrom, entries);
    store().write(batch);
  }

  protected final void put(Table table, String key, String value) {
    WriteBatch batch = new WriteBatch();
    batch.put(table, bytes(key), bytes(value));
    store().write(batch);
  }

  protected final List<String> rows(Table table, String from, String to) {
    List<String> rows = new ArrayList<>();
    store()
        .scan(
            table,
            bytes(from),
            to == null ? null : bytes(to),
            (key, value) -> rows.add(text(key) + "=" + text(value)));
    return rows;
  }

  /** Entries of one term with payloads of one size. */
  protected static List<Entry> entries(long from, long to, long term) {
    return LongStream.rangeClosed(from, to)
        .mapToObj(index -> new Entry(index, term, bytes("payload of %08d".formatted(index))))
        .toList();
  }

  protected static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  protected static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, UTF_8);
  }
}
