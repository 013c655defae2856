package io.capstan.node.type;

import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.TypedValue;
import org.jspecify.annotations.Nullable;

/** What a key can hold beside plain bytes. */
public enum ValueType {
  /** A sum of increments and decrements. */
  COUNTER("counter"),
  /** A set of byte strings. */
  SET("set");

  private final String label;

  ValueType(String label) {
    this.label = label;
  }

  /** The name in receipts and messages. */
  public String label() {
    return label;
  }

  /** The type of one sibling; null for a plain value or a tombstone. */
  public static @Nullable ValueType of(Sibling sibling) {
    TypedValue typed = sibling.typed();
    if (typed == null) {
      return null;
    }
    return switch (typed.getTypeCase()) {
      case COUNTER_INCREMENT, COUNTER_BASE -> COUNTER;
      case SET_ELEMENT, SET_MARKS -> SET;
      // Of a newer version: kept, and not shown.
      case TYPE_NOT_SET -> null;
    };
  }

  /** Whether the key holds anything of this type. */
  public boolean isIn(DottedVersionVectorSet held) {
    for (Sibling sibling : held.siblings()) {
      if (of(sibling) == this) {
        return true;
      }
    }
    return false;
  }

  /** Whether the key holds a counter or a set. */
  public static boolean anyIn(DottedVersionVectorSet held) {
    for (Sibling sibling : held.siblings()) {
      if (sibling.typed() != null) {
        return true;
      }
    }
    return false;
  }

  /** Whether the key holds a plain value. */
  public static boolean plainIn(DottedVersionVectorSet held) {
    for (Sibling sibling : held.siblings()) {
      if (sibling.value() != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * What stands in the way of using the key as this type, or null where nothing does. Where both
   * sides of a partition made one name two things, a key that holds this type too may go on being
   * used as it.
   */
  public @Nullable String obstacle(DottedVersionVectorSet held) {
    if (isIn(held)) {
      return null;
    }
    if (plainIn(held)) {
      return "plain value";
    }
    for (ValueType other : values()) {
      if (other != this && other.isIn(held)) {
        return other.label;
      }
    }
    return null;
  }
}
