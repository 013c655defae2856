package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Keyword;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Several registers that are read and written together: {@code txn [[:read x v] [:write y w]]}, all
 * steps at once. Linearizable here is what strictly serializable is for transactions. All registers
 * are one object, so nothing is split by key.
 */
public final class MultiRegisterModel implements Model<Map<@Nullable Object, @Nullable Object>> {
  private final Map<@Nullable Object, @Nullable Object> initial;

  /**
   * Registers that hold these values at first.
   *
   * @param initialValue a map of register to value; null where all hold nil
   */
  public MultiRegisterModel(@Nullable Object initialValue) {
    this.initial =
        switch (HistoryValues.canonical(initialValue)) {
          case null -> Map.of();
          case Map<?, ?> map -> HistoryValues.canonicalMap(map);
          default ->
              throw new IllegalArgumentException(
                  "several registers start with a map, not with "
                      + HistoryValues.show(initialValue));
        };
  }

  @Override
  public String name() {
    return "multi-register";
  }

  @Override
  public Map<@Nullable Object, @Nullable Object> initial() {
    return initial;
  }

  @Override
  public @Nullable Map<@Nullable Object, @Nullable Object> step(
      Map<@Nullable Object, @Nullable Object> state, Call call) {
    Map<@Nullable Object, @Nullable Object> changed = null;
    for (Object part : steps(call)) {
      List<?> step = (List<?>) Objects.requireNonNull(part);
      Map<@Nullable Object, @Nullable Object> now = changed == null ? state : changed;
      if (isWrite(step, call)) {
        changed = new HashMap<>(now);
        changed.put(step.get(1), step.get(2));
      } else if (call.answered() && !Objects.equals(now.get(step.get(1)), step.get(2))) {
        return null;
      }
    }
    return changed == null ? state : Collections.unmodifiableMap(changed);
  }

  private List<?> steps(Call call) {
    Object value = call.answered() ? call.output() : call.input();
    if (call.f().equals("txn") && value instanceof List<?> steps) {
      return steps;
    }
    throw unsupported(call);
  }

  private boolean isWrite(List<?> step, Call call) {
    if (step.size() != 3) {
      throw unsupported(call);
    }
    String name =
        step.get(0) instanceof Keyword keyword ? keyword.name() : String.valueOf(step.get(0));
    return switch (name) {
      case "write", "w", ":write", ":w" -> true;
      case "read", "r", ":read", ":r" -> false;
      default -> throw unsupported(call);
    };
  }

  private UnsupportedCallException unsupported(Call call) {
    return new UnsupportedCallException(name(), call, "txn [[:read x v] [:write x v] ...]");
  }

  @Override
  public boolean isReadOnly(Call call) {
    return steps(call).stream().noneMatch(step -> step instanceof List<?> l && isWrite(l, call));
  }

  @Override
  public boolean isPerKey() {
    return false;
  }

  @Override
  public long sizeBytes(Map<@Nullable Object, @Nullable Object> state) {
    return 64L + 48L * state.size();
  }

  @Override
  public String show(Map<@Nullable Object, @Nullable Object> state) {
    return HistoryValues.show(state);
  }
}
