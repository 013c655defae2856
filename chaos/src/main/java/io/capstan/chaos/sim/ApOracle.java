package io.capstan.chaos.sim;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.storage.Table;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Knows every AP write of the whole cluster, by watching the disks and the messages: which dot was
 * written to which key, and which of the dots that had reached its coordinator it replaced. From
 * that, what may be missing and what may be there.
 */
final class ApOracle {
  private static final byte[] CLOCK_KEY = "clock".getBytes(US_ASCII);

  private final String keyspace;
  private final long keyspaceId;
  private final boolean latestWins;
  private final Set<String> seen = new HashSet<>();
  // Rows that some disk has held: the other nodes write the same ones, and they bring nothing new.
  private final Set<Row> seenRows = new HashSet<>();
  // Per key, superseded dot to the dots that replaced it.
  private final Map<ByteString, Map<String, Set<String>>> replacedBy = new HashMap<>();
  private final Map<String, ByteString> acknowledged = new TreeMap<>();
  private final Map<OperationId, Knowledge> knowledge = new HashMap<>();
  private final Set<OperationId> seenOperations = new HashSet<>();
  // Deletes that were begun and not refused.
  private final Map<OperationId, ByteString> deletes = new HashMap<>();
  // Per node and key, the dots that ever reached it.
  private final Map<Integer, Map<ByteString, Set<String>>> knownAt = new HashMap<>();
  // Per node, its clock as it is stored: what it says of every key, and its rows leave out.
  private final Map<Integer, byte[]> clocks = new HashMap<>();
  // Per key, its dots in the order in which they were first seen on any disk.
  private final Map<ByteString, Set<String>> dotsOfKey = new HashMap<>();
  private final Map<String, Dot> parsedDots = new HashMap<>();
  // Dots that some node has heard of: they were synced before they were sent.
  private final Set<String> travelled = new HashSet<>();

  // Writes, key and dot, that a row on the disk of their own coordinator has shown.
  private final Set<String> shownAtHome = new HashSet<>();
  private final Map<ByteString, Set<String>> tombstones = new HashMap<>();
  // Per key and dot, of the write that was seen last under it.
  private final Map<String, HybridTimestamp> timestamps = new HashMap<>();
  // Per key, the dots of quorum writes that were acknowledged, and of what quorum reads showed.
  private final Map<ByteString, Set<String>> quorumAcknowledged = new HashMap<>();
  // Per acknowledged dot, the nodes that confirmed it and have not lost their disks since.
  private final Map<String, Set<Integer>> confirmedBy = new HashMap<>();
  // Writes that only disks confirmed which are lost: they may be gone.
  private final Set<String> lostWithDisks = new TreeSet<>();
  private final Set<String> discardedOnLostDisks = new HashSet<>();
  private final Map<Integer, Integer> lossesOf = new HashMap<>();
  private final Set<Integer> givenUp = new TreeSet<>();

  /** What the client of a write had read before: it may replace that, wherever it is sent. */
  private record Knowledge(ByteString key, Set<String> siblings, ByteString context) {}

  /** A row as it stands on a disk, with its key. */
  private record Row(ByteString key, ByteString value) {}

  ApOracle(String keyspace, long keyspaceId, boolean latestWins) {
    this.keyspace = keyspace;
    this.keyspaceId = keyspaceId;
    this.latestWins = latestWins;
  }

  String keyspace() {
    return keyspace;
  }

  long keyspaceId() {
    return keyspaceId;
  }

  /** A row of some node's data changed. */
  void changed(int node, Table table, byte[] key, byte @Nullable [] after) {
    if (table.keyspaceId() == keyspaceId && table.kind() == Table.Kind.DATA && after == null) {
      removed(node, ByteString.copyFrom(key));
    }
    if (table.keyspaceId() != keyspaceId || after == null) {
      return;
    }
    if (table.kind() == Table.Kind.CLOCK && Arrays.equals(key, CLOCK_KEY)) {
      clocks.put(node, after);
    }
    if (table.kind() != Table.Kind.DATA) {
      return;
    }
    ByteString row = ByteString.copyFrom(key);
    // What stands on a disk does not change: its bytes need no copy.
    if (!seenRows.add(new Row(row, UnsafeByteOperations.unsafeWrap(after)))) {
      return;
    }
    StoredValue now = parse(after);
    List<StoredSibling> written = new ArrayList<>();
    for (StoredSibling sibling : now.getSiblingsList()) {
      if (isOf(node, sibling)) {
        shownAtHome.add(row.toStringUtf8() + " " + dotOf(sibling));
      }
      // A dot that was lost with its node's unsynced writes may be spent again, for another one.
      if (seen.add(row.toStringUtf8() + " " + dotOf(sibling) + " " + operationOf(sibling))) {
        written.add(sibling);
      }
    }
    // Concurrent writes of one batch stand side by side from their first row on.
    Set<String> knownBefore = written.isEmpty() ? Set.of() : Set.copyOf(knownAt(node, row));
    for (StoredSibling sibling : written) {
      Knowledge read = knowledge.get(sibling.getOperation());
      if (read != null && isOf(node, sibling) && written.size() == 1 && !latestWins) {
        supersedesWhatItCovers(node, row, now, read, knownBefore, dotOf(sibling));
      }
      firstSeen(node, row, now, knownBefore, sibling);
    }
  }

  private static boolean isOf(int node, StoredSibling sibling) {
    return sibling.getDot().getActor().getName().equals("n" + (node + 1));
  }

  /** What its coordinator held and its client had not read stays beside it. */
  private void supersedesWhatItCovers(
      int node,
      ByteString row,
      StoredValue now,
      Knowledge read,
      Set<String> knownBefore,
      String fresh) {
    if (isDeletedUnseen(row)) {
      return;
    }
    Set<String> kept = dots(now);
    VersionVector context = contextAt(node, now);
    VersionVector covered = decode(read.context(), row);
    for (String dot : dotsOfKey.getOrDefault(row, Set.of())) {
      boolean mayGo =
          kept.contains(dot)
              || !knownBefore.contains(dot)
              || !acknowledged.containsKey(dot)
              || !context.covers(parsed(dot))
              || covered.covers(parsed(dot))
              || tombstones.getOrDefault(row, Set.of()).contains(dot)
              || !replacing(row, dot).isEmpty()
              // Its own coordinator replaced it before a row of its disk showed it.
              || !shownAtHome.contains(row.toStringUtf8() + " " + dot);
      if (!mayGo) {
        throw new SimulationFailure(
            "a write with a context supersedes what that covers, and nothing else",
            fresh + " of " + row.toStringUtf8() + " replaced " + dot);
      }
    }
  }

  private boolean isDeletedUnseen(ByteString row) {
    return deletes.entrySet().stream()
        .anyMatch(
            delete -> delete.getValue().equals(row) && !seenOperations.contains(delete.getKey()));
  }

  private void firstSeen(
      int node, ByteString row, StoredValue now, Set<String> knownBefore, StoredSibling written) {
    String fresh = dotOf(written);
    Set<String> kept = dots(now);
    VersionVector context = contextAt(node, now);
    for (String dot : dotsOfKey.getOrDefault(row, Set.of())) {
      if (!kept.contains(dot) && knownBefore.contains(dot) && context.covers(parsed(dot))) {
        replaced(row, dot, fresh);
      }
    }
    dotsOfKey.computeIfAbsent(row, k -> new LinkedHashSet<>()).add(fresh);
    timestamps.put(
        row.toStringUtf8() + " " + fresh, HybridTimestamp.fromProto(written.getWrittenAt()));
    knownAt(node, row).add(fresh);
    seenOperations.add(written.getOperation());
    Knowledge read = knowledge.get(written.getOperation());
    if (read != null) {
      replacedByKnowledge(read, kept, fresh);
    }
    if (!written.hasValue()) {
      tombstones.computeIfAbsent(row, k -> new TreeSet<>()).add(fresh);
    }
  }

  private VersionVector contextAt(int node, StoredValue row) {
    byte[] clock = clocks.get(node);
    return VersionVector.fromProto(row.getContext())
        .join(clock == null ? VersionVector.EMPTY : basesOf(clock));
  }

  /** A message reached a node: its coordinator may replace what it brought. */
  void received(int node, QuorumMessage message) {
    if (message.getKeyspaceId() != keyspaceId) {
      return;
    }
    switch (message.getMessageCase()) {
      case REPLICATE ->
          heard(node, message.getReplicate().getKey(), message.getReplicate().getValue());
      case MISSING_DOTS ->
          message
              .getMissingDots()
              .getRowsList()
              .forEach(row -> heard(node, row.getKey(), row.getValue()));
      case TAKEOVER_PAGE ->
          message
              .getTakeoverPage()
              .getRowsList()
              .forEach(row -> heard(node, row.getKey(), row.getValue()));
      default -> answered(node, message);
    }
  }

  private void heard(int node, ByteString key, StoredValue value) {
    Set<String> dots = dots(value);
    knownAt(node, key).addAll(dots);
    travelled.addAll(dots);
  }

  private void answered(int node, QuorumMessage message) {
    if (message.hasReadResponse()) {
      // The answer does not name its key; its dots do.
      for (String dot : dots(message.getReadResponse().getValue())) {
        dotsOfKey.forEach(
            (key, known) -> {
              if (known.contains(dot)) {
                knownAt(node, key).add(dot);
              }
            });
      }
    }
  }

  private Dot parsed(String dot) {
    return parsedDots.computeIfAbsent(dot, Dot::parse);
  }

  private Set<String> knownAt(int node, ByteString key) {
    return knownAt
        .computeIfAbsent(node, n -> new HashMap<>())
        .computeIfAbsent(key, k -> new HashSet<>());
  }

  private void replacedByKnowledge(Knowledge known, Set<String> kept, String fresh) {
    for (String dot : known.siblings()) {
      if (!kept.contains(dot)) {
        replaced(known.key(), dot, fresh);
      }
    }
    // Receipts do not list tombstones; their dots are known through the context alone.
    VersionVector context = decode(known.context(), known.key());
    for (String dot : tombstones.getOrDefault(known.key(), Set.of())) {
      if (!kept.contains(dot) && context.covers(parsed(dot))) {
        replaced(known.key(), dot, fresh);
      }
    }
  }

  private void replaced(ByteString key, String dot, String by) {
    replacedBy
        .computeIfAbsent(key, k -> new HashMap<>())
        .computeIfAbsent(dot, d -> new LinkedHashSet<>())
        .add(by);
  }

  private Set<String> replacing(ByteString key, String dot) {
    return replacedBy.getOrDefault(key, Map.of()).getOrDefault(dot, Set.of());
  }

  /**
   * A process has ended, and its node goes on with the clock among these rows. Own writes beyond it
   * are lost with the unsynced writes: nobody has heard of them, they replaced nothing, and their
   * dots may be spent again. What was acknowledged had been synced: where the clock lacks it the
   * whole disk is gone, and what is known of it stays known.
   */
  void restarts(int node, NavigableMap<byte[], byte[]> clockRows) {
    byte[] stored = clockRows.get(CLOCK_KEY);
    if (stored == null) {
      clocks.remove(node);
    } else {
      clocks.put(node, stored);
    }
    VersionVector survived = basesOf(clockRows);
    String own = "n" + (node + 1) + ".";
    dotsOfKey.forEach(
        (key, dots) -> {
          for (String dot : List.copyOf(dots)) {
            if (dot.startsWith(own)
                && !acknowledged.containsKey(dot)
                && !travelled.contains(dot)
                && !survived.covers(parsed(dot))) {
              dots.remove(dot);
              forget(node, key, dot);
            }
          }
        });
  }

  private void forget(int node, ByteString key, String dot) {
    knownAt(node, key).remove(dot);
    shownAtHome.remove(key.toStringUtf8() + " " + dot);
    tombstones.getOrDefault(key, new TreeSet<>()).remove(dot);
    Map<String, Set<String>> ofKey = replacedBy.getOrDefault(key, new HashMap<>());
    ofKey.remove(dot);
    ofKey.values().forEach(replacing -> replacing.remove(dot));
  }

  /** A client is about to write with the context of a read that answered these siblings. */
  void writesWithContext(
      OperationId operation, ByteString key, Set<String> siblings, ByteString context) {
    knowledge.put(operation, new Knowledge(key, siblings, context));
  }

  /** A client is about to delete the key. */
  void deletes(OperationId operation, ByteString key) {
    deletes.put(operation, key);
  }

  /** A client was told that its write was not performed: it replaced nothing. */
  void refused(OperationId operation) {
    knowledge.remove(operation);
    deletes.remove(operation);
  }

  /**
   * A row left. Where nobody else needs to see a tombstone it may leave within the batch that
   * brought it, so that no row shows it: then a delete that was begun and never seen did it.
   */
  private void removed(int node, ByteString row) {
    if (isDeletedUnseen(row)) {
      knownAt(node, row).forEach(dot -> replaced(row, dot, "a delete that no row showed"));
    }
  }

  /**
   * A node counts no more for what it has confirmed and will confirm: its disk is lost, or it is
   * made to leave without being asked for what it alone holds.
   */
  void givesUp(int node) {
    givenUp.add(node);
    lossesOf.merge(node, 1, Integer::sum);
    confirmedBy.forEach(
        (dot, disks) -> {
          if (disks.remove(node) && disks.isEmpty()) {
            lostWithDisks.add(dot);
          }
        });
  }

  /** A node is about to begin with an empty disk; this ledger goes with the one that it had. */
  void startsAnew(int node, NavigableMap<byte[], byte[]> ledger) {
    givenUp.remove(node);
    lossesOf.merge(node, 1, Integer::sum);
    clocks.remove(node);
    knownAt.remove(node);
    discardedOnLostDisks.addAll(FinalState.dotsOf(ledger));
  }

  /** How often the node has lost what it held; what it confirmed before counts no more. */
  int losses(int node) {
    return lossesOf.getOrDefault(node, 0);
  }

  /** Writes that no disk holds any more that confirmed them; some may have survived elsewhere. */
  int lostWithDisks() {
    return lostWithDisks.size();
  }

  /**
   * A client was told that its write is durable on enough replicas.
   *
   * @param nodes those that confirmed it and have not lost their disks since it began
   */
  void acknowledged(
      ByteString key, String dot, boolean quorum, OperationId operation, Set<Integer> nodes) {
    acknowledged.put(dot, key);
    Set<Integer> disks = new TreeSet<>(nodes);
    disks.removeAll(givenUp);
    confirmedBy.put(dot, disks);
    if (disks.isEmpty()) {
      lostWithDisks.add(dot);
    }
    if (deletes.containsKey(operation)) {
      tombstones.computeIfAbsent(key, k -> new TreeSet<>()).add(dot);
    }
    if (quorum) {
      quorumAcknowledged.computeIfAbsent(key, k -> new TreeSet<>()).add(dot);
    }
  }

  /**
   * What a quorum read that starts now must have seen: what quorum writes wrote, and what earlier
   * quorum reads have shown.
   */
  Set<String> mustSee(ByteString key) {
    return new TreeSet<>(quorumAcknowledged.getOrDefault(key, Set.of()));
  }

  /** A quorum read answered with these siblings, and this context. */
  void quorumRead(ByteString key, Set<String> mustSee, Set<String> shown, ByteString context) {
    if (!shown.isEmpty()) {
      quorumAcknowledged.computeIfAbsent(key, k -> new TreeSet<>()).addAll(shown);
    }
    if (mustSee.isEmpty()) {
      return;
    }
    VersionVector seenByRead = decode(context, key);
    for (String dot : mustSee) {
      if (!seenByRead.covers(Dot.parse(dot)) && !lostWithDisks.contains(dot)) {
        throw new SimulationFailure(
            "quorum reads see what a quorum confirmed or showed",
            "a quorum read of "
                + key.toStringUtf8()
                + " did not see what a quorum has confirmed or shown before: "
                + dot);
      }
    }
  }

  /** A read of a session, at whatever level and through whichever node, answered with this. */
  void sessionRead(ByteString key, Set<String> ofSession, ByteString context) {
    VersionVector seenByRead = decode(context, key);
    for (String dot : ofSession) {
      if (!seenByRead.covers(Dot.parse(dot)) && !lostWithDisks.contains(dot)) {
        throw new SimulationFailure(
            "a session reads its own writes, and never goes back",
            "a read of " + key.toStringUtf8() + " came before what its session had seen: " + dot);
      }
    }
  }

  private VersionVector decode(ByteString context, ByteString key) {
    if (ContextToken.decode(context, keyspaceId, key) instanceof ContextToken.Decoded.Valid read) {
      return read.context();
    }
    throw new SimulationFailure(
        "a read returns its context", "a read of " + key.toStringUtf8() + " returned none");
  }

  /**
   * Where the latest write wins, a key has one value, and no acknowledged write is later. What lost
   * is in the ledger: with a clock that is wrong within its bound, a write may lose to an earlier
   * one, but not silently. (After a delete that everybody has seen, and that has left, nobody needs
   * to be later than it, or than what it deleted.)
   */
  void latestWon(Map<ByteString, StoredValue> finalState) {
    if (!latestWins) {
      return;
    }
    finalState.forEach(
        (key, stored) -> {
          if (stored.getSiblingsCount() > 1) {
            throw new SimulationFailure(
                "where the latest wins a key has one value",
                key.toStringUtf8() + " has " + dots(stored));
          }
        });
    acknowledged.forEach(
        (dot, key) -> {
          StoredValue stored = finalState.get(key);
          HybridTimestamp written = timestamps.get(key.toStringUtf8() + " " + dot);
          if (stored != null
              && stored.getSiblingsCount() > 0
              && written != null
              && !lostWithDisks.contains(dot)
              && !deletedSince(key, written)) {
            HybridTimestamp winner =
                HybridTimestamp.fromProto(stored.getSiblings(0).getWrittenAt());
            if (winner.compareTo(written) < 0) {
              throw new SimulationFailure(
                  "the latest write wins",
                  dot + " of " + key.toStringUtf8() + " is later than what stands there");
            }
          }
        });
  }

  private boolean deletedSince(ByteString key, HybridTimestamp written) {
    return tombstones.getOrDefault(key, Set.of()).stream()
        .map(dot -> timestamps.get(key.toStringUtf8() + " " + dot))
        .anyMatch(deleted -> deleted == null || deleted.compareTo(written) >= 0);
  }

  /**
   * Every acknowledged write is there, or was replaced by a write that knew it, or is in a ledger.
   *
   * @param discarded what the ledgers of all nodes list
   */
  void nothingLost(Map<ByteString, StoredValue> finalState, Set<String> discarded) {
    if (!latestWins && !discarded.isEmpty()) {
      throw new SimulationFailure(
          "siblings are kept", "the ledger of a keyspace with siblings lists " + discarded);
    }
    for (Map.Entry<String, ByteString> write : acknowledged.entrySet()) {
      StoredValue stored = finalState.get(write.getValue());
      Set<String> present = stored == null ? Set.of() : dots(stored);
      // A delete that everybody has seen leaves no trace; that nothing came back is checked apart.
      boolean replaced =
          tombstones.getOrDefault(write.getValue(), Set.of()).contains(write.getKey())
              || !replacing(write.getValue(), write.getKey()).isEmpty()
              || replacedWithinItsBatch(write.getValue(), write.getKey())
              || replacedUnseen(write.getValue(), write.getKey())
              || replacedByDiscarded(write.getValue(), write.getKey(), discarded);
      boolean excused =
          replaced
              || discarded.contains(write.getKey())
              || discardedOnLostDisks.contains(write.getKey())
              || lostWithDisks.contains(write.getKey());
      if (!present.contains(write.getKey()) && !excused) {
        throw new SimulationFailure(
            "no acknowledged write is lost",
            "acknowledged write "
                + write.getKey()
                + " of key "
                + write.getValue().toStringUtf8()
                + " is lost; present are "
                + present);
      }
    }
  }

  /**
   * A write that its own coordinator replaced in the same batch never stands in a row there: it is
   * accounted for by a later dot of the same actor and key that was seen before it. (It may be seen
   * afterwards: its copies had left with the one batch, and reach their disks later.)
   */
  private boolean replacedWithinItsBatch(ByteString key, String dot) {
    Dot lost = Dot.parse(dot);
    for (String seenBefore : dotsOfKey.getOrDefault(key, Set.of())) {
      if (seenBefore.equals(dot)) {
        return false;
      }
      Dot candidate = Dot.parse(seenBefore);
      if (candidate.actor().equals(lost.actor()) && candidate.counter() > lost.counter()) {
        return true;
      }
    }
    return false;
  }

  /**
   * A later write of its own coordinator replaced it and lost itself within the batch, so that no
   * row shows either; the ledger lists the later one.
   */
  private boolean replacedByDiscarded(ByteString key, String dot, Set<String> discarded) {
    Dot lost = Dot.parse(dot);
    return discarded.stream()
        .filter(listed -> key.equals(acknowledged.get(listed)))
        .map(Dot::parse)
        .anyMatch(
            listed -> listed.actor().equals(lost.actor()) && listed.counter() > lost.counter());
  }

  /**
   * A client replaced what it had read by a write that was itself replaced within its batch, so
   * that no row shows it; its coordinator need not have held what it replaced.
   */
  private boolean replacedUnseen(ByteString key, String dot) {
    return knowledge.entrySet().stream()
        .filter(write -> !seenOperations.contains(write.getKey()))
        .map(Map.Entry::getValue)
        .filter(known -> known.key().equals(key))
        .anyMatch(
            known ->
                known.siblings().contains(dot)
                    || (tombstones.getOrDefault(key, Set.of()).contains(dot)
                        && decode(known.context(), key).covers(Dot.parse(dot))));
  }

  /** What an acknowledged write replaced is gone for good. */
  void nothingResurrected(Map<ByteString, StoredValue> finalState) {
    finalState.forEach(
        (key, stored) -> {
          for (String dot : dots(stored)) {
            for (String replacing : replacing(key, dot)) {
              if (acknowledged.containsKey(replacing) && !lostWithDisks.contains(replacing)) {
                throw new SimulationFailure(
                    "nothing superseded comes back",
                    dot + " is back although the acknowledged write " + replacing + " replaced it");
              }
            }
          }
        });
  }

  int acknowledgedWrites() {
    return acknowledged.size();
  }

  /** What the clock among these rows covers. */
  static VersionVector basesOf(NavigableMap<byte[], byte[]> clockRows) {
    byte[] clock = clockRows.get(CLOCK_KEY);
    return clock == null ? VersionVector.EMPTY : basesOf(clock);
  }

  private static VersionVector basesOf(byte[] clock) {
    try {
      return NodeClock.fromProto(io.capstan.proto.store.v1.NodeClock.parseFrom(clock)).bases();
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a clock can be read", "one cannot: " + broken.getMessage());
    }
  }

  static StoredValue parse(byte[] row) {
    try {
      return StoredValue.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  private static Set<String> dots(StoredValue stored) {
    Set<String> dots = new LinkedHashSet<>();
    for (StoredSibling sibling : stored.getSiblingsList()) {
      dots.add(dotOf(sibling));
    }
    return dots;
  }

  private static String operationOf(StoredSibling sibling) {
    return sibling.getOperation().getSession() + "/" + sibling.getOperation().getSequence();
  }

  /** The text form of {@link Dot}, without making one: asked for all that reaches any node. */
  private static String dotOf(StoredSibling sibling) {
    io.capstan.proto.store.v1.Dot dot = sibling.getDot();
    return dot.getActor().getName()
        + "."
        + Long.toHexString(dot.getActor().getIncarnation())
        + ":"
        + dot.getCounter();
  }
}
