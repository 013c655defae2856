package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.peer.v1.QuorumMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Hinted handoff: what this node wrote and a peer has not confirmed is noted, and handed to the
 * peer when it is back (DeCandia et al.: Dynamo, 2007, section 4.6).
 *
 * <p>A hint is the dot and the key, never a value: what is handed over is the key as it is merged
 * by then, and it goes through the merge of any other replication. So a hint that comes late says
 * nothing that is no longer true, and cannot bring a deleted value back. It goes when the peer has
 * acknowledged the key or shows a clock that contains the dot; never by time.
 *
 * <p>Hints never count for a level. They are bounded in bytes for each peer; beyond that all of the
 * peer's hints go and it is marked as in need of anti-entropy, which finds the same dots by
 * comparing clocks. The mark stays until the peer's clock shows that it has everything.
 *
 * <p>Durable: rows are written with the batch of their write, so a restart forgets none.
 */
final class Hints {

  /** What a row costs beside its key. */
  static final long ROW_BYTES = 32;

  /** Keys that are on their way to one peer at once. */
  static final int KEYS_IN_FLIGHT_MAX = 64;

  /** A batch ends after so many bytes, but has at least one key. */
  private static final long BATCH_MAX_BYTES = 1 << 20;

  /** Rows that one step looks at. */
  private static final int ROWS_VISITED_MAX = 4_096;

  private static final class Peer {
    long rows;
    long sizeBytes;
    boolean overflowed;
    // The newest write that no row was made for, while overflowed.
    long unnotedCounter;
    // By request id: the counters that an acknowledgement settles.
    final Map<Long, List<Long>> inFlight = new LinkedHashMap<>();
    // When what was not acknowledged is handed over again; null before the first time.
    @Nullable Long dueNanos;
  }

  private final QuorumConfig config;
  private final HintTable table;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final PeerReachability reachability;
  private final PendingCalls pending;
  private final StepTime time;
  private final Map<String, Peer> peers = new LinkedHashMap<>();
  // Over all peers: whether anything waits is asked after every input.
  private long rows;
  // Rows found at the start that are for nobody; deleted by the first tick.
  private final List<Runnable> strangers = new ArrayList<>();

  Hints(
      QuorumConfig config,
      HintTable table,
      ReplicaState state,
      KeyspaceWire wire,
      PeerReachability reachability,
      PendingCalls pending,
      StepTime time) {
    this.config = config;
    this.table = table;
    this.state = state;
    this.wire = wire;
    this.reachability = reachability;
    this.pending = pending;
    this.time = time;
    for (String name : reachability.all()) {
      peers.put(name, new Peer());
    }
    takeUp();
  }

  /** The replicas are others now: hints for one that has left go. */
  void replicasChanged(List<String> names) {
    for (String gone : List.copyOf(peers.keySet())) {
      if (!names.contains(gone)) {
        rows -= of(gone).rows;
        peers.remove(gone);
        List<Long> counters = new ArrayList<>();
        table.scan(gone, 0, (n, counter, key) -> counters.add(counter));
        counters.forEach(counter -> table.delete(gone, counter));
      }
    }
    for (String name : names) {
      peers.computeIfAbsent(name, n -> new Peer());
    }
  }

  private void takeUp() {
    table.scan(
        (name, counter, key) -> {
          Peer peer = peers.get(name);
          if (peer == null) {
            // A replica that belongs to the keyspace no more.
            strangers.add(() -> table.delete(name, counter));
          } else if (counter == 0) {
            peer.overflowed = true;
            peer.unnotedCounter = state.ownCounter();
          } else {
            peer.rows++;
            rows++;
            peer.sizeBytes += ROW_BYTES + key.size();
          }
          return true;
        });
  }

  /**
   * Notes that the peer has yet to confirm the write.
   *
   * @return whether a hint is kept; durable with the write itself
   */
  boolean keep(String name, Dot dot, ByteString key) {
    Peer peer = of(name);
    if (!dot.actor().equals(state.self())) {
      // A retry that found what another coordinator wrote, which is that one's to hand over.
      return false;
    }
    if (!peer.overflowed
        && peer.sizeBytes + ROW_BYTES + key.size() > config.limits().hintsMaxBytes()) {
      overflow(name, peer);
    }
    if (peer.overflowed) {
      peer.unnotedCounter = Math.max(peer.unnotedCounter, dot.counter());
      return false;
    }
    table.write(name, dot.counter(), key);
    peer.rows++;
    rows++;
    peer.sizeBytes += ROW_BYTES + key.size();
    return true;
  }

  private void overflow(String name, Peer peer) {
    List<Long> counters = new ArrayList<>();
    table.scan(name, 1, (n, counter, key) -> counters.add(counter));
    counters.forEach(counter -> table.delete(name, counter));
    table.write(name, 0, ByteString.EMPTY);
    peer.overflowed = true;
    peer.unnotedCounter = state.ownCounter();
    rows -= peer.rows;
    peer.rows = 0;
    peer.sizeBytes = 0;
    peer.inFlight.clear();
  }

  /** The peer has something on disk that was handed to it. */
  void onAck(String from, long requestId) {
    Peer peer = of(from);
    List<Long> settled = peer.inFlight.remove(requestId);
    if (settled == null) {
      return;
    }
    for (long counter : settled) {
      remove(from, peer, counter);
    }
    if (peer.inFlight.isEmpty()) {
      handOver(from);
    }
  }

  private void remove(String name, Peer peer, long counter) {
    long[] sizeBytes = {-1};
    table.scan(
        name,
        counter,
        (n, found, key) -> {
          sizeBytes[0] = found == counter ? ROW_BYTES + key.size() : -1;
          return false;
        });
    if (sizeBytes[0] >= 0) {
      table.delete(name, counter);
      peer.rows--;
      rows--;
      peer.sizeBytes -= sizeBytes[0];
    }
  }

  /** What the peer has seen needs no hint any more. */
  void onClock(String from, NodeClock clock) {
    Peer peer = of(from);
    if (peer.overflowed && clock.baseOf(state.self()) >= peer.unnotedCounter) {
      peer.overflowed = false;
      table.delete(from, 0);
    }
    if (peer.rows == 0) {
      return;
    }
    List<Long> seen = new ArrayList<>();
    int[] compared = new int[1];
    table.scan(
        from,
        1,
        (name, counter, key) -> {
          if (clock.contains(new Dot(state.self(), counter))) {
            seen.add(counter);
          }
          return ++compared[0] < ROWS_VISITED_MAX;
        });
    seen.forEach(counter -> remove(from, peer, counter));
    handOver(from);
  }

  /** Hands the next keys to the peer, unless some are on their way or it cannot be counted on. */
  void handOver(String name) {
    Peer peer = of(name);
    if (peer.rows == 0
        || !peer.inFlight.isEmpty()
        || !reachability.isReachable(name, time.nowNanos())) {
      return;
    }
    Map<ByteString, List<Long>> batch = new LinkedHashMap<>();
    int[] visited = new int[1];
    table.scan(
        name,
        1,
        (n, counter, key) -> {
          if (batch.size() == KEYS_IN_FLIGHT_MAX && !batch.containsKey(key)) {
            return false;
          }
          batch.computeIfAbsent(key, k -> new ArrayList<>()).add(counter);
          return ++visited[0] < ROWS_VISITED_MAX;
        });
    long sizeBytes = 0;
    for (Map.Entry<ByteString, List<Long>> each : batch.entrySet()) {
      if (sizeBytes > BATCH_MAX_BYTES) {
        break;
      }
      DottedVersionVectorSet held = state.read(each.getKey());
      long requestId = pending.nextRequestId();
      QuorumMessage message = wire.replicate(requestId, each.getKey(), held.toProto());
      sizeBytes += message.getSerializedSize();
      peer.inFlight.put(requestId, each.getValue());
      wire.whenDurable(() -> wire.send(name, message));
    }
    peer.dueNanos = time.nowNanos() + retryNanos();
  }

  /** Hands over again what was not acknowledged. */
  void tick() {
    strangers.forEach(Runnable::run);
    strangers.clear();
    if (rows == 0) {
      return;
    }
    for (Map.Entry<String, Peer> each : peers.entrySet()) {
      Peer peer = each.getValue();
      Long dueNanos = peer.dueNanos;
      if (peer.rows > 0 && (dueNanos == null || dueNanos - time.nowNanos() <= 0)) {
        peer.inFlight.clear();
        peer.dueNanos = time.nowNanos() + retryNanos();
        handOver(each.getKey());
      }
    }
  }

  /** When {@link #tick} has something to do; empty where nothing waits for a peer in reach. */
  OptionalLong nextTickNanos() {
    OptionalLong next = OptionalLong.empty();
    if (rows == 0) {
      return next;
    }
    for (Map.Entry<String, Peer> each : peers.entrySet()) {
      Peer peer = each.getValue();
      if (peer.rows > 0 && reachability.isReachable(each.getKey(), time.nowNanos())) {
        long dueNanos = peer.dueNanos == null ? time.nowNanos() : peer.dueNanos;
        if (next.isEmpty() || dueNanos - next.getAsLong() < 0) {
          next = OptionalLong.of(dueNanos);
        }
      }
    }
    return next;
  }

  private long retryNanos() {
    return config.resendAfterMillis() * 1_000_000;
  }

  /** Hints kept, over all peers. */
  long waiting() {
    return rows;
  }

  /** Hints kept for peers that can be reached, who are to have them before a change of sides. */
  long waitingInReach() {
    long inReach = 0;
    for (Map.Entry<String, Peer> each : peers.entrySet()) {
      if (reachability.isReachable(each.getKey(), time.nowNanos())) {
        inReach += each.getValue().rows;
      }
    }
    return inReach;
  }

  /** Peers whose hints overflowed: anti-entropy has yet to show that they have everything. */
  List<String> needingAntiEntropy() {
    List<String> names = new ArrayList<>();
    peers.forEach(
        (name, peer) -> {
          if (peer.overflowed) {
            names.add(name);
          }
        });
    return names;
  }

  private Peer of(String name) {
    Peer peer = peers.get(name);
    if (peer == null) {
      throw new IllegalArgumentException(name + " is no peer; peers are " + peers.keySet());
    }
    return peer;
  }
}
