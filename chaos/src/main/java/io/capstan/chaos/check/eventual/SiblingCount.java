package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How often clients were shown several values at once.
 *
 * @param reads successful reads that returned more than one value
 * @param keys keys on which that happened
 * @param siblingsMax the most values in one answer
 */
public record SiblingCount(int reads, int keys, int siblingsMax) {
  /** Counts over the reads of a history. */
  public static SiblingCount of(History history) {
    int reads = 0;
    int most = 0;
    Set<@Nullable Object> keys = new HashSet<>();
    for (Operation operation : history.operations()) {
      boolean read = operation.f().equals("read") || operation.f().equals("get");
      if (read && operation.isOk() && operation.outputValues().size() > 1) {
        reads++;
        keys.add(operation.key());
        most = Math.max(most, operation.outputValues().size());
      }
    }
    return new SiblingCount(reads, keys.size(), most);
  }
}
