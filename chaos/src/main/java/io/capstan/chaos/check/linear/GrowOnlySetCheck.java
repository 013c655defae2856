package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides without search whether a set to which every element is added once, and from which none is
 * removed, is linearizable. Any order of the reads must be one by inclusion, so each read has its
 * level, and each add has one below the first read that saw it. The history is linearizable if and
 * only if no operation of a higher level ended before one of a lower level began.
 *
 * <p>Costs as much as sorting, plus looking at every element of every answer once.
 */
final class GrowOnlySetCheck {
  private final List<Operation> adds = new ArrayList<>();
  private final List<Operation> reads = new ArrayList<>();
  private final List<Operation> failed = new ArrayList<>();
  private final Map<Object, Integer> numberByElement = new HashMap<>();
  private final Map<Integer, BitSet> seenByRead = new HashMap<>();
  private final int initialCount;

  /**
   * What was found.
   *
   * @param order an order that explains everything, if there is one
   * @param violation if not, the operations that show it
   * @param sentence and the violation in one sentence
   */
  record Result(List<Operation> order, Optional<Shrinker.Violation> violation, String sentence) {}

  private GrowOnlySetCheck(Collection<?> initial) {
    initial.forEach(element -> numberByElement.putIfAbsent(boxed(element), numberByElement.size()));
    this.initialCount = numberByElement.size();
  }

  private static Object boxed(@Nullable Object element) {
    return Optional.ofNullable(element);
  }

  /** The verdict, or empty where elements are removed or added twice, which takes a search. */
  static Optional<Result> check(Collection<?> initial, List<Operation> operations) {
    GrowOnlySetCheck check = new GrowOnlySetCheck(initial);
    for (Operation operation : operations) {
      if (!check.take(operation)) {
        return Optional.empty();
      }
    }
    return Optional.of(check.decide());
  }

  private boolean take(Operation operation) {
    boolean read = Set.of("read", "get").contains(operation.f());
    if (read
        && (!operation.isOk()
            || operation.output() == null
            || operation.output() instanceof Collection<?>)) {
      if (operation.isOk()) {
        reads.add(operation);
      }
      return true;
    }
    if (!operation.f().equals("add")) {
      return false;
    }
    if (operation.outcome() == Outcome.FAILED) {
      failed.add(operation);
      return true;
    }
    adds.add(operation);
    return numberByElement.putIfAbsent(boxed(operation.input()), numberByElement.size()) == null;
  }

  private Result decide() {
    for (Operation read : reads) {
      BitSet seen = new BitSet(numberByElement.size());
      for (Object element : elements(read)) {
        Integer number = numberByElement.get(boxed(element));
        if (number == null) {
          return uncaused(read, element);
        }
        seen.set(number);
      }
      if (seen.nextClearBit(0) < initialCount) {
        return violation(
            read, List.of(read), "without an element that the set held from the beginning");
      }
      seenByRead.put(read.id(), seen);
    }
    Optional<Result> lost = firstLost();
    if (lost.isPresent()) {
      return lost.get();
    }
    List<Operation> bySize = new ArrayList<>(reads);
    bySize.sort(Comparator.comparingInt(read -> seen(read).cardinality()));
    for (int i = 1; i < bySize.size(); i++) {
      if (firstMissing(bySize.get(i - 1), bySize.get(i)) >= 0) {
        return crossed(bySize.get(i - 1), bySize.get(i));
      }
    }
    return decideLevels(levels(bySize));
  }

  /**
   * The plainest violation, told first: an element is missing that had been acknowledged before the
   * read began.
   */
  private Optional<Result> firstLost() {
    List<Operation> acknowledged = new ArrayList<>(adds);
    acknowledged.sort(Comparator.comparingInt(Operation::completePosition));
    List<Operation> byInvocation = new ArrayList<>(reads);
    byInvocation.sort(Comparator.comparingInt(Operation::invokePosition));
    BitSet due = new BitSet();
    int next = 0;
    for (Operation read : byInvocation) {
      while (next < acknowledged.size() && acknowledged.get(next).precedes(read)) {
        due.set(number(acknowledged.get(next++)));
      }
      BitSet lost = (BitSet) due.clone();
      lost.andNot(seen(read));
      if (!lost.isEmpty()) {
        int element = lost.nextSetBit(0);
        return adds.stream()
            .filter(add -> number(add) == element)
            .findFirst()
            .map(add -> missed(add, read));
      }
    }
    return Optional.empty();
  }

  private static Collection<?> elements(Operation read) {
    return read.output() instanceof Collection<?> elements ? elements : List.of();
  }

  private BitSet seen(Operation read) {
    BitSet seen = seenByRead.get(read.id());
    if (seen == null) {
      throw new IllegalStateException("read " + read.id() + " was not looked at");
    }
    return seen;
  }

  /** An element of the first read that the second lacks, or -1. */
  private int firstMissing(Operation smaller, Operation larger) {
    BitSet rest = (BitSet) seen(smaller).clone();
    rest.andNot(seen(larger));
    return rest.nextSetBit(0);
  }

  private Map<Integer, Integer> levels(List<Operation> bySize) {
    Map<Integer, Integer> levels = new HashMap<>();
    int[] addLevel = new int[numberByElement.size()];
    BitSet known = new BitSet();
    known.set(0, initialCount);
    int level = 0;
    for (Operation read : bySize) {
      BitSet fresh = (BitSet) seen(read).clone();
      fresh.andNot(known);
      if (!fresh.isEmpty()) {
        level += 2;
        int addedAt = level - 1;
        fresh.stream().forEach(number -> addLevel[number] = addedAt);
        known.or(fresh);
      }
      levels.put(read.id(), level);
    }
    for (Operation add : adds) {
      int number = number(add);
      if (known.get(number) || add.isOk()) {
        levels.put(add.id(), known.get(number) ? addLevel[number] : level + 1);
      }
    }
    return levels;
  }

  private int number(Operation add) {
    Integer number = numberByElement.get(boxed(add.input()));
    if (number == null) {
      throw new IllegalStateException("add " + add.id() + " was not looked at");
    }
    return number;
  }

  private Result decideLevels(Map<Integer, Integer> levels) {
    List<Operation> order = new ArrayList<>();
    for (List<Operation> operations : List.of(adds, reads)) {
      operations.stream().filter(o -> levels.containsKey(o.id())).forEach(order::add);
    }
    List<Operation> byCompletion = new ArrayList<>(order);
    byCompletion.sort(Comparator.comparingInt(Operation::completePosition));
    order.sort(Comparator.comparingInt(Operation::invokePosition));
    Operation highest = null;
    int ended = 0;
    for (Operation later : order) {
      while (byCompletion.get(ended).completePosition() < later.invokePosition()) {
        Operation earlier = byCompletion.get(ended++);
        highest =
            highest == null || level(levels, earlier) > level(levels, highest) ? earlier : highest;
      }
      if (highest != null && level(levels, highest) > level(levels, later)) {
        return outOfOrder(highest, later);
      }
    }
    order.sort(
        Comparator.comparingInt((Operation o) -> level(levels, o))
            .thenComparingInt(Operation::invokePosition));
    return new Result(order, Optional.empty(), "");
  }

  private static int level(Map<Integer, Integer> levels, Operation operation) {
    Integer level = levels.get(operation.id());
    if (level == null) {
      throw new IllegalStateException("operation " + operation.id() + " has no level");
    }
    return level;
  }

  /** The earlier operation ended before the later one began, but belongs behind it. */
  private Result outOfOrder(Operation earlier, Operation later) {
    boolean earlierReads = seenByRead.containsKey(earlier.id());
    if (seenByRead.containsKey(later.id())) {
      return earlierReads ? readBackwards(earlier, later) : missed(earlier, later);
    }
    if (earlierReads) {
      return readAhead(earlier, later);
    }
    for (Operation read : reads) {
      if (seen(read).get(number(later)) && !seen(read).get(number(earlier))) {
        return skipped(earlier, later, read);
      }
    }
    throw new IllegalStateException("two adds are out of order but no read tells them apart");
  }

  private Result readAhead(Operation read, Operation add) {
    return violation(
        read,
        List.of(read, add),
        "with "
            + HistoryValues.show(add.input())
            + " before client "
            + add.process()
            + " began to add it"
            + ViolationStory.at(add.invokeNanos(), read.completeNanos()));
  }

  private Result skipped(Operation earlier, Operation later, Operation read) {
    if (read.precedes(later)) {
      return readAhead(read, later);
    }
    return violation(
        read,
        List.of(earlier, later, read),
        "with "
            + HistoryValues.show(later.input())
            + " but without "
            + HistoryValues.show(earlier.input())
            + ", which client "
            + earlier.process()
            + " had added before client "
            + later.process()
            + " began");
  }

  private Result missed(Operation add, Operation read) {
    return violation(
        read,
        List.of(add, read),
        "without "
            + HistoryValues.show(add.input())
            + " although client "
            + add.process()
            + "'s add of it had been acknowledged"
            + ViolationStory.at(add.completeNanos(), read.completeNanos()));
  }

  private Result readBackwards(Operation earlier, Operation later) {
    int lost = firstMissing(earlier, later);
    return violation(
        later,
        List.of(earlier, later),
        "without "
            + element(lost)
            + " although client "
            + earlier.process()
            + " had already read it"
            + ViolationStory.at(earlier.completeNanos(), later.completeNanos()));
  }

  private Result crossed(Operation one, Operation other) {
    boolean inOrder = one.completePosition() < other.completePosition();
    Operation first = inOrder ? one : other;
    Operation last = inOrder ? other : one;
    return violation(
        last,
        List.of(first, last),
        "with "
            + element(firstMissing(last, first))
            + " but without "
            + element(firstMissing(first, last))
            + ", and client "
            + first.process()
            + " had read it the other way round"
            + ViolationStory.at(first.completeNanos(), last.completeNanos()));
  }

  private Result uncaused(Operation read, @Nullable Object element) {
    return failed.stream()
        .filter(add -> boxed(add.input()).equals(boxed(element)))
        .findFirst()
        .map(
            add ->
                violation(
                    read,
                    List.of(add, read),
                    "with "
                        + HistoryValues.show(element)
                        + " although client "
                        + add.process()
                        + "'s add of it failed, which means that it had no effect"))
        .orElseGet(
            () ->
                violation(
                    read,
                    List.of(read),
                    "with " + HistoryValues.show(element) + " although nobody had ever added it"));
  }

  private String element(int number) {
    return numberByElement.entrySet().stream()
        .filter(entry -> entry.getValue() == number)
        .map(entry -> HistoryValues.show(((Optional<?>) entry.getKey()).orElse(null)))
        .findFirst()
        .orElse("?");
  }

  private static Result violation(Operation culprit, List<Operation> operations, String story) {
    List<Operation> byInvocation = new ArrayList<>(operations);
    byInvocation.sort(Comparator.comparingInt(Operation::invokePosition));
    return new Result(
        List.of(),
        Optional.of(new Shrinker.Violation(byInvocation, culprit, List.of())),
        "client "
            + culprit.process()
            + " read the set"
            + ViolationStory.at(culprit.completeNanos(), Operation.NEVER)
            + " "
            + story);
  }
}
