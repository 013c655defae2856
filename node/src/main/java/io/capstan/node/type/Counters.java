package io.capstan.node.type;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.CounterBase;
import io.capstan.proto.store.v1.CounterIncrement;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.TypedValue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counters: every increment is a sibling with its operation id until its own coordinator folds it
 * into the one base sibling that each actor has.
 *
 * <p><b>Why folding counts nothing twice.</b> A client that got no answer may repeat an operation
 * through another coordinator, so one operation can stand under several dots, {@code d1} of actor A
 * and {@code d2} of actor B. {@link #sum} counts one of them. A folds {@code d1} only where it is
 * <em>stable</em>: the clock of every replica contains {@code d1}, and A's own contains everything
 * that those clocks contain. B's clock contains {@code d1}, so B does not execute the operation any
 * more, and what it had executed before is in that clock too, so A has seen {@code d2} or that it
 * is gone. If A sees {@code d2}, it waits; the owner of the larger dot drops its own without
 * counting it as soon as it sees the smaller one, and only then is the smaller one folded. Whoever
 * loses his disk may execute once more what was folded since; such a sibling finds its operation in
 * the marks of a base, does not count, and is dropped by its owner.
 *
 * <p>Sums beyond 64 bits wrap around, as far as concurrent increments bring them there: that is
 * commutative, and no coordinator alone lets it happen.
 */
public final class Counters {

  /** Says of a dot whether it may be folded; see above. */
  public interface Stability {
    boolean isStable(Dot dot);
  }

  private Counters() {}

  /** The value; 0 where there is no counter. */
  public static long sum(DottedVersionVectorSet held) {
    Operations operations = new Operations(held);
    // Asked for membership only.
    Set<OperationId> counted = new HashSet<>();
    long sum = 0;
    for (Sibling sibling : held.siblings()) {
      TypedValue typed = sibling.typed();
      if (typed == null) {
        continue;
      }
      if (typed.hasCounterBase()) {
        sum += typed.getCounterBase().getSum();
      } else if (typed.hasCounterIncrement()) {
        OperationId operation = sibling.operation();
        if (operation == null || (counted.add(operation) && !operations.isMarked(sibling))) {
          sum += typed.getCounterIncrement().getDelta();
        }
      }
    }
    return sum;
  }

  /** Adds to the counter that the key holds, or makes it one. */
  public static TypedChange add(
      DottedVersionVectorSet held,
      TypedChange.Moment moment,
      @Nullable OperationId operation,
      long delta) {
    TypedChange before = before(held, operation);
    if (before != null) {
      return before;
    }
    long sum = sum(held);
    if (((sum ^ (sum + delta)) & (delta ^ (sum + delta))) < 0) {
      return new TypedChange.Full(TypedChange.Limit.COUNTER_RANGE);
    }
    Set<Dot> gone = new LinkedHashSet<>();
    held.siblings().stream().filter(Sibling::isTombstone).forEach(each -> gone.add(each.dot()));
    Sibling written;
    if (operation == null) {
      // Cannot be repeated, so there is nothing to tell apart.
      Sibling base = baseOf(held, moment.self());
      if (base != null) {
        gone.add(base.dot());
      }
      written = base(moment, sumOf(base) + delta, Operations.marksOf(base));
    } else {
      if (unfolded(held, moment.self()) >= TypeLimits.COUNTER_UNFOLDED_MAX) {
        return new TypedChange.Full(TypedChange.Limit.COUNTER_UNFOLDED);
      }
      written =
          new Sibling(
              moment.dot(0),
              moment.timestamp(),
              operation,
              null,
              TypedValue.newBuilder()
                  .setCounterIncrement(CounterIncrement.newBuilder().setDelta(delta))
                  .build());
    }
    return new TypedChange.Written(
        List.of(held.without(each -> gone.contains(each.dot())).add(written)), List.of());
  }

  private static @Nullable TypedChange before(
      DottedVersionVectorSet held, @Nullable OperationId operation) {
    String obstacle = ValueType.COUNTER.obstacle(held);
    return obstacle != null
        ? new TypedChange.WrongType(obstacle)
        : new Operations(held).before(operation);
  }

  /** How many increments of the actor stand apart. */
  public static int unfolded(DottedVersionVectorSet held, Actor actor) {
    int unfolded = 0;
    for (Sibling sibling : held.siblings()) {
      unfolded += isIncrementOf(sibling, actor) ? 1 : 0;
    }
    return unfolded;
  }

  private static boolean isIncrementOf(Sibling sibling, Actor actor) {
    TypedValue typed = sibling.typed();
    return typed != null && typed.hasCounterIncrement() && sibling.dot().actor().equals(actor);
  }

  /**
   * Folds what the actor may fold of its own, and drops what another one counts.
   *
   * @param foldMin fewer than this are not worth a write, unless something is to be dropped
   * @return the key afterwards, with one dot more, or null where there is nothing to do
   */
  public static @Nullable DottedVersionVectorSet fold(
      DottedVersionVectorSet held, TypedChange.Moment moment, Stability stability, int foldMin) {
    Operations operations = new Operations(held);
    Map<OperationId, List<Dot>> dotsOf = dotsOfOperations(held);
    Sibling base = baseOf(held, moment.self());
    long sum = sumOf(base);
    Set<Dot> gone = new LinkedHashSet<>();
    List<OperationId> folded = new ArrayList<>();
    for (Sibling sibling : held.siblings()) {
      OperationId operation = sibling.operation();
      TypedValue typed = sibling.typed();
      if (typed == null || operation == null || !isIncrementOf(sibling, moment.self())) {
        continue;
      }
      List<Dot> dots = dotsOf.getOrDefault(operation, List.of());
      boolean countedElsewhere = operations.isMarked(sibling) || !dots.get(0).equals(sibling.dot());
      if (countedElsewhere) {
        gone.add(sibling.dot());
      } else if (dots.size() == 1 && stability.isStable(sibling.dot())) {
        gone.add(sibling.dot());
        folded.add(operation);
        sum += typed.getCounterIncrement().getDelta();
      }
    }
    boolean dropping = gone.size() > folded.size();
    if (gone.isEmpty() || (!dropping && folded.size() < foldMin)) {
      return null;
    }
    OperationMarks marks = Operations.marksOf(base).with(folded, moment.wallMillis());
    if (marks == null) {
      return null;
    }
    if (base != null) {
      gone.add(base.dot());
    }
    return held.without(each -> gone.contains(each.dot())).add(base(moment, sum, marks));
  }

  private static Map<OperationId, List<Dot>> dotsOfOperations(DottedVersionVectorSet held) {
    Map<OperationId, List<Dot>> dotsOf = new LinkedHashMap<>();
    for (Sibling sibling : held.siblings()) {
      if (sibling.operation() != null) {
        dotsOf.computeIfAbsent(sibling.operation(), o -> new ArrayList<>()).add(sibling.dot());
      }
    }
    return dotsOf;
  }

  /**
   * Adds where a log orders all writes: one sibling is left that holds the whole sum, beside parts
   * that an AP epoch wrote and that remember operations which may be repeated.
   *
   * @param moment its actor stands for the log, its counter is the log index
   */
  public static TypedChange addInLog(
      DottedVersionVectorSet held, TypedChange.Moment moment, long delta) {
    TypedChange before = before(held, null);
    if (before != null) {
      return before;
    }
    long sum = sum(held);
    if (((sum ^ (sum + delta)) & (delta ^ (sum + delta))) < 0) {
      return new TypedChange.Full(TypedChange.Limit.COUNTER_RANGE);
    }
    Set<Dot> gone = new LinkedHashSet<>();
    List<Sibling> superseded = new ArrayList<>();
    long folded = 0;
    for (Sibling sibling : held.siblings()) {
      TypedValue typed = sibling.typed();
      boolean remembers =
          sibling.operation() != null || !Operations.marksOf(sibling).equals(OperationMarks.EMPTY);
      if (sibling.isTombstone() || (typed != null && typed.hasCounterBase() && !remembers)) {
        gone.add(sibling.dot());
        superseded.add(sibling);
        folded += typed == null ? 0 : typed.getCounterBase().getSum();
      }
    }
    return new TypedChange.Written(
        List.of(
            held.without(each -> gone.contains(each.dot()))
                .add(base(moment, folded + delta, OperationMarks.EMPTY))),
        superseded);
  }

  private static @Nullable Sibling baseOf(DottedVersionVectorSet held, Actor actor) {
    for (Sibling sibling : held.siblings()) {
      TypedValue typed = sibling.typed();
      if (typed != null && typed.hasCounterBase() && sibling.dot().actor().equals(actor)) {
        return sibling;
      }
    }
    return null;
  }

  private static long sumOf(@Nullable Sibling base) {
    TypedValue typed = base == null ? null : base.typed();
    return typed == null ? 0 : typed.getCounterBase().getSum();
  }

  private static Sibling base(TypedChange.Moment moment, long sum, OperationMarks marks) {
    return new Sibling(
        moment.dot(0),
        moment.timestamp(),
        null,
        null,
        TypedValue.newBuilder()
            .setCounterBase(CounterBase.newBuilder().setSum(sum).setOperations(marks.toProto()))
            .build());
  }
}
