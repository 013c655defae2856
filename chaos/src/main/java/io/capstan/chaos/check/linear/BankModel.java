package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Accounts with balances: {@code transfer {from a, to b, amount n}} and {@code read -> {account
 * balance ...}}, which may name all accounts or some. All accounts are one object, so nothing is
 * split by key.
 */
public final class BankModel implements Model<BankModel.Balances> {
  private final Map<@Nullable Object, Integer> numberByAccount = new LinkedHashMap<>();
  private final Balances initial;
  private final boolean negativeAllowed;

  /**
   * A bank.
   *
   * @param initialBalances account to balance; every account that the history names
   * @param negativeAllowed whether a transfer may take an account below zero; if not, one that
   *     would must not have succeeded
   */
  public BankModel(Map<?, ? extends Number> initialBalances, boolean negativeAllowed) {
    long[] balances = new long[initialBalances.size()];
    initialBalances.forEach(
        (account, balance) -> {
          int number = numberByAccount.size();
          numberByAccount.put(HistoryValues.canonical(account), number);
          balances[number] = balance.longValue();
        });
    this.initial = new Balances(balances);
    this.negativeAllowed = negativeAllowed;
  }

  /** Balances in the order in which the accounts were given. */
  public static final class Balances {
    private final long[] amounts;
    private final int hash;

    Balances(long[] amounts) {
      this.amounts = amounts;
      this.hash = Arrays.hashCode(amounts);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Balances balances && Arrays.equals(amounts, balances.amounts);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  @Override
  public String name() {
    return "bank";
  }

  @Override
  public Balances initial() {
    return initial;
  }

  @Override
  public @Nullable Balances step(Balances state, Call call) {
    return switch (call.f()) {
      case "read" -> !call.answered() || matches(state, call) ? state : null;
      case "transfer" -> transfer(state, call);
      default -> throw unsupported(call);
    };
  }

  private boolean matches(Balances state, Call call) {
    if (!(call.output() instanceof Map<?, ?> seen)) {
      throw unsupported(call);
    }
    for (Map.Entry<?, ?> entry : seen.entrySet()) {
      Integer account = numberByAccount.get(entry.getKey());
      if (account == null
          || !(entry.getValue() instanceof Long balance)
          || balance != state.amounts[account]) {
        return false;
      }
    }
    return true;
  }

  private @Nullable Balances transfer(Balances state, Call call) {
    if (!(call.input() instanceof Map<?, ?> order)) {
      throw unsupported(call);
    }
    Map<String, @Nullable Object> fields = new HashMap<>();
    order.forEach((name, value) -> fields.put(String.valueOf(name).replaceFirst("^:", ""), value));
    Integer from = numberByAccount.get(fields.get("from"));
    Integer to = numberByAccount.get(fields.get("to"));
    if (from == null || to == null || !(fields.get("amount") instanceof Long amount)) {
      throw unsupported(call);
    }
    if (!negativeAllowed && state.amounts[from] < amount) {
      return null;
    }
    long[] changed = state.amounts.clone();
    changed[from] -= amount;
    changed[to] += amount;
    return new Balances(changed);
  }

  private UnsupportedCallException unsupported(Call call) {
    return new UnsupportedCallException(
        name(),
        call,
        "transfer {from, to, amount} and read -> {account balance} over the accounts "
            + HistoryValues.show(numberByAccount.keySet()));
  }

  @Override
  public boolean isReadOnly(Call call) {
    return call.f().equals("read");
  }

  @Override
  public boolean isPerKey() {
    return false;
  }

  @Override
  public long sizeBytes(Balances state) {
    return 64L + 8L * state.amounts.length;
  }

  @Override
  public String show(Balances state) {
    StringBuilder text = new StringBuilder("{");
    numberByAccount.forEach(
        (account, number) ->
            text.append(text.length() == 1 ? "" : ", ")
                .append(HistoryValues.show(account))
                .append('=')
                .append(state.amounts[number]));
    return text.append('}').toString();
  }
}
