package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.proto.peer.v1.ClockExchange;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.peer.v1.MissingDots;
import io.capstan.proto.peer.v1.QuorumMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes replicas converge without anybody reading (Goncalves, Almeida, Baquero, Fonte: DottedDB,
 * 2017, section IV).
 *
 * <p>Each replica sends its clock to each peer from time to time. The peer subtracts it from its
 * own, finds the keys of the dots in between through its dot log, and sends these keys whole, with
 * the dots that they account for. Superseded dots are among them: the key covers them although no
 * sibling carries them, and only so does the clock of the other side become whole. The cost follows
 * the difference, not the size of the keyspace. A dot that every replica is known to have may have
 * left the dot log: whoever lacks it all the same has lost its disk, and takes the keyspace over as
 * a whole ({@link Takeover}).
 */
final class AntiEntropy {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final QuorumConfig config;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final PeerReachability peers;
  private final StepTime time;
  private final Stability stability;
  private final Takeover takeover;
  private final Freshness freshness;
  private final RandomGenerator random;
  private final PeerReports reports;
  private final Rebuilding rebuilding;
  private final UnderWay underWay;
  private final Replicas replicas;
  private final YoungDots young;
  private final Map<String, Long> nextExchangeNanos = new LinkedHashMap<>();
  // The first of these, once it was asked for since they changed: asked after every input.
  private long earliestNanos;
  private boolean earliestKnown;
  // Looked up only: what each peer sent last, and what it means; not to be changed.
  private final Map<String, LastClock> lastClocks = new HashMap<>();

  private record LastClock(io.capstan.proto.store.v1.NodeClock sent, NodeClock decoded) {}

  AntiEntropy(
      QuorumConfig config,
      ReplicaState state,
      KeyspaceWire wire,
      PeerReachability peers,
      StepTime time,
      Stability stability,
      Takeover takeover,
      Freshness freshness,
      PeerReports reports,
      Rebuilding rebuilding,
      UnderWay underWay,
      Replicas replicas,
      RandomGenerator random) {
    this.config = config;
    this.state = state;
    this.wire = wire;
    this.peers = peers;
    this.time = time;
    this.stability = stability;
    this.takeover = takeover;
    this.freshness = freshness;
    this.reports = reports;
    this.rebuilding = rebuilding;
    this.underWay = underWay;
    this.replicas = replicas;
    this.young = new YoungDots(state.clock(), time, config.resendAfterMillis() * NANOS_PER_MILLI);
    this.random = random;
  }

  /** The replicas are others now: everybody is told of it with the clock. */
  void replicasChanged() {
    nextExchangeNanos.keySet().retainAll(peers.all());
    earliestKnown = false;
    lastClocks.keySet().retainAll(peers.all());
    underWay.replicasChanged(peers.all());
    peers.all().forEach(this::sendClock);
  }

  /** Sends the clock to those whose turn it is; the first turns are spread over one interval. */
  void tick() {
    freshness.tick();
    young.tick();
    long intervalNanos = config.antiEntropyIntervalMillis() * NANOS_PER_MILLI;
    long nowNanos = time.nowNanos();
    if (earliestKnown && earliestNanos - nowNanos > 0) {
      return;
    }
    for (String peer : peers.all()) {
      Long dueNanos = nextExchangeNanos.get(peer);
      if (dueNanos == null) {
        nextExchangeNanos.put(peer, nowNanos + random.nextLong(intervalNanos));
        earliestKnown = false;
      } else if (dueNanos - nowNanos <= 0) {
        nextExchangeNanos.put(peer, nowNanos + intervalNanos);
        earliestKnown = false;
        sendClock(peer);
      }
    }
  }

  /** The next turn, or now where the first turns are yet to be drawn; empty without peers. */
  OptionalLong nextTickNanos() {
    if (peers.all().isEmpty()) {
      return OptionalLong.empty();
    }
    if (nextExchangeNanos.size() < peers.all().size()) {
      return OptionalLong.of(time.nowNanos());
    }
    if (!earliestKnown) {
      long earliestAheadNanos = Long.MAX_VALUE;
      for (long dueNanos : nextExchangeNanos.values()) {
        earliestAheadNanos = Math.min(earliestAheadNanos, dueNanos - time.nowNanos());
      }
      earliestNanos = time.nowNanos() + earliestAheadNanos;
      earliestKnown = true;
    }
    return OptionalLong.of(earliestNanos);
  }

  /** Sends the clock to every peer now. */
  void sendClocks() {
    peers.all().forEach(this::sendClock);
  }

  /** Sends the clock as it is now, once all that it says is on disk. */
  void sendClock(String peer) {
    ClockExchange.Builder exchange =
        ClockExchange.newBuilder()
            .setClock(state.clock().toProto())
            .setWallMillis(time.wallMillis())
            .setSequence(freshness.nextSequence(peer))
            .setEcho(freshness.echo(peer))
            .setRebuilding(rebuilding.isRebuilding())
            .addAllRebuildsFrom(rebuilding.waitsFor())
            .setActorIncarnation(state.self().incarnation());
    RowHash root = state.root();
    if (root != null) {
      exchange.setRoot(root.toBytes());
    }
    QuorumMessage message = wire.message().setClockExchange(exchange).build();
    wire.whenDurable(() -> wire.send(peer, message));
  }

  /** The clock that was last received from a peer, decoded. */
  NodeClock onClock(String from, ClockExchange exchange, long configurationIndex) {
    NodeClock theirs = decoded(from, exchange.getClock());
    state.refuseOwnFuture(theirs, from);
    reports.heard(
        from,
        new PeerReports.Report(
            configurationIndex,
            theirs,
            exchange.getRebuilding(),
            List.copyOf(exchange.getRebuildsFromList()),
            exchange.getActorIncarnation()));
    stability.heard(from, theirs, configurationIndex);
    freshness.received(from, exchange.getSequence(), exchange.getEcho(), theirs);
    audit(from, theirs, exchange.getRoot());
    answer(from, theirs);
    return theirs;
  }

  /** Between writes a peer sends the same clock again and again. */
  private NodeClock decoded(String from, io.capstan.proto.store.v1.NodeClock sent) {
    LastClock last = lastClocks.get(from);
    if (last == null || !last.sent().equals(sent)) {
      last = new LastClock(sent, KeyspaceWire.received(sent));
      lastClocks.put(from, last);
    }
    return last.decoded();
  }

  /**
   * Sends what the peer lacks and is not on the way to it, from here or from a coordinator. Sealed,
   * everything that it lacks: what was sent to it before it came to this step of the change of
   * sides, it did not take in.
   */
  private void answer(String peer, NodeClock theirs) {
    NodeClock seen = state.isFrozen() ? theirs : underWay.seenSoon(peer, theirs);
    MissingDots missing = missingIn(seen);
    if (missing.getDotsCount() > 0 || missing.hasUnlogged()) {
      QuorumMessage message = wire.message().setMissingDots(missing).build();
      wire.whenDurable(() -> wire.send(peer, message));
      underWay.sent(peer, seen, missing.getDotsList().stream().map(AntiEntropy::dot).toList());
    }
  }

  /** Whoever has seen the same holds the same rows, or something is wrong that no clock tells. */
  private void audit(String from, NodeClock theirs, ByteString sent) {
    RowHash own = state.root();
    if (own == null
        || sent.isEmpty()
        || !state.clock().containsAll(theirs)
        || !theirs.containsAll(state.clock())) {
      return;
    }
    try {
      state.audit().compare(from, RowHash.fromBytes(sent));
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("a root that a peer sent: " + e.getMessage(), e);
    }
  }

  private MissingDots missingIn(NodeClock theirs) {
    MissingDots.Builder answer = MissingDots.newBuilder();
    // Looked up only; the order is that of the rows.
    Map<ByteString, Integer> rowOfKey = new HashMap<>();
    long[] sizeBytes = new long[1];
    state
        .clock()
        .visitMissingIn(
            theirs,
            state.self(),
            (actor, counter) -> collect(answer, rowOfKey, sizeBytes, actor, counter));
    return answer.build();
  }

  /** Changes of sides and of members wait for what others lack: then nothing is. */
  private boolean isLeftToItsCoordinator(Actor actor, long counter) {
    return !state.isFrozen() && !replicas.now().isJoint() && young.contains(actor, counter);
  }

  private boolean collect(
      MissingDots.Builder answer,
      Map<ByteString, Integer> rowOfKey,
      long[] sizeBytes,
      Actor actor,
      long counter) {
    if (isLeftToItsCoordinator(actor, counter)) {
      return true;
    }
    QuorumConfig.Limits limits = config.limits();
    if (answer.getDotsCount() == limits.missingDotsMax()) {
      answer.setMore(true);
      return false;
    }
    Dot dot = new Dot(actor, counter);
    ByteString key = state.keyOf(dot);
    if (key == null && state.isLost(dot)) {
      // Nobody has it. The other side will have applied the decision when it asks next.
      return true;
    }
    if (key == null) {
      // Every replica had it once, so its row of the dot log is gone: the other side lost its disk.
      answer.setUnlogged(dot.toProto());
      return false;
    }
    Integer row = rowOfKey.get(key);
    if (row == null) {
      if (sizeBytes[0] >= limits.missingRowsMaxBytes()) {
        answer.setMore(true);
        return false;
      }
      KeyedValue keyed =
          KeyedValue.newBuilder().setKey(key).setValue(state.read(key).toProto()).build();
      sizeBytes[0] += keyed.getSerializedSize();
      row = answer.getRowsCount();
      rowOfKey.put(key, row);
      answer.addRows(keyed);
    }
    answer.addDots(dot.toProto()).addDotRows(row);
    return true;
  }

  void onMissing(String from, MissingDots missing) {
    int rows = missing.getRowsCount();
    List<DottedVersionVectorSet> received = new ArrayList<>(rows);
    for (KeyedValue row : missing.getRowsList()) {
      received.add(KeyspaceWire.received(row.getValue()));
    }
    long before = state.dotsTakenUp();
    List<DottedVersionVectorSet> stored = new ArrayList<>(rows);
    for (int i = 0; i < rows; i++) {
      stored.add(state.absorb(missing.getRows(i).getKey(), received.get(i)));
    }
    for (int i = 0; i < missing.getDotsCount() && i < missing.getDotRowsCount(); i++) {
      int row = missing.getDotRows(i);
      if (row >= 0 && row < rows) {
        state.account(dot(missing.getDots(i)), missing.getRows(row).getKey(), stored.get(row));
      }
    }
    if (missing.hasUnlogged() && !state.clock().contains(dot(missing.getUnlogged()))) {
      takeover.begin(from);
    } else if (missing.getMore() && state.dotsTakenUp() > before) {
      // Without progress the next interval is soon enough: another peer may be sending the same.
      sendClock(from);
    }
  }

  private static Dot dot(io.capstan.proto.store.v1.Dot sent) {
    try {
      return Dot.fromProto(sent);
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("a dot that a peer sent: " + e.getMessage(), e);
    }
  }

  /**
   * How many dots this replica and one peer do not both have, at the peer where that is largest, by
   * the clocks that were last received; empty while none was.
   */
  OptionalLong divergence() {
    if (reports.isEmpty()) {
      return OptionalLong.empty();
    }
    long largest = 0;
    for (PeerReports.Report report : reports.all()) {
      NodeClock theirs = report.clock();
      long apart = state.clock().countMissingIn(theirs) + theirs.countMissingIn(state.clock());
      largest = Math.max(largest, apart);
    }
    return OptionalLong.of(largest);
  }

  /** How many dots the peer lacked by its last clock, as of now; empty where none came. */
  OptionalLong missingAt(String peer) {
    NodeClock theirs = seenOf(peer);
    return theirs == null
        ? OptionalLong.empty()
        : OptionalLong.of(state.clock().countMissingIn(theirs));
  }

  /** How many dots of the peer's last clock are missing here; empty where none came. */
  OptionalLong missingOf(String peer) {
    NodeClock theirs = seenOf(peer);
    return theirs == null
        ? OptionalLong.empty()
        : OptionalLong.of(theirs.countMissingIn(state.clock()));
  }

  /** The clock that the peer last sent, or null; not to be changed. */
  @Nullable NodeClock seenOf(String peer) {
    PeerReports.Report report = reports.of(peer);
    return report == null ? null : report.clock();
  }
}
