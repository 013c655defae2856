package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.Table;
import io.capstan.node.type.Counters;
import io.capstan.node.type.Sets;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.GroupState;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.Receipt;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private static final byte[] STATE_KEY = "state".getBytes(StandardCharsets.US_ASCII);
  private static final String LOST = "every confirmed write is there in every later epoch";

  private final long keyspaceId;
  private final List<SimulatedNode> nodes;
  private final SwitchInvariants invariants;
  private final Level minWrites;
  private final ConfirmedWrites confirmed = new ConfirmedWrites();
  private final List<String> written = new ArrayList<>();
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
    this.invariants = new SwitchInvariants(keyspaceId, nodes, events, coverage, this::opened);
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
    if (receipt.getEpoch() < epochBefore && !isOfGivenUp(receipt)) {
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

  /**
   * Who was made to leave without being asked, and has not heard of it, goes on in the epoch that
   * it left in, and what it confirms there is lost with it.
   */
  private boolean isOfGivenUp(Receipt receipt) {
    Set<Integer> confirming = new TreeSet<>();
    receipt.getAckedList().forEach(each -> confirming.add(nodeOf(each)));
    return receipt.getMode() == Mode.MODE_AP && confirmed.areGivenUp(confirming);
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

  /** The receipt was given for it, to an operation that began when so many disks were lost. */
  void confirmed(
      ConfirmedWrites.Kind kind, String what, Receipt receipt, List<Integer> lossesAtBegin) {
    if (receipt.getMode() == Mode.MODE_CP) {
      confirmed.confirmedByLog(kind, what);
      return;
    }
    Set<Integer> disks = new TreeSet<>();
    for (String replica : receipt.getAckedList()) {
      int node = nodeOf(replica);
      if (confirmed.losses(node) == lossesAtBegin.get(node)) {
        disks.add(node);
      }
    }
    confirmed.confirmedBy(kind, what, receipt.getVersion(), disks);
  }

  /**
   * A write of the value was confirmed, to whichever attempt and in whichever epoch. Its receipt
   * names a version that some disk has: a session keeps it, and a context is made of it.
   */
  void named(ByteString key, String value, Receipt receipt, List<Integer> lossesAtBegin) {
    if (!losses().equals(lossesAtBegin)) {
      return;
    }
    Set<io.capstan.proto.store.v1.Dot> stored = new HashSet<>();
    // What the log wrote is told by rows only on disks that have applied its entry.
    String version = receipt.getVersion();
    boolean isOfLog = receipt.getMode() == Mode.MODE_CP && version.indexOf(':') < 0;
    long entry = isOfLog ? Long.parseLong(version) : 0;
    for (int node = 0; node < nodes.size(); node++) {
      if (appliedIndex(node) < entry) {
        continue;
      }
      byte[] row = nodes.get(node).disk().rows(Table.data(keyspaceId)).get(key.toByteArray());
      if (row != null) {
        for (StoredSibling sibling : StoredRows.parse(row).getSiblingsList()) {
          if (sibling.getValue().toStringUtf8().equals(value)) {
            stored.add(sibling.getDot());
          }
        }
      }
    }
    if (!stored.isEmpty() && receipt.getSeenList().stream().noneMatch(stored::contains)) {
      throw new SimulationFailure(
          "the receipt of a write names what was written",
          "value " + value + " is stored as " + stored + ", and the receipt is " + receipt);
    }
  }

  /** How often each node has lost what it held. */
  List<Integer> losses() {
    List<Integer> losses = new ArrayList<>();
    for (int node = 0; node < nodes.size(); node++) {
      losses.add(confirmed.losses(node));
    }
    return losses;
  }

  /** Whether some node has lost what it held, or was given up. */
  boolean anyDiskLost() {
    return losses().stream().anyMatch(lost -> lost > 0);
  }

  /** Its disk is lost, or it is made to leave without being asked for what it alone holds. */
  void givesUp(int node) {
    confirmed.givesUp(node);
  }

  long keyspaceId() {
    return keyspaceId;
  }

  /** A node has left that was asked for what it holds. */
  void left(int node, Heirs heirs) {
    confirmed.left(node, heirs);
  }

  /** A node is about to begin with an empty disk. */
  void startsAnew(int node) {
    confirmed.startsAnew(node);
  }

  /** Writes that only disks confirmed which are lost since. */
  int lostWithDisks() {
    return confirmed.lost();
  }

  /** Whether somebody was told that the value is written, and it must be there. */
  boolean isConfirmed(String value) {
    return confirmed.isConfirmed(ConfirmedWrites.Kind.VALUE, value);
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

  /** An addition may have been made. */
  void uncertainAddition() {
    uncertainAdditions++;
  }

  // ---- what is on the disks ----

  private long appliedIndex(int node) {
    byte[] row = nodes.get(node).disk().rows(Table.META).get(STATE_KEY);
    try {
      return row == null ? 0 : GroupState.parseFrom(row).getAppliedIndex();
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
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

  boolean isAllAt(Mode mode, List<SimulatedNode> members) {
    for (SimulatedNode member : members) {
      KeyspaceRecord record = stored(nodes.indexOf(member));
      if (record == null || record.getMode() != mode || record.hasSwitch()) {
        return false;
      }
    }
    return true;
  }

  /** Whether the live siblings of every key are the same on all these nodes. */
  boolean isEqual(List<SimulatedNode> members) {
    Map<ByteString, List<StoredSibling>> first = live(nodes.indexOf(members.get(0)));
    for (SimulatedNode member : members) {
      if (!first.equals(live(nodes.indexOf(member)))) {
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

  /** Everything confirmed so far is on the node, which is the first to open an epoch. */
  private void opened(int node) {
    checkConfirmed(live(node));
    confirmed.opened();
  }

  private void checkConfirmed(Map<ByteString, List<StoredSibling>> rows) {
    for (String value : confirmed.missing(ConfirmedWrites.Kind.VALUE, v -> isThere(rows, v))) {
      throw new SimulationFailure(
          LOST,
          "value "
              + value
              + " was confirmed and is gone; its key holds "
              + rows.get(ByteString.copyFromUtf8("e" + value)));
    }
    Set<String> present = new TreeSet<>();
    List<StoredSibling> set = rows.get(ByteString.copyFromUtf8("s"));
    if (set != null) {
      Sets.elements(row(set)).forEach(element -> present.add(element.toStringUtf8()));
    }
    for (String element : confirmed.missing(ConfirmedWrites.Kind.ELEMENT, present::contains)) {
      throw new SimulationFailure(LOST, "element " + element + " was added and is gone");
    }
    long sum = sum(rows);
    int additions = confirmed.count(ConfirmedWrites.Kind.ADDITION);
    if (sum < additions) {
      throw new SimulationFailure(
          LOST, "the counter is " + sum + ", " + additions + " additions were confirmed");
    }
  }

  private static boolean isThere(Map<ByteString, List<StoredSibling>> rows, String value) {
    List<StoredSibling> found = rows.get(ByteString.copyFromUtf8("e" + value));
    return found != null && found.stream().anyMatch(s -> s.getValue().toStringUtf8().equals(value));
  }

  private static long sum(Map<ByteString, List<StoredSibling>> rows) {
    List<StoredSibling> counter = rows.get(ByteString.copyFromUtf8("c"));
    return counter == null ? 0 : Counters.sum(row(counter));
  }

  /** All clients have ended and all members hold the same as this one. */
  void checkNothingLost(SimulatedNode member) {
    Map<ByteString, List<StoredSibling>> rows = live(nodes.indexOf(member));
    checkConfirmed(rows);
    long sum = sum(rows);
    int additions = confirmed.count(ConfirmedWrites.Kind.ADDITION);
    long uncertain = uncertainAdditions + confirmed.lost(ConfirmedWrites.Kind.ADDITION);
    if (sum > additions + uncertain) {
      throw new SimulationFailure(
          "an addition counts once, whatever changes in between",
          "the counter is "
              + sum
              + "; "
              + additions
              + " additions were confirmed, "
              + uncertain
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
