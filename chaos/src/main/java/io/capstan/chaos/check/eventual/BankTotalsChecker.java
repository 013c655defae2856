package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Every read of all accounts adds up to the same total, since transfers only move money. Much
 * weaker than linearizability, and for that decided in one pass over any number of operations.
 * Stateless.
 */
public final class BankTotalsChecker {
  /** So many violations are listed; all are counted. */
  public static final int LISTED_MAX = 100;

  private BankTotalsChecker() {}

  /**
   * A read that does not add up.
   *
   * @param read the read
   * @param sentence what is wrong with it
   */
  public record Violation(Operation read, String sentence) {}

  /**
   * The answer.
   *
   * @param verdict whether every total holds
   * @param reads how many reads were judged
   * @param violationCount how many do not add up
   * @param violations the first of these
   */
  public record Report(
      Verdict verdict, int reads, int violationCount, List<Violation> violations) {}

  /**
   * Judges every successful {@code read} or {@code read-all} whose answer is a map of account to
   * balance.
   *
   * @param accounts the accounts that such a read names
   * @param total what their balances add up to
   * @param negativeAllowed whether a balance may be below zero
   */
  public static Report check(
      History history, Collection<?> accounts, long total, boolean negativeAllowed) {
    Set<@Nullable Object> expected =
        accounts.stream().map(HistoryValues::canonical).collect(Collectors.toSet());
    int reads = 0;
    int wrong = 0;
    List<Violation> violations = new ArrayList<>();
    for (Operation operation : history.operations()) {
      boolean read = operation.f().equals("read") || operation.f().equals("read-all");
      if (!read || !operation.isOk() || !(operation.output() instanceof Map<?, ?> balances)) {
        continue;
      }
      reads++;
      Optional<String> fault = fault(balances, expected, total, negativeAllowed);
      if (fault.isPresent()) {
        wrong++;
        if (violations.size() < LISTED_MAX) {
          violations.add(
              new Violation(
                  operation,
                  "client " + operation.process() + "'s read" + at(operation) + " " + fault.get()));
        }
      }
    }
    return new Report(verdict(reads, wrong, violations, total), reads, wrong, violations);
  }

  private static Optional<String> fault(
      Map<?, ?> balances, Set<@Nullable Object> accounts, long total, boolean negativeAllowed) {
    if (!balances.keySet().equals(accounts)) {
      return Optional.of(
          "names the accounts "
              + HistoryValues.show(balances.keySet())
              + ", not "
              + HistoryValues.show(accounts));
    }
    long sum = 0;
    for (Map.Entry<?, ?> entry : balances.entrySet()) {
      if (!(entry.getValue() instanceof Long balance)) {
        return Optional.of("finds no number in account " + HistoryValues.show(entry.getKey()));
      }
      if (balance < 0 && !negativeAllowed) {
        return Optional.of(
            "finds " + balance + " in account " + HistoryValues.show(entry.getKey()));
      }
      sum += balance;
    }
    return sum == total ? Optional.empty() : Optional.of("adds up to " + sum + ", not " + total);
  }

  private static Verdict verdict(int reads, int wrong, List<Violation> violations, long total) {
    if (wrong > 0) {
      return Verdict.invalid(
          violations.get(0).sentence() + (wrong == 1 ? "" : " (and " + (wrong - 1) + " more)"),
          List.of(violations.get(0).read()));
    }
    return reads == 0
        ? Verdict.unknown("no read of all accounts succeeded")
        : Verdict.valid("all " + reads + " reads add up to " + total);
  }

  private static String at(Operation read) {
    return read.completeNanos() == HistoryEvent.NO_TIME
        ? ""
        : String.format(Locale.ROOT, " at %.1f s", read.completeNanos() / 1e9);
  }
}
