package io.capstan.node.type;

import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.TypedValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a key tells of operations: those of its siblings, and those in the marks of any actor. */
final class Operations {

  private record Remembering(Dot dot, OperationMarks marks) {}

  private final DottedVersionVectorSet held;
  private final List<Remembering> remembering = new ArrayList<>();

  Operations(DottedVersionVectorSet held) {
    this.held = held;
    for (Sibling sibling : held.siblings()) {
      OperationMarks marks = marksOf(sibling);
      if (!marks.equals(OperationMarks.EMPTY)) {
        remembering.add(new Remembering(sibling.dot(), marks));
      }
    }
  }

  /** The marks that the sibling carries, perhaps none. */
  static OperationMarks marksOf(@Nullable Sibling sibling) {
    TypedValue typed = sibling == null ? null : sibling.typed();
    if (typed == null) {
      return OperationMarks.EMPTY;
    }
    return switch (typed.getTypeCase()) {
      case COUNTER_BASE -> OperationMarks.fromProto(typed.getCounterBase().getOperations());
      case SET_MARKS -> OperationMarks.fromProto(typed.getSetMarks().getOperations());
      case COUNTER_INCREMENT, SET_ELEMENT, TYPE_NOT_SET -> OperationMarks.EMPTY;
    };
  }

  /**
   * Whether the sibling's operation is in marks: it was executed under another dot too, and that
   * one was folded or removed since.
   */
  boolean isMarked(Sibling sibling) {
    OperationId operation = sibling.operation();
    if (operation == null) {
      return false;
    }
    for (Remembering each : remembering) {
      if (each.marks.of(operation) == OperationMarks.Knowledge.EXECUTED) {
        return true;
      }
    }
    return false;
  }

  /** What a write under this operation id comes to if it was executed before, or null. */
  @Nullable TypedChange before(@Nullable OperationId operation) {
    if (operation == null) {
      return null;
    }
    Sibling written = held.writtenBy(operation);
    if (written != null) {
      return new TypedChange.Repeated(written.dot());
    }
    boolean beyond = false;
    for (Remembering each : remembering) {
      switch (each.marks.of(operation)) {
        case EXECUTED -> {
          return new TypedChange.Repeated(each.dot);
        }
        case BEYOND_WINDOW -> beyond = true;
        case NONE -> {}
      }
    }
    return beyond ? new TypedChange.BeyondWindow() : null;
  }
}
