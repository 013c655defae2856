package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.RowHash;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Checks what the clocks promise: replicas whose clocks are equal hold the same rows.
 *
 * <p>The {@link HashTree} is read from the stored rows at the start, slice by slice so that no
 * input waits, and follows every change from then on. While it is being read it counts the rows
 * before a mark; a change before the mark changes the tree, one behind it is met later. Its root
 * travels with every clock. Where the clocks are equal and the roots are not, something has gone
 * wrong that anti-entropy does not see, since it compares clocks alone: a defect of this program,
 * or a data folder that was tampered with. That is reported and never repaired on its own: nobody
 * can tell which of the two replicas is right.
 */
final class RowAudit {

  /** Rows that are read at once, and bytes: some milliseconds at most. */
  static final int SLICE_ROWS = 250;

  private static final long SLICE_MAX_BYTES = 1L << 20;

  /** Between two slices, so that reading a large keyspace leaves time for its clients. */
  private static final long SLICE_INTERVAL_NANOS = 5_000_000;

  private final KeyspaceTables tables;
  private final StepTime time;
  private final HashTree tree = new HashTree();
  // Keys before it are in the tree; null once all are.
  private @Nullable ByteString readUntil = ByteString.EMPTY;
  private long nextSliceNanos;
  private final Map<String, Comparison> comparisons = new LinkedHashMap<>();

  /** What comparing with one peer has shown so far. */
  private static final class Comparison {
    // When clocks were equal last, and whether the roots were too.
    private long comparedNanos;
    private boolean agreed;
  }

  RowAudit(KeyspaceTables tables, StepTime time) {
    this.tables = tables;
    this.time = time;
  }

  /** Reads the next slice, where one is due. */
  void tick(ReplicaState state) {
    if (readUntil != null && nextSliceNanos - time.nowNanos() <= 0) {
      readSlice(state);
    }
  }

  /** When {@link #tick} has something to do; empty once every row was read. */
  OptionalLong nextTickNanos() {
    return readUntil == null ? OptionalLong.empty() : OptionalLong.of(nextSliceNanos);
  }

  /** Reads the next rows from the tables. */
  void readSlice(ReplicaState state) {
    ByteString from = readUntil;
    if (from == null) {
      return;
    }
    int[] rows = {0};
    long[] sizeBytes = {0};
    ByteString[] next = {null};
    tables.scan(
        ByteString.EMPTY,
        from,
        (key, stored) -> {
          if (rows[0] == SLICE_ROWS || sizeBytes[0] >= SLICE_MAX_BYTES) {
            next[0] = key;
            return false;
          }
          rows[0]++;
          sizeBytes[0] += stored.getSerializedSize();
          tree.replace(key, RowHash.ZERO, RowHash.of(key, state.decode(key, stored)));
          return true;
        });
    readUntil = next[0];
    nextSliceNanos = time.nowNanos() + SLICE_INTERVAL_NANOS;
  }

  /** The row is stored anew. */
  void changed(ByteString key, DottedVersionVectorSet before, DottedVersionVectorSet after) {
    ByteString mark = readUntil;
    boolean counted =
        mark == null || ByteString.unsignedLexicographicalComparator().compare(key, mark) < 0;
    if (counted && !before.holdsSameAs(after)) {
      tree.replace(key, RowHash.of(key, before), RowHash.of(key, after));
    }
  }

  /** Whether every row is in the tree. */
  boolean isComplete() {
    return readUntil == null;
  }

  /** The tree; all rows are in it once {@link #isComplete}. */
  HashTree tree() {
    return tree;
  }

  /**
   * A peer whose clock equals the own one has this root.
   *
   * @return whether it is the own one as well
   */
  boolean compare(String peer, RowHash theirs) {
    Comparison comparison = comparisons.computeIfAbsent(peer, name -> new Comparison());
    comparison.comparedNanos = time.nowNanos();
    comparison.agreed = theirs.equals(tree.root());
    return comparison.agreed;
  }

  /** How long ago clocks of both were equal and compared; empty for never. */
  OptionalLong comparedAgoMillis(String peer) {
    Comparison comparison = comparisons.get(peer);
    return comparison == null
        ? OptionalLong.empty()
        : OptionalLong.of((time.nowNanos() - comparison.comparedNanos) / 1_000_000);
  }

  /** Peers whose rows differed although their clock did not, when they were compared last. */
  List<String> disagreeing() {
    List<String> peers = new ArrayList<>();
    comparisons.forEach(
        (peer, comparison) -> {
          if (!comparison.agreed) {
            peers.add(peer);
          }
        });
    return peers;
  }
}
