package io.capstan.chaos.check.claim;

import io.capstan.chaos.check.HistoryValues;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one claim by name. Whatever is left unread when the claim is made is a mistake.
 */
final class ClaimSettings {
  private final String claim;
  private final Map<String, ?> settings;
  private final Set<String> read = new HashSet<>();

  ClaimSettings(String claim, Map<String, ?> settings) {
    this.claim = claim;
    this.settings = settings;
  }

  @Nullable Object value(String name) {
    read.add(name);
    return HistoryValues.canonical(settings.get(name));
  }

  String text(String name, String otherwise) {
    Object value = value(name);
    return value == null ? otherwise : String.valueOf(value);
  }

  double number(String name, double otherwise) {
    return switch (value(name)) {
      case null -> otherwise;
      case Number number -> number.doubleValue();
      default -> throw wrong(name, "a number");
    };
  }

  long whole(String name) {
    if (value(name) instanceof Long number) {
      return number;
    }
    throw wrong(name, "a whole number");
  }

  boolean flag(String name, boolean otherwise) {
    return switch (value(name)) {
      case null -> otherwise;
      case Boolean flag -> flag;
      default -> throw wrong(name, "true or false");
    };
  }

  Collection<?> list(String name) {
    if (value(name) instanceof Collection<?> list) {
      return list;
    }
    throw wrong(name, "a list");
  }

  /** To be called once the claim is made. */
  void refuseUnread() {
    for (String name : settings.keySet()) {
      if (!read.contains(name)) {
        throw new IllegalArgumentException("the claim " + claim + " has no setting '" + name + "'");
      }
    }
  }

  private IllegalArgumentException wrong(String name, String expected) {
    return new IllegalArgumentException(
        "the claim "
            + claim
            + " needs "
            + expected
            + " as '"
            + name
            + "', not "
            + HistoryValues.show(value(name)));
  }
}
