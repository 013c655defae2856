package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.storage.Table;
import io.capstan.node.version.Dot;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Knows every operation on the counters and sets of one keyspace and what its client was told, and
 * from that what they must hold in the end.
 *
 * <p>A counter has one digit to the base of 4 for each of its additions, so its value tells how
 * often each one was counted. A set tells of each addition whether it must be there, must be gone,
 * or may be either, because its own outcome or that of a removal is not known.
 */
final class TypeOracle {

  /** What the client of an operation knows when it stops asking. */
  enum Outcome {
    OK,
    FAILED,
    UNKNOWN
  }

  private static final int DIGITS_OF_A_COUNTER = 30;
  private static final int BITS_OF_A_DIGIT = 2;

  /** What every operation has. */
  static class Typed {
    Outcome outcome = Outcome.UNKNOWN;
    // Those that confirmed it and are not lost since; null for what the log has confirmed.
    @Nullable Set<Integer> disks;
    // Under which it was confirmed.
    final Set<String> versions = new TreeSet<>();

    /** Confirmed, and every disk that did so is lost: it may be gone. */
    boolean isLost() {
      return outcome == Outcome.OK && disks != null && disks.isEmpty();
    }

    /** What must be there in the end. */
    Outcome lasting() {
      return isLost() ? Outcome.UNKNOWN : outcome;
    }
  }

  /** One addition to a counter. */
  static final class Addition extends Typed {
    final ByteString key;
    final int digit;
    final boolean isNegative;

    Addition(ByteString key, int digit, boolean isNegative) {
      this.key = key;
      this.digit = digit;
      this.isNegative = isNegative;
    }

    long delta() {
      long amount = 1L << (BITS_OF_A_DIGIT * digit);
      return isNegative ? -amount : amount;
    }
  }

  /** One addition to a set, or one removal. */
  static final class Change extends Typed {
    final ByteString element;
    final boolean isAddition;
    final long number;
    // What had ended before this one began cannot have come after it.
    final long endedBefore;
    long ended = Long.MAX_VALUE;
    // Whether the receipt names everything that it took away.
    boolean isTold;
    List<String> superseded = List.of();

    Change(ByteString element, boolean isAddition, long number, long endedBefore) {
      this.element = element;
      this.isAddition = isAddition;
      this.number = number;
      this.endedBefore = endedBefore;
    }
  }

  /** A row as it stands on a disk, with its key. */
  private record Row(ByteString key, ByteString value) {}

  private final String keyspace;
  private final long keyspaceId;
  private final boolean isCp;
  private final Map<ByteString, List<Addition>> additions = new LinkedHashMap<>();
  private final int[] drawn = new int[2];
  private final Map<ByteString, List<Change>> changes = new LinkedHashMap<>();
  private final Map<OperationId, Change> byOperation = new HashMap<>();
  // Per key and version, the additions that ever stood under it. One that was lost with its node's
  // unsynced writes may be used again.
  private final Map<String, Set<Long>> additionsAt = new HashMap<>();
  private final Set<Row> seenRows = new HashSet<>();
  private final List<Change> byNumber = new ArrayList<>();
  private final Disks disks = new Disks();
  private long ended;

  TypeOracle(String keyspace, long keyspaceId, boolean isCp) {
    this.keyspace = keyspace;
    this.keyspaceId = keyspaceId;
    this.isCp = isCp;
  }

  String keyspace() {
    return keyspace;
  }

  long keyspaceId() {
    return keyspaceId;
  }

  boolean isCp() {
    return isCp;
  }

  Set<ByteString> counters() {
    return additions.keySet();
  }

  Set<ByteString> sets() {
    return changes.keySet();
  }

  Disks disks() {
    return disks;
  }

  private List<Typed> operations() {
    List<Typed> all = new ArrayList<>(byNumber);
    additions.values().forEach(all::addAll);
    return all;
  }

  /**
   * A node counts no more for what it has confirmed and will confirm: its disk is lost, or it is
   * made to leave without being asked for what it alone holds.
   */
  void givesUp(int node) {
    disks.givesUp(node);
    for (Typed operation : operations()) {
      Set<Integer> left = operation.disks;
      if (left != null) {
        left.remove(node);
      }
    }
  }

  /** A node has left that was asked for what it holds. */
  void left(int node, Heirs heirs) {
    disks.left(node);
    for (Typed operation : operations()) {
      Set<Integer> disksOfIt = operation.disks;
      if (disksOfIt != null) {
        heirs.inherit(disksOfIt, node, operation.versions);
      }
    }
  }

  /** Operations that no disk holds any more that confirmed them; some may have survived. */
  long lostWithDisks() {
    return operations().stream().filter(Typed::isLost).count();
  }

  /** The next addition to one of two counters; when a counter has no digit left, to a new one. */
  Addition addition(int lane, boolean isNegative) {
    int number = drawn[lane]++;
    ByteString key = ByteString.copyFromUtf8("c" + lane + "-" + number / DIGITS_OF_A_COUNTER);
    Addition addition = new Addition(key, number % DIGITS_OF_A_COUNTER, isNegative);
    additions.computeIfAbsent(key, k -> new ArrayList<>()).add(addition);
    return addition;
  }

  /** A client begins to add an element to a set, or to remove it. */
  Change change(ByteString key, ByteString element, boolean isAddition, OperationId operation) {
    Change change = new Change(element, isAddition, byNumber.size(), ended);
    byNumber.add(change);
    byOperation.put(operation, change);
    changes.computeIfAbsent(key, k -> new ArrayList<>()).add(change);
    return change;
  }

  /**
   * It is over for its client.
   *
   * @param attempts a repeated one is not told what an earlier attempt took away
   */
  void ended(Change change, ByteString key, @Nullable Receipt receipt, int attempts) {
    change.ended = ++ended;
    if (receipt != null) {
      change.isTold = isCp || attempts == 1;
      change.superseded = receipt.getSupersededList();
      if (change.isAddition) {
        stands(key, receipt.getVersion(), change);
      }
    }
  }

  private void stands(ByteString key, String version, Change change) {
    additionsAt
        .computeIfAbsent(key.toStringUtf8() + " " + version, v -> new TreeSet<>())
        .add(change.number);
  }

  /** A row of some node's data changed. */
  void changed(Table table, byte[] key, byte @Nullable [] after) {
    if (isCp
        || after == null
        || table.keyspaceId() != keyspaceId
        || table.kind() != Table.Kind.DATA
        || key[0] != 's') {
      return;
    }
    // The other nodes write the same rows, and an element stays in many: each counts once.
    if (!seenRows.add(new Row(ByteString.copyFrom(key), UnsafeByteOperations.unsafeWrap(after)))) {
      return;
    }
    for (StoredSibling sibling : StoredRows.parseSiblings(after).getSiblingsList()) {
      Change change = byOperation.get(sibling.getOperation());
      if (change != null && change.isAddition) {
        stands(ByteString.copyFrom(key), Dot.fromProto(sibling.getDot()).toString(), change);
      }
    }
  }

  // ---- judgement ----

  /** Every addition that was acknowledged counts once, no other one counts more than once. */
  void checkCounter(ByteString key, long value, String where) {
    List<Addition> all = additions.getOrDefault(key, List.of());
    // Digits that count downward are lifted, so that the sum has digits from 0 to 3.
    long lifted = value;
    for (Addition addition : all) {
      lifted += addition.isNegative ? 3L << (BITS_OF_A_DIGIT * addition.digit) : 0;
    }
    for (Addition addition : all) {
      int digit = (int) (lifted >>> (BITS_OF_A_DIGIT * addition.digit)) & 3;
      int times = addition.isNegative ? 3 - digit : digit;
      boolean right =
          switch (addition.lasting()) {
            case OK -> times == 1;
            case FAILED -> times == 0;
            case UNKNOWN -> times <= 1;
          };
      if (!right) {
        throw new SimulationFailure(
            "a counter is exact",
            "addition "
                + addition.digit
                + " to "
                + key.toStringUtf8()
                + " of "
                + keyspace
                + " ended "
                + (addition.isLost() ? "OK on disks that are lost" : addition.outcome)
                + " and is counted "
                + times
                + " times at "
                + where);
      }
    }
    int beyond = BITS_OF_A_DIGIT * all.size();
    if (beyond < Long.SIZE && lifted >>> beyond != 0) {
      throw new SimulationFailure(
          "a counter is exact", key.toStringUtf8() + " holds " + value + " at " + where);
    }
  }

  /** What was added and surely not removed is there; what surely was removed is not. */
  void checkSet(ByteString key, Set<ByteString> members, String where) {
    Map<ByteString, List<Change>> byElement =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    for (Change change : changes.getOrDefault(key, List.of())) {
      byElement.computeIfAbsent(change.element, e -> new ArrayList<>()).add(change);
    }
    byElement.forEach(
        (element, all) -> {
          boolean mustBe = false;
          boolean mayBe = false;
          for (Change addition : all) {
            if (addition.isAddition && addition.outcome != Outcome.FAILED) {
              Fate fate = fate(key, addition, all);
              mustBe |= fate == Fate.THERE && addition.lasting() == Outcome.OK;
              mayBe |= fate != Fate.GONE;
            }
          }
          boolean is = members.contains(element);
          if (is ? !mayBe : mustBe) {
            throw new SimulationFailure(
                "a set is exact",
                element.toStringUtf8()
                    + " in "
                    + key.toStringUtf8()
                    + " of "
                    + keyspace
                    + (is ? " is there although it was removed" : " is lost")
                    + " at "
                    + where);
          }
        });
    for (ByteString member : members) {
      if (!byElement.containsKey(member)) {
        throw new SimulationFailure(
            "a set is exact", member.toStringUtf8() + " was never added, but is at " + where);
      }
    }
  }

  private enum Fate {
    THERE,
    PERHAPS_GONE,
    GONE
  }

  private Fate fate(ByteString key, Change addition, List<Change> ofElement) {
    Fate fate = Fate.THERE;
    for (Change other : ofElement) {
      // What ended before the addition began cannot have taken it away, unless an attempt that was
      // given up is still waiting at some node.
      boolean isBefore =
          other.outcome == Outcome.OK && other.isTold && other.ended <= addition.endedBefore;
      if (other == addition || other.outcome == Outcome.FAILED || isBefore) {
        continue;
      }
      if (other.lasting() == Outcome.OK && other.isTold) {
        for (String version : other.superseded) {
          Set<Long> stood = additionsAt.getOrDefault(key.toStringUtf8() + " " + version, Set.of());
          if (stood.size() == 1 && stood.contains(addition.number)) {
            return Fate.GONE;
          }
          if (stood.isEmpty() || stood.contains(addition.number)) {
            fate = Fate.PERHAPS_GONE;
          }
        }
      } else {
        fate = Fate.PERHAPS_GONE;
      }
    }
    return fate;
  }
}
