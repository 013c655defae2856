package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.client.Mode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One client of a bank in an AP keyspace, which has no transactions: a transfer reads both accounts
 * and writes both, a look at all accounts reads one after the other. That is how money is lost and
 * made. The choices are those of {@link BankScript}.
 */
final class MoneyScript extends StepScript {
  private final BankScript choices;
  private final List<String> accounts;

  MoneyScript(int client, RandomGenerator random, List<String> accounts, List<String> registers) {
    super(client, random, Mode.AP);
    this.accounts = accounts;
    this.choices = new BankScript(client, random, accounts, registers);
  }

  @Override
  public Attempt next(Phase phase) {
    BankScript.Choice choice = choices.choose();
    return switch (choice.f()) {
      case BankWorkload.TRANSFER -> {
        Map<String, Object> order = new LinkedHashMap<>();
        order.put("from", choice.first());
        order.put("to", choice.second());
        order.put("amount", choice.amount());
        yield attempt(choice.f(), null, order, new Request.Read(choice.first()));
      }
      case BankWorkload.READ_ALL ->
          attempt(choice.f(), null, null, new Request.Read(accounts.get(0)));
      case "write" ->
          attempt(
              "write",
              choice.first(),
              choice.amount(),
              new Request.Write(choice.first(), Long.toString(choice.amount()), null));
      default -> attempt("read", choice.first(), null, new Request.Read(choice.first()));
    };
  }

  @Override
  @Nullable Request next(Attempt attempt, Memo memo, Reply reply) {
    if (attempt.f().equals(BankWorkload.READ_ALL)) {
      return memo.read.size() < accounts.size()
          ? new Request.Read(accounts.get(memo.read.size()))
          : null;
    }
    if (!(attempt.value() instanceof Map<?, ?> order)) {
      return null;
    }
    String from = String.valueOf(order.get("from"));
    String to = String.valueOf(order.get("to"));
    long amount = order.get("amount") instanceof Long wanted ? wanted : 0;
    if (memo.read.size() < 2) {
      return new Request.Read(to);
    }
    String fromHeld = memo.chosen(from);
    String toHeld = memo.chosen(to);
    if (fromHeld == null || toHeld == null || Long.parseLong(fromHeld) < amount) {
      return null;
    }
    return switch (memo.written) {
      case 0 ->
          new Request.Write(
              from, Long.toString(Long.parseLong(fromHeld) - amount), memo.contexts.get(from));
      case 1 ->
          new Request.Write(
              to, Long.toString(Long.parseLong(toHeld) + amount), memo.contexts.get(to));
      default -> null;
    };
  }

  @Override
  Ending answered(Attempt attempt, Memo memo, Reply reply) {
    return switch (attempt.f()) {
      case BankWorkload.READ_ALL -> {
        Map<String, @Nullable Object> balances = new LinkedHashMap<>();
        accounts.forEach(account -> balances.put(account, number(memo.chosen(account))));
        yield Ending.of(EventType.OK, balances);
      }
      case BankWorkload.TRANSFER ->
          memo.written == 2
              ? Ending.of(EventType.OK, attempt.value())
              : withError(EventType.FAIL, attempt, Ending.COMPARISON_FAILED);
      case "write" -> written(attempt, reply);
      default -> Ending.of(EventType.OK, shown(reply.valuesOf(String.valueOf(attempt.key()))));
    };
  }
}
