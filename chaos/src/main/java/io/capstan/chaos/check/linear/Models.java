package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The models that a name on the command line can stand for. */
public final class Models {
  /** The names, in the order in which help lists them. */
  public static final List<String> NAMES =
      List.of(
          "register",
          "cas-register",
          "kv",
          "set",
          "counter",
          "bank",
          "mutex",
          "fifo-queue",
          "multi-register");

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
      case "bank" -> Optional.of(bank(initialValue));
      case "mutex" -> Optional.of(new MutexModel(initialValue));
      case "fifo-queue" -> Optional.of(new FifoQueueModel(initialValue));
      case "multi-register" -> Optional.of(new MultiRegisterModel(initialValue));
      default -> Optional.empty();
    };
  }

  private static BankModel bank(@Nullable Object initialValue) {
    if (!(HistoryValues.canonical(initialValue) instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException(
          "a bank starts with a map of account to balance, such as {\"a\" 10, \"b\" 10}");
    }
    Map<Object, Long> balances = new LinkedHashMap<>();
    map.forEach(
        (account, balance) -> {
          if (account == null || !(balance instanceof Long amount)) {
            throw new IllegalArgumentException(
                "the balance of account " + HistoryValues.show(account) + " is no whole number");
          }
          balances.put(account, amount);
        });
    return new BankModel(balances, false);
  }
}
