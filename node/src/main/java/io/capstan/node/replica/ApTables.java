package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.quorum.HintTable;
import io.capstan.node.quorum.KeyspaceTables;
import io.capstan.node.quorum.LedgerTable;
import io.capstan.node.quorum.OperationTable;
import io.capstan.node.storage.Table;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.LedgerSummary;
import io.capstan.proto.store.v1.RebuildingRecord;
import io.capstan.proto.store.v1.SessionMarks;
import io.capstan.proto.store.v1.StoredValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tables of one AP keyspace, over the replica's buffered tables. */
final class ApTables implements KeyspaceTables {

  private static final byte[] LEDGER_SUMMARY_KEY = new byte[1];
  private static final byte[] CLOCK_KEY = "clock".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] OPERATIONS_KEY = "operation/".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] REBUILDING_KEY = "rebuilding".getBytes(StandardCharsets.US_ASCII);

  private final long keyspaceId;
  private final BufferedTables tables;

  ApTables(long keyspaceId, BufferedTables tables) {
    this.keyspaceId = keyspaceId;
    this.tables = tables;
  }

  @Override
  public @Nullable StoredValue read(ByteString key) {
    byte[] keyBytes = key.toByteArray();
    byte[] row = tables.get(Table.data(keyspaceId), keyBytes);
    return row == null ? null : parse(keyBytes, row);
  }

  @Override
  public void write(ByteString key, StoredValue value) {
    byte[] keyBytes = key.toByteArray();
    tables.put(
        Table.data(keyspaceId), keyBytes, tables.decoded().encode(keyspaceId, keyBytes, value));
  }

  @Override
  public void delete(ByteString key) {
    tables.delete(Table.data(keyspaceId), key.toByteArray());
  }

  @Override
  public void scan(ByteString prefix, ByteString from, RowVisitor visitor) {
    ByteString start =
        ByteString.unsignedLexicographicalComparator().compare(from, prefix) > 0 ? from : prefix;
    tables.scan(
        Table.data(keyspaceId),
        start.toByteArray(),
        null,
        (key, value) -> {
          ByteString found = UnsafeByteOperations.unsafeWrap(key);
          return found.startsWith(prefix) && visitor.visit(found, parse(key, value));
        });
  }

  @Override
  public @Nullable ByteString keyOf(Dot dot) {
    byte[] key = tables.get(Table.dots(keyspaceId), dotKey(dot));
    return key == null ? null : UnsafeByteOperations.unsafeWrap(key);
  }

  @Override
  public void writeDot(Dot dot, ByteString key) {
    tables.put(Table.dots(keyspaceId), dotKey(dot), key.toByteArray());
  }

  @Override
  public void dots(Actor actor, long firstCounter, long lastCounter, DotVisitor visitor) {
    tables.scan(
        Table.dots(keyspaceId),
        dotKey(new Dot(actor, firstCounter)),
        dotKey(new Dot(actor, lastCounter + 1)),
        (row, key) -> {
          long counter = ByteBuffer.wrap(row).getLong(row.length - Long.BYTES);
          return visitor.visit(new Dot(actor, counter), UnsafeByteOperations.unsafeWrap(key));
        });
  }

  @Override
  public void deleteDot(Dot dot) {
    tables.delete(Table.dots(keyspaceId), dotKey(dot));
  }

  @Override
  public NodeClock readClock() {
    byte[] row = tables.get(Table.clock(keyspaceId), CLOCK_KEY);
    try {
      return NodeClock.fromProto(
          row == null
              ? io.capstan.proto.store.v1.NodeClock.getDefaultInstance()
              : io.capstan.proto.store.v1.NodeClock.parseFrom(row));
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "the clock of keyspace " + keyspaceId + " cannot be read: " + broken);
    }
  }

  @Override
  public void writeClock(NodeClock clock) {
    tables.put(Table.clock(keyspaceId), CLOCK_KEY, clock.toProto().toByteArray());
  }

  @Override
  public LedgerTable ledger() {
    return new Ledger();
  }

  // ---- what a change of sides notes beside the clock ----

  private static final byte[] LINEAGE_KEY = "lineage".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CHECKPOINTS_KEY = "checkpoints".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] INSTALLING_KEY = "installing".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] INSTALLED_KEY = "installed".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] LEFT_KEY = "left".getBytes(StandardCharsets.US_ASCII);

  /** The epoch that the stored data belong to the lineage of; 0 where nothing was noted. */
  long lineage() {
    return number(LINEAGE_KEY);
  }

  void writeLineage(long epoch) {
    write(LINEAGE_KEY, epoch);
  }

  /** The switches whose checkpoints are kept here, the oldest first. */
  List<Long> checkpoints() {
    byte[] row = tables.get(Table.clock(keyspaceId), CHECKPOINTS_KEY);
    List<Long> kept = new ArrayList<>();
    for (ByteBuffer ids = ByteBuffer.wrap(row == null ? new byte[0] : row); ids.hasRemaining(); ) {
      kept.add(ids.getLong());
    }
    return kept;
  }

  void writeCheckpoints(List<Long> switchIds) {
    ByteBuffer ids = ByteBuffer.allocate(Long.BYTES * switchIds.size());
    switchIds.forEach(ids::putLong);
    tables.put(Table.clock(keyspaceId), CHECKPOINTS_KEY, ids.array());
  }

  /** The switch whose opening is being installed; 0 for none. */
  long installing() {
    return number(INSTALLING_KEY);
  }

  void writeInstalling(long switchId) {
    write(INSTALLING_KEY, switchId);
  }

  /** The last switch whose opening was installed whole; 0 for none. */
  long installed() {
    return number(INSTALLED_KEY);
  }

  void writeInstalled(long switchId) {
    write(INSTALLED_KEY, switchId);
  }

  /** A configuration in which this node holds no replica, as a member has told it; 0 for none. */
  long leftBefore() {
    return number(LEFT_KEY);
  }

  void writeLeftBefore(long configurationIndex) {
    write(LEFT_KEY, configurationIndex);
  }

  private long number(byte[] key) {
    byte[] row = tables.get(Table.clock(keyspaceId), key);
    return row == null ? 0 : ByteBuffer.wrap(row).getLong();
  }

  private void write(byte[] key, long value) {
    tables.put(Table.clock(keyspaceId), key, ByteBuffer.allocate(8).putLong(value).array());
  }

  /** Removes every row of the table. */
  void clear(Table table) {
    List<byte[]> keys = new ArrayList<>();
    tables.scan(
        table,
        new byte[0],
        null,
        (key, value) -> {
          keys.add(key);
          return true;
        });
    keys.forEach(key -> tables.delete(table, key));
  }

  @Override
  public @Nullable RebuildingRecord readRebuilding() {
    byte[] row = tables.get(Table.clock(keyspaceId), REBUILDING_KEY);
    try {
      return row == null ? null : RebuildingRecord.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "what keyspace " + keyspaceId + " has yet to take over cannot be read: " + broken);
    }
  }

  @Override
  public void writeRebuilding(RebuildingRecord record) {
    tables.put(Table.clock(keyspaceId), REBUILDING_KEY, record.toByteArray());
  }

  /** Rows by dot; the summary stands before them, since no actor's name begins with a zero byte. */
  private final class Ledger implements LedgerTable {
    private final Table table = Table.ledger(keyspaceId);

    @Override
    public @Nullable DiscardedWrite read(Dot dot) {
      byte[] row = tables.get(table, dotKey(dot));
      return row == null ? null : parse(DiscardedWrite.parser(), row);
    }

    @Override
    public void write(DiscardedWrite row) {
      tables.put(table, dotKey(Dot.fromProto(row.getDot())), row.toByteArray());
    }

    @Override
    public void delete(Dot dot) {
      tables.delete(table, dotKey(dot));
    }

    @Override
    public void scan(RowVisitor visitor) {
      tables.scan(
          table,
          new byte[] {1},
          null,
          (key, row) -> {
            visitor.visit(parse(DiscardedWrite.parser(), row));
            return true;
          });
    }

    @Override
    public LedgerSummary readSummary() {
      byte[] row = tables.get(table, LEDGER_SUMMARY_KEY);
      return row == null ? LedgerSummary.getDefaultInstance() : parse(LedgerSummary.parser(), row);
    }

    @Override
    public void writeSummary(LedgerSummary summary) {
      tables.put(table, LEDGER_SUMMARY_KEY, summary.toByteArray());
    }

    private <T> T parse(Parser<T> parser, byte[] row) {
      try {
        return parser.parseFrom(row);
      } catch (InvalidProtocolBufferException broken) {
        throw new ReplicaInvariantViolation(
            "a row of the ledger of keyspace " + keyspaceId + " cannot be read: " + broken);
      }
    }
  }

  @Override
  public OperationTable operations() {
    return new OperationRows();
  }

  /** Beside the clock: the word, and the session. */
  private final class OperationRows implements OperationTable {
    private final Table table = Table.clock(keyspaceId);

    private byte[] keyOf(long session) {
      return ByteBuffer.allocate(OPERATIONS_KEY.length + Long.BYTES)
          .put(OPERATIONS_KEY)
          .putLong(session)
          .array();
    }

    @Override
    public void write(SessionMarks row) {
      tables.put(table, keyOf(row.getSession()), row.toByteArray());
    }

    @Override
    public void delete(long session) {
      tables.delete(table, keyOf(session));
    }

    @Override
    public void scan(RowVisitor visitor) {
      byte[] end = OPERATIONS_KEY.clone();
      end[end.length - 1]++;
      tables.scan(
          table,
          OPERATIONS_KEY,
          end,
          (key, row) -> {
            try {
              visitor.visit(SessionMarks.parseFrom(row));
            } catch (InvalidProtocolBufferException broken) {
              throw new ReplicaInvariantViolation(
                  "what keyspace "
                      + keyspaceId
                      + " remembers of a session cannot be read: "
                      + broken);
            }
            return true;
          });
    }
  }

  @Override
  public HintTable hints() {
    return new HintRows();
  }

  /** Sorted by peer, then counter: the name of the peer, a zero byte, the counter. */
  private final class HintRows implements HintTable {
    private final Table table = Table.hints(keyspaceId);

    private byte[] keyOf(String peer, long counter) {
      byte[] name = peer.getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocate(name.length + 1 + 8)
          .put(name)
          .put((byte) 0)
          .putLong(counter)
          .array();
    }

    @Override
    public void write(String peer, long counter, ByteString key) {
      tables.put(table, keyOf(peer, counter), key.toByteArray());
    }

    @Override
    public void delete(String peer, long counter) {
      tables.delete(table, keyOf(peer, counter));
    }

    @Override
    public void scan(RowVisitor visitor) {
      tables.scan(table, new byte[0], null, (key, value) -> visit(key, value, visitor));
    }

    @Override
    public void scan(String peer, long fromCounter, RowVisitor visitor) {
      byte[] end = keyOf(peer, 0);
      end[peer.getBytes(StandardCharsets.UTF_8).length] = 1;
      tables.scan(table, keyOf(peer, fromCounter), end, (key, value) -> visit(key, value, visitor));
    }

    private boolean visit(byte[] key, byte[] value, RowVisitor visitor) {
      int nameBytes = key.length - 1 - 8;
      return visitor.visit(
          new String(key, 0, nameBytes, StandardCharsets.UTF_8),
          ByteBuffer.wrap(key, nameBytes + 1, 8).getLong(),
          ByteString.copyFrom(value));
    }
  }

  private StoredValue parse(byte[] key, byte[] row) {
    try {
      return tables.decoded().of(keyspaceId, key, row);
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "a row of keyspace " + keyspaceId + " cannot be read: " + broken);
    }
  }

  /** Sorted by actor, then counter. */
  private static byte[] dotKey(Dot dot) {
    byte[] name = dot.actor().name().getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(name.length + 1 + 8 + 8)
        .put(name)
        .put((byte) 0)
        .putLong(dot.actor().incarnation())
        .putLong(dot.counter())
        .array();
  }
}
