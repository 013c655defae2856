package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.TakeoverPage;
import io.capstan.proto.peer.v1.TakeoverRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Takes over all that another replica holds of the keyspace, key by key in order, where single dots
 * no longer say enough: after the loss of a disk, on a new member, or when the dot log was
 * collected meanwhile.
 *
 * <p>The clock that came with the first page is joined into the own one at the end, and only then.
 * This is sound although no snapshot is held at the sender: rows are read after that clock was, and
 * a row only ever moves forward. A key that the sender has no row for tells as much as one that it
 * has: whatever its clock contains of it is superseded. The same holds for late messages about keys
 * that were passed already, see {@link ReplicaState#absorb}.
 */
final class Takeover {
  /** A page that was asked for and did not come is asked for again. */
  private static final long RESEND_NANOS = 1_000_000_000L;

  private final QuorumConfig config;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final PeerReachability peers;
  private final StepTime time;
  private final Consumer<Finished> finished;
  private long lastId;
  private @Nullable Progress progress;

  /**
   * Everything was taken over that a replica held at one moment.
   *
   * @param rebuilding whether it had yet to take over what others hold
   * @param configurationIndex the configuration that it knew at that moment
   */
  record Finished(String peer, boolean rebuilding, long configurationIndex) {}

  private static final class Progress {
    private final long id;
    private final String peer;
    private ByteString from = ByteString.EMPTY;
    private @Nullable NodeClock clock;
    private long configurationIndex;
    private long askedNanos;

    Progress(long id, String peer) {
      this.id = id;
      this.peer = peer;
    }
  }

  /**
   * @param finished hears from whom everything was taken over
   */
  Takeover(
      QuorumConfig config,
      ReplicaState state,
      KeyspaceWire wire,
      PeerReachability peers,
      StepTime time,
      RandomGenerator random,
      Consumer<Finished> finished) {
    this.config = config;
    this.state = state;
    this.wire = wire;
    this.peers = peers;
    this.time = time;
    this.finished = finished;
    this.lastId = random.nextLong();
  }

  /** From whom the keyspace is being taken over, or null. */
  @Nullable String peer() {
    return progress == null ? null : progress.peer;
  }

  /** Begins, unless one is on its way already. */
  void begin(String peer) {
    if (progress == null) {
      progress = new Progress(++lastId, peer);
      ask(progress);
    }
  }

  private void ask(Progress asking) {
    asking.askedNanos = time.nowNanos();
    wire.send(
        asking.peer,
        wire.message()
            .setTakeoverRequest(
                TakeoverRequest.newBuilder().setTakeoverId(asking.id).setFrom(asking.from))
            .build());
  }

  /** The replicas are others now: nothing more comes from one that has left. */
  void replicasChanged() {
    if (progress != null && !peers.isPeer(progress.peer)) {
      giveUp();
    }
  }

  private void giveUp() {
    progress = null;
    state.passedBy(null, ByteString.EMPTY);
  }

  /** Asks again where no page came, and gives up on a peer that fell silent. */
  void tick() {
    Progress asking = progress;
    if (asking == null || time.nowNanos() - asking.askedNanos < RESEND_NANOS) {
      return;
    }
    if (peers.isReachable(asking.peer, time.nowNanos())) {
      ask(asking);
    } else {
      giveUp();
    }
  }

  /** When {@link #tick} has something to do; empty while nothing is taken over. */
  OptionalLong nextTickNanos() {
    return progress == null
        ? OptionalLong.empty()
        : OptionalLong.of(progress.askedNanos + RESEND_NANOS);
  }

  // ---- the side that gives ----

  void onRequest(String from, TakeoverRequest request, boolean rebuilding) {
    TakeoverPage.Builder page =
        TakeoverPage.newBuilder()
            .setTakeoverId(request.getTakeoverId())
            .setFrom(request.getFrom())
            .setClock(state.clock().toProto())
            .setRebuilding(rebuilding);
    long[] sizeBytes = new long[1];
    state.scan(
        ByteString.EMPTY,
        request.getFrom(),
        (key, stored) -> {
          if (page.getRowsCount() == config.limits().takeoverRowsMax()
              || sizeBytes[0] >= config.limits().missingRowsMaxBytes()) {
            page.setMore(true).setNextFrom(key);
            return false;
          }
          page.addRows(KeyedValue.newBuilder().setKey(key).setValue(stored));
          sizeBytes[0] += key.size() + stored.getSerializedSize();
          return true;
        });
    if (!page.getMore()) {
      page.setOperations(state.operations().toProto());
    }
    QuorumMessage message = wire.message().setTakeoverPage(page).build();
    wire.whenDurable(() -> wire.send(from, message));
  }

  // ---- the side that takes ----

  void onPage(String from, TakeoverPage page, long configurationIndex) {
    Progress taking = progress;
    if (taking == null
        || !taking.peer.equals(from)
        || taking.id != page.getTakeoverId()
        || !taking.from.equals(page.getFrom())) {
      return;
    }
    NodeClock theirs = KeyspaceWire.received(page.getClock());
    state.refuseOwnFuture(theirs, from);
    if (taking.clock == null) {
      taking.configurationIndex = configurationIndex;
    }
    NodeClock first = taking.clock == null ? theirs : taking.clock;
    taking.clock = first;
    Map<ByteString, DottedVersionVectorSet> rows = new LinkedHashMap<>();
    for (KeyedValue row : page.getRowsList()) {
      rows.put(row.getKey(), KeyspaceWire.stored(row.getValue(), theirs.bases()));
    }
    ByteString end = page.getMore() ? page.getNextFrom() : null;
    ByteString cut = dropSuperseded(taking.from, end, rows, theirs);
    boolean more = end != null || cut != null;
    ByteString next = cut != null ? cut : end;
    rows.forEach(
        (key, value) -> {
          if (next == null || before(key, next)) {
            state.absorb(key, value);
          }
        });
    if (more && next != null) {
      taking.from = next;
      state.passedBy(first, next);
      ask(taking);
    } else {
      state.operations().takeOver(page.getOperations());
      state.takeOver(first);
      progress = null;
      finished.accept(new Finished(from, page.getRebuilding(), taking.configurationIndex));
    }
  }

  /**
   * Own siblings that the sender has seen and does not hold are superseded.
   *
   * @return where it stopped after as many own rows as a page may have, or null at the end
   */
  private @Nullable ByteString dropSuperseded(
      ByteString from,
      @Nullable ByteString end,
      Map<ByteString, DottedVersionVectorSet> rows,
      NodeClock theirs) {
    Map<ByteString, DottedVersionVectorSet> own = new LinkedHashMap<>();
    ByteString[] cut = new ByteString[1];
    state.scan(
        ByteString.EMPTY,
        from,
        (key, stored) -> {
          if (end != null && !before(key, end)) {
            return false;
          }
          if (own.size() == config.limits().takeoverRowsMax()) {
            cut[0] = key;
            return false;
          }
          own.put(key, state.decode(key, stored));
          return true;
        });
    own.forEach(
        (key, held) ->
            state.keepOf(key, held, rows.getOrDefault(key, DottedVersionVectorSet.EMPTY), theirs));
    return cut[0];
  }

  private static boolean before(ByteString key, ByteString other) {
    return ByteString.unsignedLexicographicalComparator().compare(key, other) < 0;
  }
}
