package io.capstan.chaos.check.txn;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Keyword;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes transactions in short: {@code a x 1} appends 1 to x, {@code r x 12} reads [1, 2], {@code r
 * x -} reads the empty list; steps are parted by commas.
 */
final class TransactionScript {
  private final HistoryScript script = new HistoryScript();

  TransactionScript begin(long client, String steps) {
    script.invoke(client, "txn", parse(steps));
    return this;
  }

  TransactionScript ok(long client, String steps) {
    script.ok(client, parse(steps));
    return this;
  }

  TransactionScript fail(long client) {
    script.fail(client);
    return this;
  }

  TransactionScript info(long client) {
    script.info(client);
    return this;
  }

  /** A transaction that nothing else overlaps. */
  TransactionScript did(long client, String steps) {
    return begin(client, steps).ok(client, steps);
  }

  /** All of these at once: each begins before any ends. */
  TransactionScript together(String... transactions) {
    for (int client = 0; client < transactions.length; client++) {
      begin(client, transactions[client]);
    }
    for (int client = 0; client < transactions.length; client++) {
      ok(client, transactions[client]);
    }
    return this;
  }

  History history() {
    return script.history();
  }

  private static List<Object> parse(String steps) {
    List<Object> parsed = new ArrayList<>();
    for (String step : steps.split(",", -1)) {
      String[] words = step.strip().split(" ", -1);
      if (words[0].equals("a")) {
        parsed.add(List.of(new Keyword("append"), words[1], Long.parseLong(words[2])));
      } else {
        List<Long> read =
            words[2].equals("-")
                ? List.of()
                : words[2].chars().mapToObj(digit -> (long) digit - '0').toList();
        parsed.add(List.of(new Keyword("r"), words[1], read));
      }
    }
    return parsed;
  }
}
