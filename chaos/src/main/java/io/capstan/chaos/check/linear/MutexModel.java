package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import org.jspecify.annotations.Nullable;

/** A lock: {@code acquire} where it is free, {@code release} where it is held. */
public final class MutexModel implements Model<Boolean> {
  private final boolean initiallyHeld;

  /**
   * A lock.
   *
   * @param initialValue whether it is held at first; null is free
   */
  public MutexModel(@Nullable Object initialValue) {
    this.initiallyHeld =
        switch (initialValue) {
          case null -> false;
          case Boolean held -> held;
          default ->
              throw new IllegalArgumentException(
                  "a mutex is held at first or not: true or false, not "
                      + HistoryValues.show(initialValue));
        };
  }

  @Override
  public String name() {
    return "mutex";
  }

  @Override
  public Boolean initial() {
    return initiallyHeld;
  }

  @Override
  public @Nullable Object initialValue() {
    return initiallyHeld;
  }

  @Override
  public @Nullable Boolean step(Boolean state, Call call) {
    boolean acquires = acquires(call);
    return acquires == state ? null : (Boolean) acquires;
  }

  private boolean acquires(Call call) {
    return switch (call.f()) {
      case "acquire", "lock" -> true;
      case "release", "unlock" -> false;
      default -> throw new UnsupportedCallException(name(), call, "acquire and release");
    };
  }

  @Override
  public boolean isReadOnly(Call call) {
    acquires(call);
    return false;
  }

  @Override
  public String show(Boolean state) {
    return state ? "held" : "free";
  }
}
