package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.Table;
import io.capstan.node.type.Counters;
import io.capstan.node.type.Sets;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
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
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of a keyspace that changes sides: everything confirmed is there in every later
 * epoch, a repeated operation counts once, no epoch is confirmed in after its successor was seen,
 * and the catalogues of all nodes go through the same modes and epochs.
 */
final class FlipOracle {
  private static final int WRITTEN_KEPT_MAX = 8;
  private static final String LOST = "every confirmed write is there in every later epoch";

  private final long keyspaceId;
  private final List<SimulatedNode> nodes;
  private final SwitchInvariants invariants;
  private final Level minWrites;
  private final TreeSet<String> values = new TreeSet<>();
  private final TreeSet<String> elements = new TreeSet<>();
  private final List<String> written = new ArrayList<>();
  private long confirmedAdditions;
  private long uncertainAdditions;
  private long epochSeen = 1;
  private long epochSeenCp;

  FlipOracle(
      long keyspaceId,
      List<SimulatedNode> nodes,
      EventQueue events,
      Coverage coverage,
      Level minWrites) {
    this.keyspaceId = keyspaceId;
    this.nodes = nodes;
    this.minWrites = minWrites;
    this.invariants =
        new SwitchInvariants(keyspaceId, nodes, events, coverage, this::checkConfirmed);
  }

  /** What must hold at every step, whatever clients are told. */
  SwitchInvariants invariants() {
    return invariants;
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

  /** Somebody was told of an epoch. */
  void saw(Receipt receipt) {
    saw(receipt.getMode(), receipt.getEpoch());
  }

  /**
   * A read was answered. A write may have been answered by the log of an earlier epoch, which needs
   * nothing of the disk of the node that tells.
   */
  void read(Receipt receipt) {
    if (receipt.getMode() == Mode.MODE_AP) {
      invariants.checkEpoch(nodeOf(receipt.getServedBy()), receipt.getEpoch(), "answers a read");
    }
  }

  private int nodeOf(String id) {
    for (int node = 0; node < nodes.size(); node++) {
      if (nodes.get(node).id().equals(id)) {
        return node;
      }
    }
    throw new SimulationFailure("a receipt names a node", "got '" + id + "'");
  }

  /**
   * A change that is given up opens an epoch that goes on from the one before: who has not heard of
   * it may still confirm in that one. Any other epoch ends the one before it.
   */
  private void saw(Mode mode, long epoch) {
    invariants.isOfMode(epoch, mode);
    boolean ends = mode == Mode.MODE_CP || invariants.modeOf(epoch - 1) == Mode.MODE_CP;
    if (ends && epoch > epochSeen) {
      epochSeen = epoch;
    }
    if (epoch >= epochSeen) {
      epochSeenCp = mode == Mode.MODE_CP ? epoch : 0;
    }
  }

  void confirmedValue(String value) {
    values.add(value);
  }

  boolean isConfirmed(String value) {
    return values.contains(value);
  }

  /** Somebody begins to write the value under a key of its own. */
  void writes(String value) {
    written.addLast(value);
    if (written.size() > WRITTEN_KEPT_MAX) {
      written.removeFirst();
    }
  }

  /** One of the values that somebody began to write last; null before the first. */
  @Nullable String writtenLately(SplittableRandom random) {
    return written.isEmpty() ? null : written.get(random.nextInt(written.size()));
  }

  void confirmedElement(String element) {
    elements.add(element);
  }

  void addition(boolean confirmed, boolean uncertain) {
    confirmedAdditions += confirmed ? 1 : 0;
    uncertainAdditions += !confirmed && uncertain ? 1 : 0;
  }

  // ---- what is on the disks ----

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
              StoredValue stored = StoredRows.parse(row);
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

  /** Everything confirmed so far is on the node. */
  private void checkConfirmed(int node) {
    Map<ByteString, List<StoredSibling>> rows = live(node);
    checkConfirmed(rows);
    long sum = sum(rows);
    if (sum < confirmedAdditions) {
      throw new SimulationFailure(
          LOST, "the counter is " + sum + ", " + confirmedAdditions + " additions were confirmed");
    }
  }

  private void checkConfirmed(Map<ByteString, List<StoredSibling>> rows) {
    for (String value : values) {
      List<StoredSibling> found = rows.get(ByteString.copyFromUtf8("e" + value));
      if (found == null
          || found.stream().noneMatch(s -> s.getValue().toStringUtf8().equals(value))) {
        throw new SimulationFailure(
            LOST, "value " + value + " was confirmed and is gone; its key holds " + found);
      }
    }
    TreeSet<String> present = new TreeSet<>();
    List<StoredSibling> set = rows.get(ByteString.copyFromUtf8("s"));
    if (set != null) {
      Sets.elements(row(set)).forEach(element -> present.add(element.toStringUtf8()));
    }
    for (String element : elements) {
      if (!present.contains(element)) {
        throw new SimulationFailure(LOST, "element " + element + " was added and is gone");
      }
    }
  }

  private static long sum(Map<ByteString, List<StoredSibling>> rows) {
    List<StoredSibling> counter = rows.get(ByteString.copyFromUtf8("c"));
    return counter == null ? 0 : Counters.sum(row(counter));
  }

  /** All clients have ended and all nodes hold the same. */
  void checkNothingLost() {
    Map<ByteString, List<StoredSibling>> rows = live(0);
    checkConfirmed(rows);
    long sum = sum(rows);
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
