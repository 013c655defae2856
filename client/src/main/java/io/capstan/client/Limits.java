package io.capstan.client;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the cluster would refuse anyway is refused here, before it travels. */
final class Limits {
  static final int KEY_MAX_BYTES = 4_096;
  static final int ELEMENT_MAX_BYTES = 4_096;
  static final int VALUE_MAX_BYTES = 1 << 20;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private Limits() {}

  /** Returns what is wrong in one sentence, or null where nothing is. */
  static @Nullable String problem(String keyspace) {
    return NAME.matcher(keyspace).matches()
        ? null
        : "The name of a keyspace is \""
            + keyspace
            + "\"; allowed is a lower-case letter, then up to 62 of a-z, 0-9 and -.";
  }

  /** Returns what is wrong in one sentence, or null where nothing is. */
  static @Nullable String problem(String keyspace, Bytes key, Bytes value) {
    if (key.isEmpty() || key.size() > KEY_MAX_BYTES) {
      return "The key has " + key.size() + " bytes; allowed are 1 to " + KEY_MAX_BYTES + ".";
    }
    if (value.size() > VALUE_MAX_BYTES) {
      return "The value has "
          + value.size()
          + " bytes; allowed are up to "
          + VALUE_MAX_BYTES
          + " (1 MiB).";
    }
    return problem(keyspace);
  }

  /** Returns what is wrong with an element of a set in one sentence, or null. */
  static @Nullable String elementProblem(Bytes element) {
    return element.isEmpty() || element.size() > ELEMENT_MAX_BYTES
        ? "The element has "
            + element.size()
            + " bytes; allowed are 1 to "
            + ELEMENT_MAX_BYTES
            + "."
        : null;
  }
}
