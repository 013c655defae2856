package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.node.storage.Table;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.CheckpointPage;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.OpenSwitch;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A replica that does not hold what a CP epoch opens with brings its rows to exactly that, range by
 * range, from one of those that do; until the end it applies nothing further. A crash begins it
 * again: rows that are right already are left as they are.
 */
final class CheckpointInstall {

  /** A page that does not come is asked for again, of the next one that has it. */
  private static final long PATIENCE_NANOS = 300_000_000L;

  private final KeyspaceRecord record;
  private final long switchId;
  private final RowHash wanted;
  private final List<String> agreed;
  private final String self;
  private final Supplier<Collection<String>> members;
  private final BufferedTables tables;
  private final ApTables rows;
  private final NodeClock clock;
  private final VersionVector bases;
  private ByteString from = ByteString.EMPTY;
  private RowHash sum = RowHash.ZERO;
  private int holder;
  private long askNanos;
  private boolean complete;

  /**
   * @param record as it is while replicas converge
   * @param members who belongs to the cluster by now: those who agreed may all have left since, and
   *     whoever came for them got what they kept
   * @param nowNanos when the first page is to be asked for
   */
  CheckpointInstall(
      KeyspaceRecord record,
      OpenSwitch open,
      String self,
      Supplier<Collection<String>> members,
      BufferedTables tables,
      long nowNanos) {
    this.record = record;
    this.switchId = record.getSwitch().getId();
    this.wanted = RowHash.fromBytes(open.getRoot());
    this.agreed = List.copyOf(open.getAgreeingList());
    this.self = self;
    this.members = members;
    this.tables = tables;
    this.rows = new ApTables(record.getId(), tables);
    this.clock = NodeClock.fromProto(record.getSwitch().getClock());
    this.bases = clock.bases();
    this.askNanos = nowNanos;
    rows.writeInstalling(switchId);
  }

  long keyspaceId() {
    return record.getId();
  }

  long switchId() {
    return switchId;
  }

  boolean isComplete() {
    return complete;
  }

  /** Where the next page begins. */
  ByteString from() {
    return from;
  }

  long nextAskNanos() {
    return askNanos;
  }

  /** Whom to ask now, each in turn; null where there is nobody. */
  @Nullable String ask(long nowNanos) {
    askNanos = nowNanos + PATIENCE_NANOS;
    Set<String> holders = new LinkedHashSet<>(agreed);
    holders.addAll(members.get());
    holders.remove(self);
    return holders.isEmpty() ? null : List.copyOf(holders).get(holder % holders.size());
  }

  /** The one that was asked did not answer. */
  void next() {
    holder++;
  }

  /** Takes a page in; returns whether it was the one that is waited for. */
  boolean onPage(CheckpointPage page, long nowNanos) {
    if (complete || !page.getFrom().equals(from)) {
      return false;
    }
    askNanos = nowNanos;
    TreeMap<byte[], byte[]> right = new TreeMap<>(Arrays::compareUnsigned);
    for (KeyedValue row : page.getRowsList()) {
      right.put(row.getKey().toByteArray(), row.getValue().toByteArray());
      sum =
          sum.xor(
              RowHash.of(row.getKey(), DottedVersionVectorSet.fromStored(row.getValue(), bases)));
    }
    byte[] end = page.getMore() ? page.getNextFrom().toByteArray() : null;
    Table table = Table.data(record.getId());
    TreeMap<byte[], byte[]> held = new TreeMap<>(Arrays::compareUnsigned);
    tables.scan(
        table,
        from.toByteArray(),
        end,
        (key, value) -> {
          held.put(key, value);
          return true;
        });
    held.forEach(
        (key, value) -> {
          if (!right.containsKey(key)) {
            tables.delete(table, key);
          }
        });
    right.forEach(
        (key, value) -> {
          if (!Arrays.equals(value, held.get(key))) {
            tables.put(table, key, value);
          }
        });
    if (page.getMore()) {
      from = page.getNextFrom();
    } else if (sum.equals(wanted)) {
      finish();
    } else {
      // Pages of a replica that went away in between, or a damaged one: from the beginning.
      from = ByteString.EMPTY;
      sum = RowHash.ZERO;
      holder++;
    }
    return true;
  }

  private void finish() {
    rows.clear(Table.dots(record.getId()));
    rows.clear(Table.hints(record.getId()));
    rows.writeClock(clock);
    rows.writeInstalling(0);
    rows.writeInstalled(switchId);
    complete = true;
  }
}
