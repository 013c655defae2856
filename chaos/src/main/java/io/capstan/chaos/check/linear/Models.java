package io.capstan.chaos.check.linear;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The models that a name on the command line can stand for. */
public final class Models {
  /** The names, in the order in which help lists them. */
  public static final List<String> NAMES =
      List.of("register", "cas-register", "kv", "set", "counter");

  private Models() {}

  /**
   * The model of this name.
   *
   * @param initialValue what the object holds before the first operation; null for the model's own
   *     default
   * @throws IllegalArgumentException if the initial value does not fit the model
   */
  public static Optional<Model<?>> named(String name, @Nullable Object initialValue) {
    return switch (name) {
      case "register" -> Optional.of(RegisterModel.register(initialValue));
      case "cas-register" -> Optional.of(RegisterModel.casRegister(initialValue));
      case "kv" -> Optional.of(new KvModel(initialValue));
      case "set" -> Optional.of(new SetModel(initialValue));
      case "counter" -> Optional.of(new CounterModel(initialValue));
      default -> Optional.empty();
    };
  }
}
