package io.capstan.chaos.check.linear;

import org.jspecify.annotations.Nullable;

/**
 * A number: {@code add d} (also {@code inc}, {@code increment}), {@code dec d} (also {@code
 * decrement}), {@code read -> n}. Without an argument the step is one.
 */
public final class CounterModel implements Model<Long> {
  private final long initialNumber;

  /**
   * A counter that starts here.
   *
   * @param initialValue null is zero
   */
  public CounterModel(@Nullable Object initialValue) {
    this.initialNumber =
        switch (initialValue) {
          case null -> 0L;
          case Number number -> number.longValue();
          default ->
              throw new IllegalArgumentException(
                  "a counter starts with a whole number, not with " + initialValue);
        };
  }

  @Override
  public String name() {
    return "counter";
  }

  @Override
  public Long initial() {
    return initialNumber;
  }

  @Override
  public @Nullable Long step(Long state, Call call) {
    return switch (call.f()) {
      case "read", "get" ->
          !call.answered() || (call.output() instanceof Long seen && seen.equals(state))
              ? state
              : null;
      case "add", "inc", "increment" -> Math.addExact(state, amount(call));
      case "dec", "decrement" -> Math.subtractExact(state, amount(call));
      default -> throw unsupported(call);
    };
  }

  private long amount(Call call) {
    return switch (call.input()) {
      case null -> 1L;
      case Long number -> number;
      default -> throw unsupported(call);
    };
  }

  private UnsupportedCallException unsupported(Call call) {
    return new UnsupportedCallException(name(), call, "read, add d, inc, dec d with whole numbers");
  }

  @Override
  public boolean isReadOnly(Call call) {
    return call.f().equals("read") || call.f().equals("get");
  }

  @Override
  public boolean isGrowing(Call call) {
    return switch (call.f()) {
      case "add", "inc", "increment" -> amount(call) >= 0;
      default -> false;
    };
  }

  @Override
  public boolean mayGrowInto(Long state, Call read) {
    return !(read.output() instanceof Long seen) || state <= seen;
  }

  @Override
  public boolean canObserve(Call observer, Call effect) {
    return isReadOnly(observer);
  }
}
