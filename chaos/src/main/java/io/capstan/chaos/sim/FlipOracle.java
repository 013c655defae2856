package io.capstan.chaos.sim;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.Table;
import io.capstan.node.type.Counters;
import io.capstan.node.type.Sets;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of a keyspace that changes sides: everything confirmed is there in every later
 * epoch, a repeated operation counts once, no epoch is confirmed in after its successor was seen,
 * and the catalogues of all nodes go through the same modes and epochs.
 */
final class FlipOracle {
  private final long keyspaceId;
  private final List<SimulatedNode> nodes;
  private final Coverage coverage;
  private final Level minWrites;
  private final TreeSet<String> values = new TreeSet<>();
  private final TreeSet<String> elements = new TreeSet<>();
  private long confirmedAdditions;
  private long uncertainAdditions;
  private final Map<Long, Mode> modeOfEpoch = new TreeMap<>();
  private final Map<Integer, KeyspaceRecord> records = new HashMap<>();
  private long epochSeen = 1;
  private long epochSeenCp;
  private long openedIndex;

  FlipOracle(long keyspaceId, List<SimulatedNode> nodes, Coverage coverage, Level minWrites) {
    this.keyspaceId = keyspaceId;
    this.nodes = nodes;
    this.coverage = coverage;
    this.minWrites = minWrites;
  }

  boolean allowsOne() {
    return minWrites == Level.LEVEL_ONE;
  }

  // ---- what clients are told ----

  /** The largest epoch that any client has heard of before now. */
  long epochSeen() {
    return epochSeen;
  }

  /** The CP epoch that is open as far as clients know; 0 where none is. */
  long epochSeenCp() {
    return epochSeenCp;
  }

  /**
   * An operation succeeded.
   *
   * @param epochBefore the largest epoch that was known when it began
   */
  void succeeded(Receipt receipt, long epochBefore) {
    // A retry that the log answers names the epoch that it is answered in.
    if (receipt.getEpoch() < epochBefore) {
      throw new SimulationFailure(
          "nothing is confirmed in an epoch after its successor opened",
          "an operation that began when epoch "
              + epochBefore
              + " was known was confirmed in epoch "
              + receipt.getEpoch()
              + " by "
              + receipt.getServedBy());
    }
    saw(receipt.getMode(), receipt.getEpoch());
  }

  private void saw(Mode mode, long epoch) {
    Mode known = modeOfEpoch.putIfAbsent(epoch, mode);
    if (known != null && known != mode) {
      throw new SimulationFailure(
          "an epoch has one mode", "epoch " + epoch + " is " + known + " and " + mode);
    }
    if (mode == Mode.MODE_CP && epoch > epochSeen) {
      epochSeen = epoch;
    }
    if (epoch >= epochSeen) {
      epochSeenCp = mode == Mode.MODE_CP ? epoch : 0;
    }
  }

  void confirmedValue(String value) {
    values.add(value);
  }

  void confirmedElement(String element) {
    elements.add(element);
  }

  void addition(boolean confirmed, boolean uncertain) {
    confirmedAdditions += confirmed ? 1 : 0;
    uncertainAdditions += !confirmed && uncertain ? 1 : 0;
  }

  // ---- what is on the disks ----

  /** A row was written; returns whether the keyspace came to another phase there. */
  boolean changed(int node, Table table, byte[] key, byte @Nullable [] after) {
    if (after == null
        || !table.equals(Table.META)
        || key.length != 9
        || key[0] != 'k'
        || java.nio.ByteBuffer.wrap(key, 1, 8).getLong() != keyspaceId) {
      return false;
    }
    KeyspaceRecord record;
    try {
      record = KeyspaceRecord.parseFrom(after);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
    Mode known = modeOfEpoch.putIfAbsent(record.getEpoch(), record.getMode());
    if (known != null && known != record.getMode()) {
      throw new SimulationFailure(
          "an epoch has one mode",
          "epoch " + record.getEpoch() + " is " + known + " and " + record.getMode());
    }
    if (record.getCheckpoint().getIndex() > openedIndex) {
      openedIndex = record.getCheckpoint().getIndex();
      // Where the barrier of the next change came in the same batch, the clock is that one's.
      if (record.getMode() == Mode.MODE_CP) {
        checkHeldByMajority(record);
      }
    }
    KeyspaceRecord before = records.put(node, record);
    if (before != null && record.getEpoch() > before.getEpoch() && node == 0) {
      boolean aborted =
          record.getHistoryCount() > 0
              && !record.getHistory(record.getHistoryCount() - 1).getAborted().isEmpty();
      coverage.count(aborted ? Coverage.Counter.SWITCHES_ABORTED : Coverage.Counter.SWITCHES);
    }
    return before == null
        || before.getEpoch() != record.getEpoch()
        || before.getSwitch().getPhase() != record.getSwitch().getPhase();
  }

  /** The first node opens a CP epoch: more than half of the disks hold the join of the seals. */
  private void checkHeldByMajority(KeyspaceRecord opened) {
    NodeClock join = NodeClock.fromProto(opened.getBaseClock());
    int holding = 0;
    for (SimulatedNode each : nodes) {
      byte[] row = each.disk().rows(Table.clock(keyspaceId)).get("clock".getBytes(US_ASCII));
      try {
        NodeClock held =
            NodeClock.fromProto(
                row == null
                    ? io.capstan.proto.store.v1.NodeClock.getDefaultInstance()
                    : io.capstan.proto.store.v1.NodeClock.parseFrom(row));
        holding += held.containsAll(join) ? 1 : 0;
      } catch (InvalidProtocolBufferException broken) {
        throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
      }
    }
    if (holding <= nodes.size() / 2) {
      throw new SimulationFailure(
          "an opening is held by a majority",
          "epoch "
              + opened.getEpoch()
              + " opened while "
              + holding
              + " of "
              + nodes.size()
              + " replicas held what it opens with");
    }
  }

  private @Nullable KeyspaceRecord stored(int node) {
    byte[] key = java.nio.ByteBuffer.allocate(9).put((byte) 'k').putLong(keyspaceId).array();
    byte[] row = nodes.get(node).disk().rows(Table.META).get(key);
    try {
      return row == null ? null : KeyspaceRecord.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  boolean isAllAt(Mode mode) {
    for (int node = 0; node < nodes.size(); node++) {
      KeyspaceRecord record = stored(node);
      if (record == null || record.getMode() != mode || record.hasSwitch()) {
        return false;
      }
    }
    return true;
  }

  /** Whether the live siblings of every key are the same on all nodes. */
  boolean isEqual() {
    Map<ByteString, List<StoredSibling>> first = live(0);
    for (int node = 1; node < nodes.size(); node++) {
      if (!first.equals(live(node))) {
        return false;
      }
    }
    return true;
  }

  private Map<ByteString, List<StoredSibling>> live(int node) {
    Map<ByteString, List<StoredSibling>> rows = new HashMap<>();
    nodes
        .get(node)
        .disk()
        .rows(Table.data(keyspaceId))
        .forEach(
            (key, row) -> {
              StoredValue stored = ApOracle.parse(row);
              List<StoredSibling> live = new ArrayList<>();
              for (StoredSibling sibling : stored.getSiblingsList()) {
                if (sibling.hasValue() || sibling.hasTyped()) {
                  live.add(sibling);
                }
              }
              if (!live.isEmpty()) {
                rows.put(ByteString.copyFrom(key), live);
              }
            });
    return rows;
  }

  void checkNothingLost() {
    Map<ByteString, List<StoredSibling>> rows = live(0);
    for (String value : values) {
      List<StoredSibling> found = rows.get(ByteString.copyFromUtf8("e" + value));
      if (found == null
          || found.stream().noneMatch(s -> s.getValue().toStringUtf8().equals(value))) {
        throw new SimulationFailure(
            "every confirmed write is there in every later epoch",
            "value " + value + " was confirmed and is gone; its key holds " + found);
      }
    }
    TreeSet<String> present = new TreeSet<>();
    List<StoredSibling> set = rows.get(ByteString.copyFromUtf8("s"));
    if (set != null) {
      Sets.elements(row(set)).forEach(element -> present.add(element.toStringUtf8()));
    }
    for (String element : elements) {
      if (!present.contains(element)) {
        throw new SimulationFailure(
            "every confirmed write is there in every later epoch",
            "element " + element + " was added and is gone");
      }
    }
    List<StoredSibling> counter = rows.get(ByteString.copyFromUtf8("c"));
    long sum = counter == null ? 0 : Counters.sum(row(counter));
    if (sum < confirmedAdditions || sum > confirmedAdditions + uncertainAdditions) {
      throw new SimulationFailure(
          "an addition counts once, whatever changes in between",
          "the counter is "
              + sum
              + "; "
              + confirmedAdditions
              + " additions were confirmed, "
              + uncertainAdditions
              + " more may have been made");
    }
  }

  private static DottedVersionVectorSet row(List<StoredSibling> siblings) {
    VersionVector bases = VersionVector.EMPTY;
    for (StoredSibling sibling : siblings) {
      bases = bases.with(Dot.fromProto(sibling.getDot()));
    }
    return DottedVersionVectorSet.fromStored(
        StoredValue.newBuilder().addAllSiblings(siblings).build(), bases);
  }
}
