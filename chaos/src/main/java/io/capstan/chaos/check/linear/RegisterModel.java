package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One value that is read, written and, if allowed, compared and set: {@code read -> v}, {@code
 * write v}, {@code cas [old new]}. A {@code cas} that failed had no effect and is not part of the
 * search.
 */
public final class RegisterModel implements Model<RegisterModel.State> {
  private final String name;
  private final boolean compareAndSet;
  private final @Nullable Object initialValue;

  private RegisterModel(String name, boolean compareAndSet, @Nullable Object initialValue) {
    this.name = name;
    this.compareAndSet = compareAndSet;
    this.initialValue = HistoryValues.canonical(initialValue);
  }

  /** Reads and writes. */
  public static RegisterModel register(@Nullable Object initialValue) {
    return new RegisterModel("register", false, initialValue);
  }

  /** Reads, writes and compare-and-set. */
  public static RegisterModel casRegister(@Nullable Object initialValue) {
    return new RegisterModel("cas-register", true, initialValue);
  }

  /** The register's content. */
  public record State(@Nullable Object value) {
    @Override
    public String toString() {
      return HistoryValues.show(value);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public State initial() {
    return new State(initialValue);
  }

  @Override
  public @Nullable Object initialValue() {
    return initialValue;
  }

  @Override
  public @Nullable State step(State state, Call call) {
    Footprint footprint = footprint(call);
    if (footprint.observes() && !Objects.equals(footprint.observed(), state.value())) {
      return null;
    }
    if (!footprint.produces() || Objects.equals(footprint.produced(), state.value())) {
      return state;
    }
    return new State(footprint.produced());
  }

  @Override
  public Footprint footprint(Call call) {
    switch (call.f()) {
      case "read", "get", "r" -> {
        return call.answered() ? Footprint.reading(call.output()) : Footprint.none();
      }
      case "write", "put", "w" -> {
        return Footprint.writing(call.input());
      }
      case "delete" -> {
        return Footprint.writing(null);
      }
      case "cas" -> {
        if (compareAndSet && call.input() instanceof List<?> pair && pair.size() == 2) {
          return Footprint.replacing(pair.get(0), pair.get(1));
        }
        throw unsupported(call);
      }
      default -> throw unsupported(call);
    }
  }

  private UnsupportedCallException unsupported(Call call) {
    return new UnsupportedCallException(
        name,
        call,
        compareAndSet ? "read, write v, delete and cas [old new]" : "read, write v and delete");
  }

  @Override
  public boolean isReadOnly(Call call) {
    return !footprint(call).produces();
  }

  @Override
  public boolean isUnconditional(Call call) {
    return isBlind(call);
  }

  @Override
  public boolean isBlind(Call call) {
    Footprint footprint = footprint(call);
    return footprint.produces() && !footprint.observes();
  }

  @Override
  public boolean canObserve(Call observer, Call effect) {
    Footprint seen = footprint(observer);
    Footprint left = footprint(effect);
    return seen.observes() && left.produces() && Objects.equals(seen.observed(), left.produced());
  }
}
