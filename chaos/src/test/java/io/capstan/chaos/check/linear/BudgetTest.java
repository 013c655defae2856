package io.capstan.chaos.check.linear;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A search that would take for ever stops where it was told to, and says why. */
class BudgetTest {
  private static final int WRITERS = 40;

  /**
   * So many writes at once, all acknowledged, and two reads that no order can serve: 2^40 ways to
   * try.
   */
  private static History hopeless() {
    HistoryScript script = new HistoryScript();
    for (int writer = 0; writer < WRITERS; writer++) {
      script.invoke(writer, "add", 1L << writer);
    }
    script.read(100, (1L << 41) - 2).read(100, 1);
    for (int writer = 0; writer < WRITERS; writer++) {
      script.ok(writer);
    }
    return script.history();
  }

  private static Verdict check(Budget budget) {
    return new LinearizabilityChecker(1, true)
        .check(hopeless(), new DecreasingCounter(), budget)
        .verdict();
  }

  /** A counter that does not say that it only grows, so that the search cannot look ahead. */
  private static final class DecreasingCounter implements Model<Long> {
    private final CounterModel counter = new CounterModel(null);

    @Override
    public String name() {
      return "plain counter";
    }

    @Override
    public Long initial() {
      return counter.initial();
    }

    @Override
    public Long step(Long state, Call call) {
      return counter.step(state, call);
    }

    @Override
    public boolean isReadOnly(Call call) {
      return counter.isReadOnly(call);
    }
  }

  @Test
  @Timeout(20)
  void timeRunsOut() {
    long start = System.nanoTime();

    Verdict verdict = check(Budget.of(Duration.ofMillis(300), 1L << 33));

    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why()).contains("the time budget of 300 ms ran out after");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  @Timeout(60)
  void memoryRunsOut() {
    Verdict verdict = check(Budget.of(Duration.ofSeconds(50), 16 << 20));

    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why()).contains("the memory budget of 16 MiB ran out");
  }

  @Test
  void anInterruptedCheckStops() {
    Thread.currentThread().interrupt();
    Verdict verdict = check(Budget.of(Duration.ofSeconds(50)));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why()).contains("interrupted");
  }

  @Test
  void oneHardKeyDoesNotHideWhatIsWrongWithAnother() {
    HistoryScript script = new HistoryScript().on("hard");
    for (int writer = 0; writer < WRITERS; writer++) {
      script.invoke(writer, "add", 1L << writer);
    }
    script.read(100, (1L << 41) - 2).read(100, 1);
    script.on("easy").did(200, "add", 1).read(200, 5);

    LinearizabilityReport report =
        new LinearizabilityChecker(1, true)
            .check(script.history(), new DecreasingCounter(), Budget.of(Duration.ofMillis(200)));

    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.verdict().why()).startsWith("key easy");
  }

  @Test
  void aBudgetStaysExhausted() {
    AtomicLong clock = new AtomicLong();
    Budget budget = Budget.of(Duration.ofSeconds(2), 1L << 40, clock::get);

    assertThat(budget.exhausted()).isNull();
    clock.set(2_000_000_001L);
    assertThat(budget.exhausted()).isEqualTo("the time budget of 2 s ran out");
    clock.set(0);
    assertThat(budget.exhausted()).isEqualTo("the time budget of 2 s ran out");
  }
}
