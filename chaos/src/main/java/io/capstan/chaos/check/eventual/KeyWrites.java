package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The writes on one key and what their receipts say about each other. Writes that may have taken
 * effect are numbered: acknowledged ones first, by completion, then those of unknown outcome.
 */
final class KeyWrites {
  private static final Set<String> WRITES = Set.of("write", "put", "post");
  private static final Set<String> READS = Set.of("read", "get");
  private static final String DELETE = "delete";

  final List<Operation> writes = new ArrayList<>();
  final List<Operation> reads = new ArrayList<>();
  final List<Operation> failed = new ArrayList<>();
  final int acknowledged;

  /** The numbers of the deletes. */
  final List<Integer> deletes = new ArrayList<>();

  /** Values that more than one write carries, which makes the receipts ambiguous. */
  final Set<Object> duplicates = new LinkedHashSet<>();

  private final Map<Object, Integer> numberByValue = new HashMap<>();
  private final List<BitSet> superseded = new ArrayList<>();
  private final int[] seenAt;
  private final BitSet surfaced = new BitSet();
  private final BitSet maybeSurfaced = new BitSet();

  private final List<@Nullable WriteVersion> versions = new ArrayList<>();
  private final List<BitSet> besides = new ArrayList<>();

  KeyWrites(List<Operation> operations, Map<Object, Object> winnerByDiscarded) {
    for (Operation operation : operations) {
      if (READS.contains(operation.f())) {
        if (operation.isOk()) {
          reads.add(operation);
        }
      } else if (WRITES.contains(operation.f()) || isDelete(operation)) {
        (hadNoEffect(operation) ? failed : writes).add(operation);
      }
    }
    writes.sort(
        Comparator.comparing((Operation o) -> !isAcknowledged(o))
            .thenComparingInt(o -> isAcknowledged(o) ? o.completePosition() : o.invokePosition()));
    acknowledged = (int) writes.stream().filter(KeyWrites::isAcknowledged).count();
    for (int number = 0; number < writes.size(); number++) {
      Operation write = writes.get(number);
      superseded.add(new BitSet());
      besides.add(new BitSet());
      versions.add(WriteVersion.of(write.extra(Extras.VERSION)));
      if (isDelete(write)) {
        deletes.add(number);
      } else if (numberByValue.putIfAbsent(boxed(write.input()), number) != null) {
        duplicates.add(boxed(write.input()));
      }
    }
    seenAt = new int[writes.size()];
    Arrays.fill(seenAt, Operation.OPEN);
    link(winnerByDiscarded);
  }

  /** Nil is a value like others, but maps and sets want it in a box. */
  static Object boxed(@Nullable Object value) {
    return Optional.ofNullable(value);
  }

  static boolean isDelete(Operation operation) {
    return operation.f().equals(DELETE);
  }

  /** A receipt that came when its client had gone on is a promise all the same. */
  private static boolean isAcknowledged(Operation write) {
    return write.isOk()
        || (write.outcome() == Outcome.UNKNOWN && Extras.LATE_OK.equals(write.extra(Extras.LATE)));
  }

  private static boolean hadNoEffect(Operation write) {
    return write.outcome() == Outcome.FAILED
        || (write.outcome() == Outcome.UNKNOWN
            && Extras.LATE_FAILED.equals(write.extra(Extras.LATE)));
  }

  private void link(Map<Object, Object> winnerByDiscarded) {
    for (int number = 0; number < writes.size(); number++) {
      Operation write = writes.get(number);
      for (String extra : List.of(Extras.SUPERSEDED, Extras.COVERS)) {
        for (Object value : write.extraList(extra)) {
          noteSuperseded(number, write, value);
        }
      }
      if (!isAcknowledged(write)) {
        int by = number;
        write.extraList(Extras.HELD).forEach(value -> noteSuperseded(by, write, value));
      }
      noteUnidentified(write);
    }
    for (Operation read : reads) {
      read.outputValues().forEach(value -> noteSeen(value, read.completePosition()));
      noteBesides(read.outputValues());
    }
    winnerByDiscarded.forEach(
        (value, winner) -> {
          Integer loser = numberByValue.get(value);
          Integer winning = numberByValue.get(winner);
          if (loser != null && winning != null && !loser.equals(winning)) {
            superseded.get(winning).set(loser);
            surfaced.set(loser);
            surfaced.set(winning);
          }
        });
    linkByVersion();
  }

  /**
   * A write without a context supersedes whatever its node holds, and a node holds what it made
   * before, or what took its place. So where the version of a write of unknown outcome is known, it
   * tells what the receipt would have told of the writes of the same node.
   */
  private void linkByVersion() {
    for (int by = acknowledged; by < writes.size(); by++) {
      WriteVersion version = versions.get(by);
      if (version == null || writes.get(by).extras().containsKey(Extras.COVERS)) {
        continue;
      }
      for (int number = 0; number < writes.size(); number++) {
        WriteVersion earlier = versions.get(number);
        if (earlier != null && version.follows(earlier)) {
          superseded.get(by).set(number);
        }
      }
    }
  }

  private void noteBesides(List<@Nullable Object> values) {
    for (Object value : values) {
      for (Object other : values) {
        int number = numberOf(value);
        int beside = numberOf(other);
        if (number >= 0 && beside >= 0 && number != beside) {
          besides.get(number).set(beside);
        }
      }
    }
  }

  /** A receipt that names a write which began only after it was issued is not believed. */
  private void noteSuperseded(int by, Operation write, @Nullable Object value) {
    Integer number = numberByValue.get(boxed(value));
    if (number != null
        && number != by
        && writes.get(number).invokePosition() < write.completePosition()) {
      superseded.get(by).set(number);
      noteSeen(value, write.completePosition());
    }
  }

  /**
   * Some write without a receipt was replaced: any that had begun by then, at the node that the
   * version tells, may be the one.
   */
  private void noteUnidentified(Operation by) {
    for (Object text : by.extraList(Extras.SUPERSEDED_UNIDENTIFIED)) {
      WriteVersion version = WriteVersion.of(text);
      for (int number = acknowledged; number < writes.size(); number++) {
        Operation write = writes.get(number);
        Object node = write.extra(Extras.NODE);
        boolean isOfNode = version == null || node == null || version.node().equals(node);
        if (isOfNode
            && versions.get(number) == null
            && !write.extras().containsKey(Extras.LATE)
            && write.invokePosition() < by.completePosition()) {
          maybeSurfaced.set(number);
        }
      }
    }
  }

  private void noteSeen(@Nullable Object value, int position) {
    Integer number = numberByValue.get(boxed(value));
    if (number != null) {
      surfaced.set(number);
      seenAt[number] = Math.min(seenAt[number], position);
    }
  }

  /** Some replica holds the value in the end. */
  void noteHeld(@Nullable Object value) {
    noteSeen(value, Operation.OPEN);
  }

  /** The number of the write of this value, or -1. */
  int numberOf(@Nullable Object value) {
    return numberByValue.getOrDefault(boxed(value), -1);
  }

  /** The writes that the receipt of this one lists, or the versions tell. */
  BitSet superseded(int number) {
    return superseded.get(number);
  }

  /** Whether anybody has ever seen the write's value. */
  boolean hasSurfaced(int number) {
    return surfaced.get(number);
  }

  /**
   * Whether the write may have taken effect: it was seen, or something was that may have been it. A
   * delete leaves nothing by which it could be seen.
   */
  boolean mayHaveTakenEffect(int number) {
    return hasSurfaced(number) || maybeSurfaced.get(number) || isDelete(writes.get(number));
  }

  /**
   * Whether this write, of which no receipt is known, may have superseded another one unnoticed:
   * nobody saw it before the other one began or beside it, its node had not made it before the
   * other one, and no causal context says what it replaced. One with a context replaces what that
   * covers and nothing else.
   */
  boolean mayHaveSuperseded(int number, int otherNumber) {
    Operation write = writes.get(number);
    WriteVersion version = versions.get(number);
    WriteVersion other = versions.get(otherNumber);
    boolean isEarlier = version != null && other != null && other.follows(version);
    return write.outcome() == Outcome.UNKNOWN
        && !write.extras().containsKey(Extras.SUPERSEDED)
        && !write.extras().containsKey(Extras.COVERS)
        && seenAt[number] > writes.get(otherNumber).invokePosition()
        && !besides.get(number).get(otherNumber)
        && !isEarlier;
  }

  /** For every write, itself and all that it superseded, directly or through others. */
  List<BitSet> closures() {
    List<@Nullable BitSet> closures = new ArrayList<>();
    for (int number = 0; number < writes.size(); number++) {
      closures.add(null);
    }
    List<BitSet> done = new ArrayList<>();
    for (int number = 0; number < writes.size(); number++) {
      done.add(closure(number, closures));
    }
    return done;
  }

  /** Without recursion, for chains are as long as the history. */
  private BitSet closure(int root, List<@Nullable BitSet> closures) {
    BitSet known = closures.get(root);
    if (known != null) {
      return known;
    }
    BitSet reached = new BitSet();
    List<Integer> open = new ArrayList<>();
    open.add(root);
    reached.set(root);
    while (!open.isEmpty()) {
      int number = open.remove(open.size() - 1);
      BitSet earlier = closures.get(number);
      if (earlier != null) {
        reached.or(earlier);
        continue;
      }
      BitSet next = superseded.get(number);
      for (int n = next.nextSetBit(0); n >= 0; n = next.nextSetBit(n + 1)) {
        if (!reached.get(n)) {
          reached.set(n);
          open.add(n);
        }
      }
    }
    closures.set(root, reached);
    return reached;
  }
}
