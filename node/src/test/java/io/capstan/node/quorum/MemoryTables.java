package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.LedgerSummary;
import io.capstan.proto.store.v1.RebuildingRecord;
import io.capstan.proto.store.v1.SessionMarks;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tables in memory with a disk behind them: a crash forgets what was not synced. */
final class MemoryTables implements KeyspaceTables {

  private static final class Content {
    final TreeMap<ByteString, StoredValue> rows =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    final TreeMap<Dot, ByteString> dots = new TreeMap<>();
    @Nullable RebuildingRecord rebuilding;
    final TreeMap<String, TreeMap<Long, ByteString>> hints = new TreeMap<>();
    io.capstan.proto.store.v1.NodeClock clock =
        io.capstan.proto.store.v1.NodeClock.getDefaultInstance();
    final TreeMap<Dot, DiscardedWrite> discarded = new TreeMap<>();
    final TreeMap<Long, SessionMarks> operations = new TreeMap<>();
    LedgerSummary summary = LedgerSummary.getDefaultInstance();

    void become(Content other) {
      other.hints.forEach((peer, rows) -> hints.put(peer, new TreeMap<>(rows)));
      rows.putAll(other.rows);
      dots.putAll(other.dots);
      clock = other.clock;
      discarded.putAll(other.discarded);
      summary = other.summary;
      operations.putAll(other.operations);
      rebuilding = other.rebuilding;
    }
  }

  private Content current = new Content();
  private final Content onDisk = new Content();
  private final List<Consumer<Content>> unsynced = new ArrayList<>();
  private int clockWrites;

  private void apply(Consumer<Content> write) {
    write.accept(current);
    unsynced.add(write);
  }

  /** How many writes have been made and not synced. */
  int unsynced() {
    return unsynced.size();
  }

  int clockWrites() {
    return clockWrites;
  }

  /** Makes the first so many writes durable. */
  void sync(int count) {
    List<Consumer<Content>> synced = unsynced.subList(0, count);
    synced.forEach(write -> write.accept(onDisk));
    synced.clear();
  }

  void crash() {
    unsynced.clear();
    current = new Content();
    current.become(onDisk);
  }

  /** Puts the disk back to the state of another moment, as a restored backup would. */
  static MemoryTables copyOf(MemoryTables source) {
    MemoryTables copy = new MemoryTables();
    copy.onDisk.become(source.onDisk);
    copy.crash();
    return copy;
  }

  /** What the replica knows of the key, as of its last flush. */
  DottedVersionVectorSet held(ByteString key) {
    StoredValue stored = current.rows.get(key);
    return DottedVersionVectorSet.fromStored(
        stored == null ? StoredValue.getDefaultInstance() : stored, readClock().bases());
  }

  /** The hashes of all rows together, counted anew. */
  RowHash rootOfRows() {
    RowHash root = RowHash.ZERO;
    for (ByteString key : current.rows.keySet()) {
      root = root.xor(RowHash.of(key, held(key)));
    }
    return root;
  }

  TreeMap<ByteString, StoredValue> rows() {
    return current.rows;
  }

  TreeMap<Dot, ByteString> dots() {
    return current.dots;
  }

  @Override
  public @Nullable StoredValue read(ByteString key) {
    return current.rows.get(key);
  }

  @Override
  public void write(ByteString key, StoredValue value) {
    apply(content -> content.rows.put(key, value));
  }

  @Override
  public void delete(ByteString key) {
    apply(content -> content.rows.remove(key));
  }

  @Override
  public void scan(ByteString prefix, ByteString from, RowVisitor visitor) {
    for (var row : current.rows.tailMap(from, true).entrySet()) {
      if (row.getKey().startsWith(prefix) && !visitor.visit(row.getKey(), row.getValue())) {
        return;
      }
    }
  }

  @Override
  public @Nullable ByteString keyOf(Dot dot) {
    return current.dots.get(dot);
  }

  @Override
  public void writeDot(Dot dot, ByteString key) {
    apply(content -> content.dots.put(dot, key));
  }

  @Override
  public void dots(Actor actor, long firstCounter, long lastCounter, DotVisitor visitor) {
    var range =
        current.dots.subMap(new Dot(actor, firstCounter), true, new Dot(actor, lastCounter), true);
    for (var row : List.copyOf(range.entrySet())) {
      if (!visitor.visit(row.getKey(), row.getValue())) {
        return;
      }
    }
  }

  @Override
  public void deleteDot(Dot dot) {
    apply(content -> content.dots.remove(dot));
  }

  @Override
  public LedgerTable ledger() {
    return new LedgerTable() {
      @Override
      public @Nullable DiscardedWrite read(Dot dot) {
        return current.discarded.get(dot);
      }

      @Override
      public void write(DiscardedWrite row) {
        apply(content -> content.discarded.put(Dot.fromProto(row.getDot()), row));
      }

      @Override
      public void delete(Dot dot) {
        apply(content -> content.discarded.remove(dot));
      }

      @Override
      public void scan(RowVisitor visitor) {
        current.discarded.values().forEach(visitor::visit);
      }

      @Override
      public LedgerSummary readSummary() {
        return current.summary;
      }

      @Override
      public void writeSummary(LedgerSummary summary) {
        apply(content -> content.summary = summary);
      }
    };
  }

  @Override
  public OperationTable operations() {
    return new OperationTable() {
      @Override
      public void write(SessionMarks row) {
        apply(content -> content.operations.put(row.getSession(), row));
      }

      @Override
      public void delete(long session) {
        apply(content -> content.operations.remove(session));
      }

      @Override
      public void scan(RowVisitor visitor) {
        current.operations.values().forEach(visitor::visit);
      }
    };
  }

  TreeMap<String, TreeMap<Long, ByteString>> hintRows() {
    return current.hints;
  }

  @Override
  public HintTable hints() {
    return new HintTable() {
      @Override
      public void write(String peer, long counter, ByteString key) {
        apply(
            content -> content.hints.computeIfAbsent(peer, p -> new TreeMap<>()).put(counter, key));
      }

      @Override
      public void delete(String peer, long counter) {
        apply(content -> content.hints.computeIfAbsent(peer, p -> new TreeMap<>()).remove(counter));
      }

      @Override
      public void scan(RowVisitor visitor) {
        for (String peer : current.hints.keySet()) {
          scan(peer, 0, visitor);
        }
      }

      @Override
      public void scan(String peer, long fromCounter, RowVisitor visitor) {
        for (var row :
            current.hints.getOrDefault(peer, new TreeMap<>()).tailMap(fromCounter).entrySet()) {
          if (!visitor.visit(peer, row.getKey(), row.getValue())) {
            return;
          }
        }
      }
    };
  }

  @Override
  public NodeClock readClock() {
    return NodeClock.fromProto(current.clock);
  }

  @Override
  public void writeClock(NodeClock clock) {
    clockWrites++;
    var stored = clock.toProto();
    apply(content -> content.clock = stored);
  }

  @Override
  public @Nullable RebuildingRecord readRebuilding() {
    return current.rebuilding;
  }

  @Override
  public void writeRebuilding(RebuildingRecord record) {
    apply(content -> content.rebuilding = record);
  }
}
