package io.capstan.chaos.check.claim;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.element.CounterBoundsChecker;
import io.capstan.chaos.check.element.QueueChecker;
import io.capstan.chaos.check.element.SetElementsChecker;
import io.capstan.chaos.check.element.UniqueIdsChecker;
import io.capstan.chaos.check.eventual.BankTotalsChecker;
import io.capstan.chaos.check.eventual.ConservationChecker;
import io.capstan.chaos.check.eventual.ConvergenceChecker;
import io.capstan.chaos.check.eventual.StaleReadChecker;
import io.capstan.chaos.check.ladder.Ladder;
import io.capstan.chaos.check.ladder.Rung;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.LinearizabilityReport;
import io.capstan.chaos.check.linear.Model;
import io.capstan.chaos.check.linear.Models;
import io.capstan.chaos.check.measure.AvailabilityClaim;
import io.capstan.chaos.check.txn.IsolationLevel;
import io.capstan.chaos.check.txn.ListAppendChecker;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The claims by name. Each entry of {@link #DESCRIPTIONS} says what is claimed and which settings
 * it takes; a setting that a claim does not have is refused.
 */
public final class Claims {
  /** What each claim says, in the order in which help lists them. */
  public static final Map<String, String> DESCRIPTIONS = descriptions();

  private Claims() {}

  private static Map<String, String> descriptions() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put(
        "linearizable",
        "one order of all operations explains every answer and respects real time (model,"
            + " initial, versions)");
    all.put("bank-total", "every read of all accounts adds up (accounts, total, negative)");
    all.put("fresh-reads", "no read misses an acknowledged write (maxMillis, maxVersions)");
    all.put(
        "elements",
        "no element of a set is lost, doubled, unexpected or back after its removal (fresh)");
    all.put("counter-bounds", "every read of a counter lies within what was added (initial)");
    all.put("unique-ids", "no id is given out twice");
    all.put("queue", "what goes into a queue comes out, once");
    all.put("nothing-lost", "every acknowledged write is there, superseded or discarded by rule");
    all.put("converged", "in the end all replicas hold the same");
    all.put("available", "enough attempts of a side of the split are answered (side, min, phase)");
    all.put("sequential", "one order of all operations respects what each client did (initial)");
    all.put("causal", "nobody misses what causally precedes what it knows (initial)");
    all.put("read-your-writes", "a client sees its own writes (initial)");
    all.put("monotonic-reads", "a client never sees older than it saw (initial)");
    all.put("monotonic-writes", "who sees a client's write sees its earlier ones (initial)");
    all.put("writes-follow-reads", "who sees a write sees what its client had read (initial)");
    all.put("eventual", "once writing stops, everybody comes to see the same");
    all.put("ladder", "linearizable; and if not, which weaker guarantees hold and break (initial)");
    for (IsolationLevel level : IsolationLevel.values()) {
      all.put(
          level.label(), "transactions that append to lists and read them are " + level.label());
    }
    return Collections.unmodifiableMap(all);
  }

  /** The names. */
  public static Set<String> names() {
    return DESCRIPTIONS.keySet();
  }

  /**
   * The claim of this name.
   *
   * @param settings by name, as {@link #DESCRIPTIONS} lists them in brackets
   * @throws IllegalArgumentException for an unknown name, and for a setting that is unknown or does
   *     not fit
   */
  public static Claim named(String name, Map<String, ?> settings) {
    ClaimSettings given = new ClaimSettings(name, settings);
    Claim claim = make(name, given);
    given.refuseUnread();
    return claim;
  }

  private static Claim make(String name, ClaimSettings settings) {
    return switch (name) {
      case "linearizable" -> linearizable(settings);
      case "ladder" -> {
        Object initial = settings.value("initial");
        yield (evidence, budget) ->
            Ladder.climb(evidence.history(), initial, evidence.finalStates(), budget).verdict();
      }
      case "bank-total" -> bankTotal(settings);
      case "fresh-reads" -> freshReads(settings);
      case "elements" -> {
        boolean fresh = settings.flag("fresh", false);
        yield (evidence, budget) -> SetElementsChecker.check(evidence.history(), fresh);
      }
      case "counter-bounds" -> {
        long initial = Math.round(settings.number("initial", 0));
        yield (evidence, budget) -> CounterBoundsChecker.check(evidence.history(), initial);
      }
      case "unique-ids" -> (evidence, budget) -> UniqueIdsChecker.check(evidence.history());
      case "queue" -> (evidence, budget) -> QueueChecker.check(evidence.history());
      case "nothing-lost" -> nothingLost();
      case "converged" -> converged();
      case "available" ->
          available(
              settings.text("side", "all"),
              settings.number("min", 1),
              settings.text("phase", "during"));
      default ->
          IsolationLevel.ofLabel(name)
              .map(Claims::isolated)
              .or(() -> Rung.ofLabel(name).map(rung -> rung(rung, settings)))
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "a claim is one of "
                              + String.join(", ", names())
                              + ", not '"
                              + name
                              + "'"));
    };
  }

  private static Claim linearizable(ClaimSettings settings) {
    String model = settings.text("model", "cas-register");
    @Nullable Object initial = settings.value("initial");
    boolean byVersion = settings.flag("versions", false);
    return linearizable(
        byVersion ? new LinearizabilityChecker().withVersions() : new LinearizabilityChecker(),
        Models.named(model, initial)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "a model is one of "
                            + String.join(", ", Models.NAMES)
                            + ", not '"
                            + model
                            + "'")));
  }

  /** Linearizable against any model. */
  public static Claim linearizable(Model<?> model) {
    return linearizable(new LinearizabilityChecker(), model);
  }

  private static Claim linearizable(LinearizabilityChecker checker, Model<?> model) {
    return (evidence, budget) -> {
      LinearizabilityReport report = checker.check(evidence.history(), model, budget);
      return report.pinned();
    };
  }

  private static Claim rung(Rung rung, ClaimSettings settings) {
    Object initial = settings.value("initial");
    return (evidence, budget) ->
        Ladder.judge(rung, evidence.history(), initial, evidence.finalStates(), budget);
  }

  private static Claim isolated(IsolationLevel level) {
    return (evidence, budget) ->
        ListAppendChecker.check(evidence.history(), level, budget).verdict();
  }

  private static Claim bankTotal(ClaimSettings settings) {
    Collection<?> accounts = settings.list("accounts");
    long total = settings.whole("total");
    boolean negative = settings.flag("negative", false);
    return (evidence, budget) ->
        BankTotalsChecker.check(evidence.history(), accounts, total, negative).verdict();
  }

  private static Claim freshReads(ClaimSettings settings) {
    double maxMillis = settings.number("maxMillis", 0);
    double maxVersions = settings.number("maxVersions", 0);
    return (evidence, budget) ->
        StaleReadChecker.check(evidence.history(), read -> true, evidence.discarded())
            .within(maxMillis, maxVersions);
  }

  private static Claim nothingLost() {
    return (evidence, budget) ->
        evidence
            .finalStates()
            .map(
                states ->
                    ConservationChecker.check(evidence.history(), states, evidence.discarded())
                        .verdict())
            .orElseGet(Claims::noFinalStates);
  }

  private static Claim converged() {
    return (evidence, budget) ->
        evidence
            .finalStates()
            .map(states -> ConvergenceChecker.check(states).verdict())
            .orElseGet(Claims::noFinalStates);
  }

  private static Verdict noFinalStates() {
    return Verdict.unknown("what the replicas held in the end is not known");
  }

  private static Claim available(String side, double min, String phase) {
    if (!List.of("before", "during", "after").contains(phase)) {
      throw new IllegalArgumentException(
          "the phase of the claim available is before, during or after, not '" + phase + "'");
    }
    return (evidence, budget) ->
        evidence
            .window()
            .map(
                window ->
                    AvailabilityClaim.judge(
                        evidence.history().operations(), window, side, phase, min))
            .orElseGet(() -> Verdict.unknown("when the network was split is not known"));
  }
}
