package io.capstan.node.type;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SetElement;
import io.capstan.proto.store.v1.SetMarks;
import io.capstan.proto.store.v1.TypedValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Observed-remove sets: every addition is a sibling with the element; a removal takes away exactly
 * the additions that its coordinator has seen, so one that happens at the same time elsewhere
 * survives it ("add wins"). A removed addition leaves no trace but the key's context, which covers
 * its dot, and its operation id in the marks of the actor that removed it, so that a late retry
 * does not bring the element back.
 *
 * <p>An addition whose operation id is in marks is dead: it is the second dot of an operation whose
 * first one was removed or replaced. It does not count, and the next write takes it away.
 */
public final class Sets {

  private Sets() {}

  /** The elements in ascending byte order. */
  public static List<ByteString> elements(DottedVersionVectorSet held) {
    byte[][] sorted = new byte[held.siblings().size()][];
    int live = 0;
    Operations operations = new Operations(held);
    for (Sibling sibling : held.siblings()) {
      ByteString element = elementOf(sibling);
      if (element != null && !operations.isMarked(sibling)) {
        sorted[live++] = element.toByteArray();
      }
    }
    // As arrays: comparing a ByteString goes byte by byte through two iterators.
    Arrays.sort(sorted, 0, live, Arrays::compareUnsigned);
    List<ByteString> elements = new ArrayList<>(live);
    for (int i = 0; i < live; i++) {
      if (i == 0 || !Arrays.equals(sorted[i - 1], sorted[i])) {
        elements.add(UnsafeByteOperations.unsafeWrap(sorted[i]));
      }
    }
    return elements;
  }

  private static @Nullable ByteString elementOf(Sibling sibling) {
    TypedValue typed = sibling.typed();
    return typed != null && typed.hasSetElement() ? typed.getSetElement().getElement() : null;
  }

  /** Adds an element to the set that the key holds, or makes it one. */
  public static TypedChange add(
      DottedVersionVectorSet held,
      TypedChange.Moment moment,
      @Nullable OperationId operation,
      ByteString element) {
    TypedChange before = before(held, operation);
    if (before == null) {
      before = isFullFor(held, element) ? new TypedChange.Full(TypedChange.Limit.SET_SIZE) : null;
    }
    if (before != null) {
      return before;
    }
    Observed observed = new Observed(held, element, moment.self());
    List<DottedVersionVectorSet> rows = new ArrayList<>(2);
    DottedVersionVectorSet row = held.without(each -> observed.dead.contains(each.dot()));
    if (!observed.operations.isEmpty()) {
      // A retry of what this replaces must not count as one more addition.
      OperationMarks marks =
          Operations.marksOf(observed.marks).with(observed.operations, moment.wallMillis());
      if (marks == null) {
        return new TypedChange.Full(TypedChange.Limit.SESSIONS);
      }
      row = row.without(each -> observed.ownMarks.contains(each.dot())).add(marks(moment, marks));
      rows.add(row);
    }
    Sibling addition =
        new Sibling(moment.dot(rows.size()), moment.timestamp(), operation, null, element(element));
    rows.add(row.without(observed.additions).add(addition));
    return new TypedChange.Written(rows, observed.additions);
  }

  /** Removes what is seen of an element; where nothing is, that is remembered all the same. */
  public static TypedChange remove(
      DottedVersionVectorSet held,
      TypedChange.Moment moment,
      @Nullable OperationId operation,
      ByteString element) {
    TypedChange before = before(held, operation);
    if (before != null) {
      return before;
    }
    Observed observed = new Observed(held, element, moment.self());
    List<OperationId> remembered = new ArrayList<>(observed.operations);
    if (operation != null) {
      remembered.add(operation);
    }
    OperationMarks marks = Operations.marksOf(observed.marks).with(remembered, moment.wallMillis());
    if (marks == null) {
      return new TypedChange.Full(TypedChange.Limit.SESSIONS);
    }
    DottedVersionVectorSet row =
        held.without(each -> observed.dead.contains(each.dot()))
            .without(each -> observed.ownMarks.contains(each.dot()))
            .without(observed.additions)
            .add(marks(moment, marks));
    return new TypedChange.Written(List.of(row), observed.additions);
  }

  /** Adds where a log orders all writes and its session table recognises retries. */
  public static TypedChange addInLog(
      DottedVersionVectorSet held, TypedChange.Moment moment, ByteString element) {
    TypedChange before = before(held, null);
    if (before == null) {
      before = isFullFor(held, element) ? new TypedChange.Full(TypedChange.Limit.SET_SIZE) : null;
    }
    if (before != null) {
      return before;
    }
    Observed observed = new Observed(held, element, moment.self());
    // What an AP epoch added under an operation id stays beside it: the operation may be repeated.
    List<Sibling> replaced =
        observed.additions.stream().filter(each -> each.operation() == null).toList();
    DottedVersionVectorSet row =
        held.without(each -> observed.dead.contains(each.dot()))
            .without(replaced)
            .add(new Sibling(moment.dot(0), moment.timestamp(), null, null, element(element)));
    return new TypedChange.Written(List.of(row), replaced);
  }

  /** Removes where a log orders all writes; an emptied set is a set still. */
  public static TypedChange removeInLog(
      DottedVersionVectorSet held, TypedChange.Moment moment, ByteString element) {
    return remove(held, moment, null, element);
  }

  private static @Nullable TypedChange before(
      DottedVersionVectorSet held, @Nullable OperationId operation) {
    String obstacle = ValueType.SET.obstacle(held);
    return obstacle != null
        ? new TypedChange.WrongType(obstacle)
        : new Operations(held).before(operation);
  }

  private static boolean isFullFor(DottedVersionVectorSet held, ByteString element) {
    if (held.siblings().size() < TypeLimits.SET_ELEMENTS_MAX
        && held.sizeBytes() + element.size() <= TypeLimits.SET_SIZE_MAX_BYTES) {
      return false; // however many of them are live
    }
    Set<ByteString> elements = new HashSet<>(elements(held));
    if (elements.contains(element)) {
      return false;
    }
    long sizeBytes = element.size();
    for (ByteString each : elements) {
      sizeBytes += each.size();
    }
    return elements.size() >= TypeLimits.SET_ELEMENTS_MAX
        || sizeBytes > TypeLimits.SET_SIZE_MAX_BYTES;
  }

  /** What a write of an element finds. */
  private static final class Observed {
    /** Live additions of the element, by whomever. */
    final List<Sibling> additions = new ArrayList<>();

    /** Their operations. */
    final List<OperationId> operations = new ArrayList<>();

    /** Additions of any element that do not count, and tombstones of an earlier plain value. */
    final Set<Dot> dead = new LinkedHashSet<>();

    /** The marks of the writer so far, at most one sibling. */
    final Set<Dot> ownMarks = new LinkedHashSet<>();

    @Nullable Sibling marks;

    Observed(DottedVersionVectorSet held, ByteString element, Actor self) {
      Operations known = new Operations(held);
      for (Sibling sibling : held.siblings()) {
        TypedValue typed = sibling.typed();
        if (typed == null) {
          if (sibling.isTombstone()) {
            dead.add(sibling.dot());
          }
        } else if (typed.hasSetMarks()) {
          if (sibling.dot().actor().equals(self)) {
            marks = sibling;
            ownMarks.add(sibling.dot());
          }
        } else if (typed.hasSetElement()) {
          take(sibling, typed.getSetElement().getElement().equals(element), known);
        }
      }
    }

    private void take(Sibling sibling, boolean isOfElement, Operations known) {
      if (known.isMarked(sibling)) {
        dead.add(sibling.dot());
      } else if (isOfElement) {
        additions.add(sibling);
        OperationId operation = sibling.operation();
        if (operation != null) {
          operations.add(operation);
        }
      }
    }
  }

  private static TypedValue element(ByteString element) {
    return TypedValue.newBuilder()
        .setSetElement(SetElement.newBuilder().setElement(element))
        .build();
  }

  private static Sibling marks(TypedChange.Moment moment, OperationMarks marks) {
    return new Sibling(
        moment.dot(0),
        moment.timestamp(),
        null,
        null,
        TypedValue.newBuilder()
            .setSetMarks(SetMarks.newBuilder().setOperations(marks.toProto()))
            .build());
  }
}
