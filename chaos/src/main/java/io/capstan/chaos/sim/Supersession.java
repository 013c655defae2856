package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.storage.Table;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which write of an AP keyspace replaced which, learned by watching the disks and the messages of
 * the whole cluster: which dot was written to which key, what had reached its coordinator by then,
 * and what its client had read.
 */
final class Supersession {
  private static final String DELETE_UNSEEN = "a delete that no row showed";

  private final long keyspaceId;
  private final boolean latestWins;
  private final Predicate<String> isAcknowledged;
  private final Set<String> seen = new HashSet<>();
  // Rows that some disk has held, and whose own writes they show: the other nodes write the same
  // ones, and they bring nothing new, unless it is to the disk of a write's own coordinator.
  private final Map<Row, List<Own>> seenRows = new HashMap<>();
  // Per key, superseded dot to the dots that replaced it.
  private final Map<ByteString, Map<String, Set<String>>> replacedBy = new HashMap<>();
  private final Map<OperationId, Knowledge> knowledge = new HashMap<>();
  private final Set<OperationId> seenOperations = new HashSet<>();
  // Looked up only. By key and dot, which operation its client was told to be done under it.
  private final Map<String, OperationId> acknowledgedAs = new HashMap<>();
  // Deletes that were begun and not refused.
  private final Map<OperationId, ByteString> deletes = new HashMap<>();
  // Per node and key, the dots that ever reached it.
  private final Map<Integer, Map<ByteString, Set<String>>> knownAt = new HashMap<>();
  // Per node, its clock as it is stored: what it says of every key, and its rows leave out.
  private final Map<Integer, byte[]> clocks = new HashMap<>();
  // Per node, what that clock covers, once it was asked for.
  private final Map<Integer, VersionVector> basesAt = new HashMap<>();
  // Per key, its dots in the order in which they were first seen on any disk, with the operation
  // that was seen last under each.
  private final Map<ByteString, Map<String, OperationId>> dotsOfKey = new HashMap<>();
  private final Map<String, Dot> parsedDots = new HashMap<>();
  // Looked up only. The dots of values that were sent, by the very value.
  private final Map<StoredValue, Set<String>> dotsSent = new IdentityHashMap<>();
  // Dots that some node has heard of: they were synced before they were sent.
  private final Set<String> travelled = new HashSet<>();
  // Writes, key and dot, that a row on the disk of their own coordinator has shown.
  private final Set<String> shownAtHome = new HashSet<>();
  private final Map<ByteString, Set<String>> tombstones = new HashMap<>();
  // Per key and dot, of the write that was seen last under it.
  private final Map<String, HybridTimestamp> timestamps = new HashMap<>();

  /** What the client of a write had read before: it may replace that, wherever it is sent. */
  private record Knowledge(ByteString key, Set<String> siblings, ByteString context) {}

  /** A row as it stands on a disk, with its key. */
  private record Row(ByteString key, ByteString value) {}

  /** A write that no row has shown before. */
  private record Fresh(StoredSibling sibling, String dot, String write) {}

  /** A write that a row shows, as key and dot, with the machine that coordinated it. */
  private record Own(String coordinator, String write) {}

  Supersession(long keyspaceId, boolean latestWins, Predicate<String> isAcknowledged) {
    this.keyspaceId = keyspaceId;
    this.latestWins = latestWins;
    this.isAcknowledged = isAcknowledged;
  }

  // ---- what clients begin ----

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

  boolean isDelete(OperationId operation) {
    return deletes.containsKey(operation);
  }

  /** A write was acknowledged under this dot, whether or not any row showed it. */
  void acknowledged(ByteString key, String dot, OperationId operation) {
    acknowledgedAs.put(key.toStringUtf8() + " " + dot, operation);
  }

  /** A delete was acknowledged under this dot, whether or not any row showed it. */
  void isTombstone(ByteString key, String dot) {
    tombstones.computeIfAbsent(key, k -> new TreeSet<>()).add(dot);
  }

  // ---- what disks and messages show ----

  /** A row of some node's data changed. */
  void changed(int node, Table table, byte[] key, byte @Nullable [] after) {
    if (table.keyspaceId() == keyspaceId && table.kind() == Table.Kind.DATA && after == null) {
      removed(node, ByteString.copyFrom(key));
    }
    if (table.keyspaceId() != keyspaceId || after == null) {
      return;
    }
    if (table.kind() == Table.Kind.CLOCK && Arrays.equals(key, StoredRows.CLOCK_KEY)) {
      clocks.put(node, after);
      basesAt.remove(node);
    }
    if (table.kind() != Table.Kind.DATA) {
      return;
    }
    ByteString row = ByteString.copyFrom(key);
    // What stands on a disk does not change: its bytes need no copy.
    Row whole = new Row(row, UnsafeByteOperations.unsafeWrap(after));
    List<Own> shownBefore = seenRows.get(whole);
    if (shownBefore != null) {
      shows(node, shownBefore);
      return;
    }
    StoredValue now = StoredRows.parseSiblings(after);
    String name = row.toStringUtf8();
    Set<String> kept = new LinkedHashSet<>();
    List<Own> shown = new ArrayList<>();
    List<Fresh> written = new ArrayList<>();
    for (StoredSibling sibling : now.getSiblingsList()) {
      String dot = StoredRows.dotOf(sibling);
      String write = name + " " + dot;
      kept.add(dot);
      shown.add(new Own(sibling.getDot().getActor().getName(), write));
      // A dot that was lost with its node's unsynced writes may be spent again, for another one.
      if (seen.add(write + " " + operationOf(sibling))) {
        written.add(new Fresh(sibling, dot, write));
      }
    }
    seenRows.put(whole, shown);
    shows(node, shown);
    if (written.isEmpty()) {
      return;
    }
    // Concurrent writes of one batch stand side by side from their first row on; one alone becomes
    // known when it has been judged.
    Set<String> known = knownAt(node, row);
    Set<String> knownBefore = written.size() > 1 ? Set.copyOf(known) : known;
    VersionVector context = contextAt(node, now);
    for (Fresh fresh : written) {
      Knowledge read = knowledge.get(fresh.sibling().getOperation());
      if (read != null && isOf(node, fresh.sibling()) && written.size() == 1 && !latestWins) {
        supersedesWhatItCovers(row, kept, context, read, knownBefore, fresh.dot());
      }
      firstSeen(node, row, kept, context, read, knownBefore, fresh);
    }
  }

  private void shows(int node, List<Own> writes) {
    for (Own own : writes) {
      if (own.coordinator().equals(machine(node))) {
        shownAtHome.add(own.write());
      }
    }
  }

  private static String machine(int node) {
    return "n" + (node + 1);
  }

  private static boolean isOf(int node, StoredSibling sibling) {
    return sibling.getDot().getActor().getName().equals(machine(node));
  }

  private static String operationOf(StoredSibling sibling) {
    return numberOf(sibling.getOperation());
  }

  private static String numberOf(OperationId operation) {
    return operation.getSession() + "/" + operation.getSequence();
  }

  /** What its coordinator held and its client had not read stays beside it. */
  private void supersedesWhatItCovers(
      ByteString row,
      Set<String> kept,
      VersionVector context,
      Knowledge read,
      Set<String> knownBefore,
      String fresh) {
    if (isDeletedUnseen(row)) {
      return;
    }
    VersionVector covered = decode(read.context(), row);
    for (String dot : dotsOf(row)) {
      boolean mayGo =
          kept.contains(dot)
              || !knownBefore.contains(dot)
              || !isAcknowledged.test(dot)
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
      int node,
      ByteString row,
      Set<String> kept,
      VersionVector context,
      @Nullable Knowledge read,
      Set<String> knownBefore,
      Fresh fresh) {
    StoredSibling written = fresh.sibling();
    Map<String, OperationId> dots = dotsOfKey.computeIfAbsent(row, k -> new LinkedHashMap<>());
    for (String dot : dots.keySet()) {
      if (knownBefore.contains(dot) && !kept.contains(dot) && context.covers(parsed(dot))) {
        replaced(row, dot, fresh.dot());
      }
    }
    dots.put(fresh.dot(), written.getOperation());
    timestamps.put(fresh.write(), HybridTimestamp.fromProto(written.getWrittenAt()));
    knownAt(node, row).add(fresh.dot());
    seenOperations.add(written.getOperation());
    if (read != null) {
      replacedByKnowledge(read, kept, fresh.dot());
    }
    if (!written.hasValue()) {
      tombstones.computeIfAbsent(row, k -> new TreeSet<>()).add(fresh.dot());
    }
  }

  private VersionVector contextAt(int node, StoredValue row) {
    VersionVector bases = basesAt.computeIfAbsent(node, n -> StoredRows.basesOf(clocks.get(n)));
    return VersionVector.fromProto(row.getContext()).join(bases);
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
    // One message goes to several nodes.
    Set<String> dots = dotsSent.get(value);
    if (dots == null) {
      dots = StoredRows.dots(value);
      dotsSent.put(value, dots);
      travelled.addAll(dots);
    }
    knownAt(node, key).addAll(dots);
  }

  private void answered(int node, QuorumMessage message) {
    if (message.hasReadResponse()) {
      // The answer does not name its key; its dots do.
      for (String dot : StoredRows.dots(message.getReadResponse().getValue())) {
        dotsOfKey.forEach(
            (key, known) -> {
              if (known.containsKey(dot)) {
                knownAt(node, key).add(dot);
              }
            });
      }
    }
  }

  private Set<String> dotsOf(ByteString key) {
    return dotsOfKey.getOrDefault(key, Map.of()).keySet();
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

  /**
   * A process has ended, and its node goes on with the clock among these rows. Own writes beyond it
   * are lost with the unsynced writes: nobody has heard of them, they replaced nothing, and their
   * dots may be spent again. What was acknowledged had been synced: where the clock lacks it the
   * whole disk is gone, and what is known of it stays known.
   */
  void restarts(int node, NavigableMap<byte[], byte[]> clockRows) {
    byte[] stored = clockRows.get(StoredRows.CLOCK_KEY);
    basesAt.remove(node);
    if (stored == null) {
      clocks.remove(node);
    } else {
      clocks.put(node, stored);
    }
    VersionVector survived = StoredRows.basesOf(clockRows);
    String own = "n" + (node + 1) + ".";
    Set<String> forgotten = new HashSet<>();
    dotsOfKey.forEach(
        (key, dots) -> {
          for (String dot : List.copyOf(dots.keySet())) {
            if (dot.startsWith(own)
                && !isAcknowledged.test(dot)
                && !travelled.contains(dot)
                && !survived.covers(parsed(dot))) {
              OperationId operation = dots.remove(dot);
              // Sent again, it may get the very dot that it had, and no row need show it then.
              if (operation != null) {
                seen.remove(key.toStringUtf8() + " " + dot + " " + numberOf(operation));
                if (!dots.containsValue(operation)) {
                  seenOperations.remove(operation);
                }
              }
              forget(node, key, dot);
              forgotten.add(key.toStringUtf8() + " " + dot);
            }
          }
        });
    if (!forgotten.isEmpty()) {
      // The same bytes may be written again, and bring news then.
      seenRows
          .values()
          .removeIf(shown -> shown.stream().map(Own::write).anyMatch(forgotten::contains));
    }
  }

  private void forget(int node, ByteString key, String dot) {
    knownAt(node, key).remove(dot);
    timestamps.remove(key.toStringUtf8() + " " + dot);
    shownAtHome.remove(key.toStringUtf8() + " " + dot);
    tombstones.getOrDefault(key, new TreeSet<>()).remove(dot);
    Map<String, Set<String>> ofKey = replacedBy.getOrDefault(key, new HashMap<>());
    ofKey.remove(dot);
    ofKey.values().forEach(replacing -> replacing.remove(dot));
  }

  /** A node is about to begin with an empty disk. */
  void startsAnew(int node) {
    clocks.remove(node);
    basesAt.remove(node);
    knownAt.remove(node);
  }

  /**
   * A row left. Where nobody else needs to see a tombstone it may leave within the batch that
   * brought it, so that no row shows it: then a delete that was begun and never seen did it.
   */
  private void removed(int node, ByteString row) {
    if (isDeletedUnseen(row)) {
      knownAt(node, row).forEach(dot -> replaced(row, dot, DELETE_UNSEEN));
    }
  }

  // ---- judgement ----

  /** The other dots of the key under which the operation of this one was written too. */
  List<String> copiesOf(ByteString key, String dot) {
    Map<String, OperationId> dots = dotsOfKey.getOrDefault(key, Map.of());
    OperationId seenAs = dots.get(dot);
    // Where its coordinator took in another copy within the batch, no row ever showed this one.
    OperationId operation =
        seenAs == null ? acknowledgedAs.get(key.toStringUtf8() + " " + dot) : seenAs;
    if (operation == null || operation.getSession() == 0) {
      return List.of();
    }
    return dots.entrySet().stream()
        .filter(each -> each.getValue().equals(operation) && !each.getKey().equals(dot))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The dots that were seen to replace this one. */
  Set<String> replacing(ByteString key, String dot) {
    return replacedBy.getOrDefault(key, Map.of()).getOrDefault(dot, Set.of());
  }

  /** When the write was made by its coordinator's clock; null where no row ever showed it. */
  @Nullable HybridTimestamp writtenAt(ByteString key, String dot) {
    return timestamps.get(key.toStringUtf8() + " " + dot);
  }

  /** Whether a delete is not earlier than the write; one that no row showed may be any time. */
  boolean deletedSince(ByteString key, String dot, HybridTimestamp written) {
    if (replacing(key, dot).contains(DELETE_UNSEEN)) {
      return true;
    }
    return tombstones.getOrDefault(key, Set.of()).stream()
        .map(tombstone -> timestamps.get(key.toStringUtf8() + " " + tombstone))
        .anyMatch(deleted -> deleted == null || deleted.compareTo(written) >= 0);
  }

  /**
   * Whether a write is not there for good reason: it was replaced by one that knew it, or it is a
   * delete itself, which leaves no trace once everybody has seen it.
   *
   * @param ledgers what the ledgers of all nodes list
   */
  boolean wasReplaced(ByteString key, String dot, List<DiscardedWrite> ledgers) {
    return tombstones.getOrDefault(key, Set.of()).contains(dot)
        || !replacing(key, dot).isEmpty()
        || replacedWithinItsBatch(key, dot)
        || replacedUnseen(key, dot)
        || replacedByAcknowledgedDelete(key, dot)
        || replacedByDiscarded(key, dot, ledgers);
  }

  /**
   * A write that its own coordinator replaced in the same batch never stands in a row there: it is
   * accounted for by a later dot of the same actor and key that was seen before it. (It may be seen
   * afterwards: its copies had left with the one batch, and reach their disks later.)
   */
  private boolean replacedWithinItsBatch(ByteString key, String dot) {
    for (Map.Entry<String, OperationId> seenBefore :
        dotsOfKey.getOrDefault(key, Map.of()).entrySet()) {
      if (seenBefore.getKey().equals(dot)) {
        return false;
      }
      if (mustHaveReplaced(parsed(seenBefore.getKey()), seenBefore.getValue(), key, dot)) {
        return true;
      }
    }
    return false;
  }

  /**
   * A later delete of its own coordinator replaced it and left within the batch: no row showed
   * either of them, and the client was told of both.
   */
  private boolean replacedByAcknowledgedDelete(ByteString key, String dot) {
    return tombstones.getOrDefault(key, Set.of()).stream()
        .anyMatch(
            tombstone -> {
              OperationId operation = acknowledgedAs.get(key.toStringUtf8() + " " + tombstone);
              return operation != null && mustHaveReplaced(parsed(tombstone), operation, key, dot);
            });
  }

  /**
   * A later write of its own coordinator replaced it and then lost itself, perhaps within the
   * batch, so that no row shows it; a ledger lists it.
   */
  private boolean replacedByDiscarded(ByteString key, String dot, List<DiscardedWrite> ledgers) {
    return ledgers.stream()
        .filter(entry -> entry.getKey().equals(key))
        .anyMatch(
            entry ->
                mustHaveReplaced(Dot.fromProto(entry.getDot()), entry.getOperation(), key, dot));
  }

  /**
   * Whether a later write of the same actor has replaced this one without anybody seeing it: what
   * has no context replaces all that its coordinator holds, the others what their clients read.
   */
  private boolean mustHaveReplaced(Dot later, OperationId operation, ByteString key, String dot) {
    Dot lost = parsed(dot);
    if (!later.actor().equals(lost.actor()) || later.counter() <= lost.counter()) {
      return false;
    }
    Knowledge read = knowledge.get(operation);
    return read == null || decode(read.context(), key).covers(lost);
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
                        && decode(known.context(), key).covers(parsed(dot))));
  }

  VersionVector decode(ByteString context, ByteString key) {
    if (ContextToken.decode(context, keyspaceId, key) instanceof ContextToken.Decoded.Valid read) {
      return read.context();
    }
    throw new SimulationFailure(
        "a read returns its context", "a read of " + key.toStringUtf8() + " returned none");
  }
}
