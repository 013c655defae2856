package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The books that a random history keeps beside the code under test: of every write the dots that
 * its coordinator or its client really had in hand, of every answer what it promised. A context is
 * never trusted to say what a write has seen.
 */
final class HistoryBooks {

  private static final long KEYSPACE_ID = 7;

  private record Written(
      Dot dot, String key, Set<Dot> saw, @Nullable OperationId operation, boolean delete) {}

  private record ConfirmedWrite(Dot dot, String key, int replicas, long doneNanos) {}

  private record FinishedRead(
      String key, int replicas, long doneNanos, VersionVector context, Set<Dot> shown) {}

  private final long seed;
  private final int replicaTotal;
  private final List<String> keys;
  private final Map<Dot, Written> written = new HashMap<>();
  private final List<ConfirmedWrite> confirmed = new ArrayList<>();
  private final List<FinishedRead> reads = new ArrayList<>();
  private long siblingsShown;

  HistoryBooks(long seed, int replicaTotal, List<String> keys) {
    this.seed = seed;
    this.replicaTotal = replicaTotal;
    this.keys = keys;
  }

  long confirmedWrites() {
    return confirmed.size();
  }

  long finishedReads() {
    return reads.size();
  }

  /** Reads that showed more than one value. */
  long siblingsShown() {
    return siblingsShown;
  }

  void wrote(Dot dot, String key, Set<Dot> saw, @Nullable OperationId operation, boolean delete) {
    must(!written.containsKey(dot), "dot %s was given twice", dot);
    written.put(dot, new Written(dot, key, saw, operation, delete));
  }

  void confirmed(Dot dot, String key, int replicas, long nowNanos) {
    must(written.containsKey(dot), "%s is confirmed, which nobody wrote", dot);
    confirmed.add(new ConfirmedWrite(dot, key, replicas, nowNanos));
  }

  /** The actor crashed. What its disk forgot nobody else ever saw, so these dots are free again. */
  void forgetBeyond(Actor actor, long durable) {
    written.keySet().removeIf(d -> d.actor().equals(actor) && d.counter() > durable);
  }

  /** The dots that a client has in hand with the receipt. */
  Set<Dot> inHand(String key, Receipt receipt) {
    VersionVector context = contextOf(key, receipt);
    Set<Dot> dots = shown(receipt);
    Set<OperationId> operations = new HashSet<>();
    for (Dot dot : dots) {
      Written write = written.get(dot);
      must(write != null, "%s is shown, which nobody wrote", dot);
      if (write.operation != null) {
        operations.add(write.operation);
      }
    }
    boolean nothingShown = dots.isEmpty();
    for (Written other : written.values()) {
      if (other.key.equals(key) && context.covers(other.dot)) {
        // Not shown, but in hand: duplicates of a shown operation, and tombstones of no value.
        boolean duplicate =
            other.operation != null
                && (operations.contains(other.operation) || wasReplaced(other, context));
        if (duplicate || (nothingShown && other.delete)) {
          dots.add(other.dot);
        }
      }
    }
    return dots;
  }

  /** Whether a known write has replaced any copy of the operation. */
  private boolean wasReplaced(Written copy, VersionVector context) {
    if (copy.operation == null) {
      return false;
    }
    for (Written other : written.values()) {
      if (other.key.equals(copy.key) && context.covers(other.dot)) {
        for (Dot replaced : other.saw) {
          Written gone = written.get(replaced);
          if (gone != null && copy.operation.equals(gone.operation)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** The rows of a replica without what they remember of operations; each forgets when it can. */
  static Map<ByteString, StoredValue> withoutMemory(TestReplica replica) {
    Map<ByteString, StoredValue> rows = new HashMap<>();
    replica
        .tables()
        .rows()
        .forEach(
            (key, row) -> {
              StoredValue bare = row.toBuilder().clearSupersededOperations().build();
              if (bare.getSiblingsCount() > 0 || bare.hasContext()) {
                rows.put(key, bare);
              }
            });
    return rows;
  }

  private static Set<Dot> shown(Receipt receipt) {
    Set<Dot> dots = new HashSet<>();
    receipt.getSiblingsList().forEach(s -> dots.add(Dot.parse(s.getVersion())));
    return dots;
  }

  private VersionVector contextOf(String key, Receipt receipt) {
    var decoded =
        ContextToken.decode(receipt.getContext(), KEYSPACE_ID, ByteString.copyFromUtf8(key));
    must(decoded instanceof ContextToken.Decoded.Valid, "bad context %s", decoded);
    return ((ContextToken.Decoded.Valid) decoded).context();
  }

  /**
   * A read that finished now: it met every write and every read that was finished when it began and
   * whose replicas it must have had one in common with.
   */
  void checkRead(String key, int replicaCount, long startNanos, long nowNanos, Receipt receipt) {
    VersionVector context = contextOf(key, receipt);
    Set<Dot> shown = shown(receipt);
    siblingsShown += shown.size() > 1 ? 1 : 0;
    for (ConfirmedWrite write : confirmed) {
      if (write.key.equals(key)
          && write.doneNanos <= startNanos
          && write.replicas + replicaCount > replicaTotal) {
        must(context.covers(write.dot), "stale read of %s: %s lacks %s", key, context, write.dot);
        must(
            shown.contains(write.dot) || isAccountedFor(write.dot, shown, context),
            "read of %s lost the confirmed %s; shows %s",
            key,
            write.dot,
            shown);
        for (Dot replaced : written.get(write.dot).saw) {
          must(!shown.contains(replaced), "%s came back after %s", replaced, write.dot);
        }
      }
    }
    for (FinishedRead earlier : reads) {
      if (earlier.key.equals(key)
          && earlier.doneNanos <= startNanos
          && earlier.replicas + replicaCount > replicaTotal) {
        // Contexts also say what clocks say of other keys: compared is what is known of this one.
        for (Dot before : earlier.shown) {
          must(context.covers(before), "a read of %s went back behind %s", key, before);
        }
        for (Dot now : shown) {
          must(
              !earlier.context.covers(now) || earlier.shown.contains(now),
              "a read of %s shows %s, which an earlier one knew to be superseded",
              key,
              now);
        }
      }
    }
    reads.add(new FinishedRead(key, replicaCount, nowNanos, context, inHand(key, receipt)));
  }

  private boolean isAccountedFor(Dot dot, Set<Dot> shown, VersionVector context) {
    Written lookedFor = written.get(dot);
    if (lookedFor.delete && (shown.isEmpty() || context.covers(dot))) {
      // Not shown beside nothing, or seen by all and gone, so that later writes do not name it.
      return true;
    }
    if (wasReplaced(lookedFor, context)) {
      return true;
    }
    for (Written other : written.values()) {
      boolean known = other.key.equals(lookedFor.key) && context.covers(other.dot);
      boolean duplicate =
          other.operation != null
              && other.operation.equals(lookedFor.operation)
              && shown.contains(other.dot);
      if (known && (other.saw.contains(dot) || duplicate)) {
        return true;
      }
    }
    return false;
  }

  static DottedVersionVectorSet heldBy(TestReplica replica, String key) {
    return replica.tables().held(ByteString.copyFromUtf8(key));
  }

  /** The clock contains a dot only if its effect is stored, and the dot log knows its key. */
  void checkClock(TestReplica replica, Collection<TestReplica> all) {
    List<NodeClock> clocks = all.stream().map(each -> each.tables().readClock()).toList();
    NodeClock clock = replica.tables().readClock();
    Map<String, DottedVersionVectorSet> held = new HashMap<>();
    keys.forEach(key -> held.put(key, heldBy(replica, key)));
    clock.visitMissingIn(
        new NodeClock(),
        null,
        (actor, counter) -> {
          Dot dot = new Dot(actor, counter);
          Written write = written.get(dot);
          must(write != null, "%s has %s, which nobody wrote", replica.name(), dot);
          must(
              held.get(write.key).covers(dot),
              "the clock of %s has %s, its data have not",
              replica.name(),
              dot);
          ByteString logged = replica.tables().keyOf(dot);
          boolean everywhere = clocks.stream().allMatch(each -> each.contains(dot));
          must(
              logged == null ? everywhere : logged.toStringUtf8().equals(write.key),
              "the dot log of %s has %s for %s",
              replica.name(),
              logged,
              dot);
          return true;
        });
  }

  /** Stored is exactly what was written and not in anybody's hand when something replaced it. */
  void checkConservation(TestReplica any) {
    NodeClock clock = any.tables().readClock();
    for (ConfirmedWrite write : confirmed) {
      must(clock.contains(write.dot), "the confirmed %s is gone", write.dot);
    }
    for (String key : keys) {
      Set<Dot> expected = new TreeSet<>();
      Set<Dot> replaced = new HashSet<>();
      for (Written write : written.values()) {
        if (write.key.equals(key) && clock.contains(write.dot)) {
          expected.add(write.dot);
          replaced.addAll(write.saw);
        }
      }
      expected.removeAll(replaced);
      List<Dot> stored = heldBy(any, key).siblings().stream().map(Sibling::dot).toList();
      // Everybody has seen them, so they are gone.
      expected.removeIf(dot -> written.get(dot).delete && !stored.contains(dot));
      must(stored.equals(List.copyOf(expected)), "%s: %s, expected %s", key, stored, expected);
      for (Sibling shown : heldBy(any, key).visible()) {
        Written write = written.get(shown.dot());
        must(
            write == null || !wasReplaced(write, heldBy(any, key).context()),
            "%s of %s is shown, and a copy of it was replaced",
            shown,
            key);
      }
    }
  }

  private void must(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new AssertionError("seed " + seed + ": " + message.formatted(arguments));
    }
  }
}
