package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The reads and writes of a history that took effect: the acknowledged ones, and of those of
 * unknown outcome the writes that somebody saw. Knows {@code read}, {@code write}, {@code cas [old
 * new]}, {@code delete} and their other names.
 */
final class Accesses {
  private static final Set<String> READS = Set.of("read", "get", "r");
  private static final Set<String> WRITES = Set.of("write", "put", "w", "post");

  final List<Access> all = new ArrayList<>();
  final @Nullable Object initial;

  /** How many chains there are. */
  int chains;

  /** Whether reads return lists of values that stand beside each other. */
  final boolean siblings;

  private final Map<List<@Nullable Object>, List<Access>> writers = new HashMap<>();
  private final List<Operation> failed = new ArrayList<>();

  /**
   * Prepares operations, given by invocation.
   *
   * @throws IllegalArgumentException for operations that are neither reads nor writes
   */
  Accesses(List<Operation> operations, @Nullable Object initial) {
    this.initial = HistoryValues.canonical(initial);
    this.siblings =
        operations.stream()
            .anyMatch(o -> o.isOk() && READS.contains(o.f()) && o.output() instanceof List<?>);
    Set<List<@Nullable Object>> seenValues = new HashSet<>();
    for (Operation operation : operations) {
      if (operation.isOk()) {
        List<@Nullable Object> seen = seen(operation);
        if (seen != null) {
          seen.forEach(value -> seenValues.add(pair(operation.key(), value)));
        }
      }
    }
    closeOverUnknown(operations, seenValues);
    Map<Long, Access> lastByProcess = new HashMap<>();
    Map<Long, Integer> chainByProcess = new HashMap<>();
    Map<Long, Integer> length = new HashMap<>();
    for (Operation operation : operations) {
      boolean writes = writes(operation);
      if (operation.outcome() == Outcome.FAILED) {
        if (writes) {
          failed.add(operation);
        }
        continue;
      }
      boolean tookEffect =
          operation.isOk()
              || (writes && seenValues.contains(pair(operation.key(), written(operation))));
      if (!tookEffect) {
        continue;
      }
      Access access =
          new Access(
              all.size(), operation, seen(operation), writes, writes ? written(operation) : null);
      all.add(access);
      access.before = lastByProcess.get(operation.process());
      if (operation.isOk()) {
        access.chain = chainByProcess.computeIfAbsent(operation.process(), unused -> chains++);
        access.place = length.merge(operation.process(), 1, Integer::sum) - 1;
        lastByProcess.put(operation.process(), access);
      } else {
        // It may have taken effect after what this client did next.
        access.chain = chains++;
      }
      if (writes) {
        writers
            .computeIfAbsent(pair(access.key(), access.written), unused -> new ArrayList<>(1))
            .add(access);
      }
    }
  }

  /** What a compare-and-set of unknown outcome expected was there, if what it left was seen. */
  private static void closeOverUnknown(
      List<Operation> operations, Set<List<@Nullable Object>> seenValues) {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Operation operation : operations) {
        if (operation.outcome() == Outcome.UNKNOWN
            && operation.f().equals("cas")
            && seenValues.contains(pair(operation.key(), written(operation)))) {
          changed |= seenValues.add(pair(operation.key(), casPair(operation).get(0)));
        }
      }
    }
  }

  private static List<@Nullable Object> pair(@Nullable Object key, @Nullable Object value) {
    List<@Nullable Object> pair = new ArrayList<>(2);
    pair.add(key);
    pair.add(value);
    return pair;
  }

  private static List<?> casPair(Operation operation) {
    if (operation.input() instanceof List<?> pair && pair.size() == 2) {
      return pair;
    }
    throw unknown(operation);
  }

  private static boolean writes(Operation operation) {
    return WRITES.contains(operation.f())
        || operation.f().equals("delete")
        || operation.f().equals("cas");
  }

  private static @Nullable Object written(Operation operation) {
    return switch (operation.f()) {
      case "delete" -> null;
      case "cas" -> casPair(operation).get(1);
      default -> operation.input();
    };
  }

  private @Nullable List<@Nullable Object> seen(Operation operation) {
    if (operation.f().equals("cas")) {
      return Collections.singletonList(casPair(operation).get(0));
    }
    if (!READS.contains(operation.f())) {
      if (!writes(operation)) {
        throw unknown(operation);
      }
      return null;
    }
    if (!siblings) {
      return Collections.singletonList(operation.output());
    }
    List<@Nullable Object> values = operation.outputValues();
    return values.isEmpty() ? Collections.singletonList(null) : values;
  }

  private static IllegalArgumentException unknown(Operation operation) {
    return new IllegalArgumentException(
        "the consistency ladder knows read, write v, delete and cas [old new], but client "
            + operation.process()
            + " did "
            + operation.f()
            + " "
            + HistoryValues.show(operation.input()));
  }

  /** Who can have left this value for that reader: nobody that began only after it ended. */
  List<Access> candidates(Access reader, @Nullable Object value) {
    List<Access> found = writers.getOrDefault(pair(reader.key(), value), List.of());
    if (found.stream().allMatch(w -> isPossible(w, reader))) {
      return found;
    }
    return found.stream().filter(w -> isPossible(w, reader)).toList();
  }

  private static boolean isPossible(Access writer, Access reader) {
    return writer != reader
        && writer.operation.invokePosition() < reader.operation.completePosition();
  }

  boolean isInitial(@Nullable Object value) {
    return Objects.equals(value, initial);
  }

  /** A read of something that nobody can have written: the first there is, told. */
  Optional<Uncaused> uncaused() {
    for (Access access : all) {
      if (access.seen == null) {
        continue;
      }
      for (Object value : access.seen) {
        if (!isInitial(value) && candidates(access, value).isEmpty()) {
          return Optional.of(uncaused(access, value));
        }
      }
    }
    return Optional.empty();
  }

  private Uncaused uncaused(Access access, @Nullable Object value) {
    for (Operation operation : failed) {
      if (Objects.equals(operation.key(), access.key())
          && Objects.equals(written(operation), value)) {
        return new Uncaused(
            access.told()
                + " although client "
                + operation.process()
                + "'s "
                + operation.f()
                + " of it failed, which means that it had no effect",
            List.of(operation, access.operation));
      }
    }
    return new Uncaused(
        access.told() + " although nobody had written " + HistoryValues.show(value),
        List.of(access.operation));
  }

  /**
   * A read without a cause.
   *
   * @param sentence told
   * @param operations those that show it
   */
  record Uncaused(String sentence, List<Operation> operations) {}
}
