package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A queue, first in first out: {@code enqueue v}, {@code dequeue -> v}, which answers nil where
 * there is nothing.
 */
public final class FifoQueueModel implements Model<List<@Nullable Object>> {
  private final List<@Nullable Object> initial;

  /**
   * A queue that holds these elements at first.
   *
   * @param initialValue a list, the first to come out first; null is the empty queue
   */
  public FifoQueueModel(@Nullable Object initialValue) {
    this.initial =
        switch (HistoryValues.canonical(initialValue)) {
          case null -> List.of();
          case Collection<?> list ->
              Collections.unmodifiableList(new ArrayList<@Nullable Object>(list));
          default ->
              throw new IllegalArgumentException(
                  "a queue starts with a list of elements, not with "
                      + HistoryValues.show(initialValue));
        };
  }

  @Override
  public String name() {
    return "fifo-queue";
  }

  @Override
  public List<@Nullable Object> initial() {
    return initial;
  }

  @Override
  public @Nullable List<@Nullable Object> step(List<@Nullable Object> state, Call call) {
    return switch (call.f()) {
      case "enqueue" -> {
        List<@Nullable Object> longer = new ArrayList<>(state.size() + 1);
        longer.addAll(state);
        longer.add(call.input());
        yield Collections.unmodifiableList(longer);
      }
      case "dequeue" -> dequeue(state, call);
      default -> throw new UnsupportedCallException(name(), call, "enqueue v and dequeue -> v");
    };
  }

  private static @Nullable List<@Nullable Object> dequeue(List<@Nullable Object> state, Call call) {
    if (state.isEmpty()) {
      return call.output() == null ? state : null;
    }
    return !call.answered() || Objects.equals(state.get(0), call.output())
        ? Collections.unmodifiableList(
            new ArrayList<@Nullable Object>(state.subList(1, state.size())))
        : null;
  }

  @Override
  public boolean isReadOnly(Call call) {
    return false;
  }

  @Override
  public long sizeBytes(List<@Nullable Object> state) {
    return 64L + 8L * state.size();
  }

  @Override
  public String show(List<@Nullable Object> state) {
    return HistoryValues.show(state);
  }
}
