package io.capstan.client;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Makes one value of concurrent ones.
 *
 * <p>Two clients may resolve the same siblings at once, and somebody may resolve their results
 * again. The values settle only if the order does not matter and resolving twice changes nothing: a
 * union, a maximum, the lines of both texts; not a sum.
 */
@FunctionalInterface
public interface Resolver {
  /**
   * Resolves.
   *
   * @param siblings two or more; the value of one that is a delete is null
   * @return the value that replaces all of them; null deletes the key
   */
  @Nullable Bytes resolve(List<Sibling> siblings);

  /** Combines values two by two and lets a value win over a delete that did not know of it. */
  static Resolver ofValues(BinaryOperator<Bytes> combine) {
    return siblings -> {
      List<Bytes> values = new ArrayList<>();
      for (Sibling sibling : siblings) {
        Bytes value = sibling.value();
        if (value != null) {
          values.add(value);
        }
      }
      return values.stream().reduce(combine).orElse(null);
    };
  }
}
