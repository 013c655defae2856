package io.capstan.chaos.sim;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.capstan.node.storage.Table;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.SwitchMessage;
import io.capstan.proto.peer.v1.SwitchReport;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.RebuildingRecord;
import io.capstan.proto.store.v1.Seal;
import io.capstan.proto.store.v1.SwitchHistory;
import io.capstan.proto.store.v1.SwitchPhase;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The promises of a change of sides, each checked when it is given: what a replica reports is on
 * its disk, nobody confirms in an epoch that its disk does not name, a seal of a replica that may
 * have lost something does not count, an opening is held by a majority and has every confirmed
 * write. And what of changes of sides a run has gone through.
 */
final class SwitchInvariants {
  private static final byte[] CLOCK_ROW = "clock".getBytes(US_ASCII);
  private static final byte[] INSTALLED_ROW = "installed".getBytes(US_ASCII);
  private static final byte[] REBUILDING_ROW = "rebuilding".getBytes(US_ASCII);

  /** A process that dies so soon after a phase began has died at its beginning. */
  private static final long BEGINNING_NANOS = 20_000_000L;

  private final long keyspaceId;
  private final byte[] recordRow;
  private final List<SimulatedNode> nodes;
  private final EventQueue events;
  private final Coverage coverage;
  private final IntConsumer opened;
  private final Map<Long, Mode> modeOfEpoch = new TreeMap<>();
  private final Map<Long, List<String>> replicasOf = new TreeMap<>();
  private final TreeSet<Long> converging = new TreeSet<>();
  private final TreeSet<Long> ended = new TreeSet<>();
  private final @Nullable KeyspaceRecord[] records;
  private final long[] beganNanos;
  private final Coverage.@Nullable Counter[] dyingNow;
  private final byte[] @Nullable [] durableRow;
  private final KeyspaceRecord[] durable;
  // What was durable when the node's present turn began, and when the one before did.
  private final long[] actingEpoch;
  private final long[] epochBefore;
  private long newestEpoch = 1;
  private int cuts;
  private int asked;

  /**
   * @param opened is told of the first node that opens an epoch which an earlier one led to
   */
  SwitchInvariants(
      long keyspaceId,
      List<SimulatedNode> nodes,
      EventQueue events,
      Coverage coverage,
      IntConsumer opened) {
    this.keyspaceId = keyspaceId;
    this.recordRow = ByteBuffer.allocate(9).put((byte) 'k').putLong(keyspaceId).array();
    this.nodes = nodes;
    this.events = events;
    this.coverage = coverage;
    this.opened = opened;
    this.records = new KeyspaceRecord[nodes.size()];
    this.beganNanos = new long[nodes.size()];
    this.dyingNow = new Coverage.Counter[nodes.size()];
    this.durableRow = new byte[nodes.size()] @Nullable [];
    this.durable = new KeyspaceRecord[nodes.size()];
    Arrays.fill(durable, KeyspaceRecord.getDefaultInstance());
    this.actingEpoch = new long[nodes.size()];
    this.epochBefore = new long[nodes.size()];
  }

  // ---- catalogues ----

  /** Somebody says that an epoch is of that mode. */
  void isOfMode(long epoch, Mode mode) {
    Mode known = modeOfEpoch.putIfAbsent(epoch, mode);
    if (known != null && known != mode) {
      throw new SimulationFailure(
          "an epoch has one mode", "epoch " + epoch + " is " + known + " and " + mode);
    }
  }

  /** The mode of an epoch; null where nobody has come to it. */
  @Nullable Mode modeOf(long epoch) {
    return modeOfEpoch.get(epoch);
  }

  /** The process starts, from a disk that may be older than what it last wrote. */
  void started(int node) {
    records[node] = null;
    actingEpoch[node] = durableRecord(node).getEpoch();
    epochBefore[node] = actingEpoch[node];
  }

  /** A turn of the node has ended, and what waited for the disk until then leaves. */
  void turned(int node) {
    KeyspaceRecord written = records[node];
    boolean settled = written == null || written.getEpoch() == actingEpoch[node];
    if (!settled || epochBefore[node] != actingEpoch[node]) {
      epochBefore[node] = actingEpoch[node];
      actingEpoch[node] = durableRecord(node).getEpoch();
    }
  }

  /** A row was written; returns whether the keyspace came to another phase there. */
  boolean changed(int node, Table table, byte[] key, byte @Nullable [] after) {
    if (after == null) {
      return false;
    }
    if (table.keyspaceId() == keyspaceId
        && table.kind() == Table.Kind.CLOCK
        && Arrays.equals(key, INSTALLED_ROW)
        && ByteBuffer.wrap(after).getLong() != 0) {
      coverage.count(Coverage.Counter.CHECKPOINTS_INSTALLED);
    }
    if (!table.equals(Table.META) || !Arrays.equals(key, recordRow)) {
      return false;
    }
    KeyspaceRecord record = parse(KeyspaceRecord.parser(), after);
    KeyspaceRecord before = records[node];
    records[node] = record;
    if (before != null && record.getEpoch() < before.getEpoch()) {
      throw new SimulationFailure(
          "the epoch of a node only rises",
          nodes.get(node).id() + " fell from " + before.getEpoch() + " to " + record.getEpoch());
    }
    // A node that lags may be the only one to stop at an epoch that the others went through at
    // once.
    boolean firstOfEpoch = record.getEpoch() > newestEpoch;
    newestEpoch = Math.max(newestEpoch, record.getEpoch());
    isOfMode(record.getEpoch(), record.getMode());
    began(record);
    if (firstOfEpoch && record.getHistoryCount() > 0) {
      ended(node, record);
    }
    boolean anew =
        before == null
            || before.getEpoch() != record.getEpoch()
            || before.getSwitch().getPhase() != record.getSwitch().getPhase();
    if (anew) {
      beganNanos[node] = events.nowNanos();
      dyingNow[node] = counterOfDeath(record);
    }
    return anew;
  }

  private void began(KeyspaceRecord record) {
    boolean first =
        record.hasSwitch()
            && replicasOf.putIfAbsent(
                    record.getSwitch().getId(), List.copyOf(record.getSwitch().getReplicasList()))
                == null;
    if (first && cuts > 0) {
      coverage.count(Coverage.Counter.SWITCHES_CUT_BEFORE);
    }
    if (record.getSwitch().getPhase() == SwitchPhase.SWITCH_PHASE_CONVERGE
        && converging.add(record.getSwitch().getId())) {
      for (Seal seal : record.getSwitch().getSealsList()) {
        checkSeal(seal);
      }
    }
    for (SwitchHistory past : record.getHistoryList()) {
      if (!past.getAborted().isEmpty() && ended.add(past.getId())) {
        coverage.count(Coverage.Counter.SWITCHES_ABORTED);
        String phase = past.getPhases(past.getPhasesCount() - 1).getPhase();
        coverage.count(
            switch (phase) {
              case "prepare" -> Coverage.Counter.ABORTS_IN_PREPARE;
              case "seal" -> Coverage.Counter.ABORTS_IN_SEAL;
              default -> Coverage.Counter.ABORTS_IN_CONVERGE;
            });
      }
    }
  }

  /** The clock that was counted is on that replica's disk, and the replica may count. */
  private void checkSeal(Seal seal) {
    SimulatedNode replica = node(seal.getReplica());
    byte[] row = replica.disk().rows(Table.clock(keyspaceId)).get(REBUILDING_ROW);
    if (row != null && !parse(RebuildingRecord.parser(), row).getComplete()) {
      throw new SimulationFailure(
          "only the seal of a replica that has all it confirmed counts",
          replica.id() + " was counted while it takes over what it may have lost");
    }
    if (!durableClock(replica).containsAll(NodeClock.fromProto(seal.getClock()))) {
      throw new SimulationFailure(
          "a seal is durable before anybody is told",
          replica.id() + " was counted with a clock that its disk does not have");
    }
  }

  private void ended(int node, KeyspaceRecord record) {
    SwitchHistory last = record.getHistory(record.getHistoryCount() - 1);
    if (!last.getAborted().isEmpty()) {
      return;
    }
    coverage.count(
        record.getMode() == Mode.MODE_CP
            ? Coverage.Counter.SWITCHES_TO_CP
            : Coverage.Counter.SWITCHES_TO_AP);
    if (record.getMode() == Mode.MODE_CP) {
      checkHeldByMajority(record);
    }
    opened.accept(node);
  }

  private static Coverage.@Nullable Counter counterOfDeath(KeyspaceRecord record) {
    if (record.hasSwitch()) {
      return switch (record.getSwitch().getPhase()) {
        case SWITCH_PHASE_PREPARE -> Coverage.Counter.CRASHES_AT_PREPARE;
        case SWITCH_PHASE_SEAL -> Coverage.Counter.CRASHES_AT_SEAL;
        default -> Coverage.Counter.CRASHES_AT_CONVERGE;
      };
    }
    if (record.getHistoryCount() == 0) {
      return null;
    }
    if (!record.getHistory(record.getHistoryCount() - 1).getAborted().isEmpty()) {
      return Coverage.Counter.CRASHES_AT_ABORT;
    }
    return record.getMode() == Mode.MODE_CP
        ? Coverage.Counter.CRASHES_AT_OPEN
        : Coverage.Counter.CRASHES_AT_BARRIER;
  }

  /** The first node opens a CP epoch: disks of more than half of its replicas hold the join. */
  private void checkHeldByMajority(KeyspaceRecord record) {
    NodeClock join = NodeClock.fromProto(record.getBaseClock());
    long id = record.getHistory(record.getHistoryCount() - 1).getId();
    List<String> replicas = Objects.requireNonNull(replicasOf.get(id));
    int holding = 0;
    for (String each : replicas) {
      holding += durableClock(node(each)).containsAll(join) ? 1 : 0;
    }
    if (holding <= replicas.size() / 2) {
      throw new SimulationFailure(
          "an opening is held by a majority",
          "epoch "
              + record.getEpoch()
              + " opened while "
              + holding
              + " of "
              + replicas
              + " held what it opens with");
    }
  }

  // ---- messages ----

  /** A message leaves a node. */
  void sent(int from, PeerMessage message) {
    if (message.hasQuorum()) {
      QuorumMessage quorum = message.getQuorum();
      if (quorum.hasReplicateAck() && quorum.getKeyspaceId() == keyspaceId) {
        checkEpoch(from, quorum.getEpoch(), "confirms to a replica");
      }
    } else if (message.hasSwitch() && message.getSwitch().getKeyspaceId() == keyspaceId) {
      if (message.getSwitch().hasReport()) {
        checkReport(from, message.getSwitch());
      }
    }
  }

  /**
   * An epoch is on the disk of a node before the node confirms anything in it. One sync may have
   * made the next one durable as well: then what had waited for it leaves in this turn, and nothing
   * of that epoch after.
   */
  void checkEpoch(int node, long epoch, String what) {
    KeyspaceRecord record = durableRecord(node);
    if (epoch < epochBefore[node] || epoch > record.getEpoch()) {
      throw new SimulationFailure(
          "an epoch is durable before anything is confirmed in it, and over after it",
          nodes.get(node).id()
              + " "
              + what
              + " in epoch "
              + epoch
              + ", its disk says "
              + record.getEpoch());
    }
  }

  private void checkReport(int from, SwitchMessage message) {
    SwitchReport report = message.getReport();
    if (report.getRebuilding()) {
      coverage.count(Coverage.Counter.REBUILDING_REPORTS);
    }
    // What leaves now was durable by some write before; a later one may be, too.
    KeyspaceRecord record = durableRecord(from);
    boolean passed =
        record.getHistoryList().stream().anyMatch(past -> past.getId() == message.getSwitchId());
    if (passed || report.getOpened()) {
      return;
    }
    boolean there =
        record.getSwitch().getId() == message.getSwitchId()
            && record.getSwitch().getPhaseValue() >= report.getPhaseValue();
    NodeClock held = durableClock(nodes.get(from));
    if (report.getPhase() == SwitchPhase.SWITCH_PHASE_SEAL
        && !(there && held.containsAll(NodeClock.fromProto(report.getClock())))) {
      throw new SimulationFailure(
          "a seal is durable before anybody is told",
          nodes.get(from).id() + " reports one that its disk does not have");
    }
    if (report.getConverged()
        && !(there && held.containsAll(NodeClock.fromProto(record.getSwitch().getClock())))) {
      throw new SimulationFailure(
          "what a replica says to hold is on its disk",
          nodes.get(from).id() + " reports to hold what its disk does not have");
    }
  }

  // ---- what it went through ----

  /** A process has died. */
  void died(int node) {
    Coverage.Counter counter = dyingNow[node];
    if (counter != null && events.nowNanos() - beganNanos[node] <= BEGINNING_NANOS) {
      coverage.count(counter);
    }
    dyingNow[node] = null;
  }

  /** Links are cut, or healed. */
  void cut(boolean begins) {
    cuts += begins ? 1 : -1;
    if (!begins) {
      return;
    }
    for (KeyspaceRecord record : records) {
      if (record != null && record.hasSwitch()) {
        coverage.count(Coverage.Counter.SWITCHES_CUT_DURING);
        return;
      }
    }
    for (KeyspaceRecord record : records) {
      if (record != null && record.hasCheckpoint()) {
        coverage.count(Coverage.Counter.SWITCHES_CUT_AFTER);
        return;
      }
    }
  }

  /** Somebody asks for a change of sides, or has an answer. */
  void asking(boolean begins) {
    asked += begins ? 1 : -1;
    if (begins && asked > 1) {
      coverage.count(Coverage.Counter.SWITCHES_ASKED_AT_ONCE);
    }
  }

  // ---- disks ----

  private SimulatedNode node(String id) {
    return nodes.stream().filter(node -> node.id().equals(id)).findFirst().orElseThrow();
  }

  private KeyspaceRecord durableRecord(int node) {
    byte[] row = nodes.get(node).disk().durableRow(Table.META, recordRow);
    if (row != null && row != durableRow[node]) {
      durableRow[node] = row;
      durable[node] = parse(KeyspaceRecord.parser(), row);
    }
    return row == null ? KeyspaceRecord.getDefaultInstance() : durable[node];
  }

  private NodeClock durableClock(SimulatedNode node) {
    byte[] row = node.disk().durableRow(Table.clock(keyspaceId), CLOCK_ROW);
    return NodeClock.fromProto(
        row == null
            ? io.capstan.proto.store.v1.NodeClock.getDefaultInstance()
            : parse(io.capstan.proto.store.v1.NodeClock.parser(), row));
  }

  private static <T extends Message> T parse(Parser<T> parser, byte[] row) {
    try {
      return parser.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }
}
