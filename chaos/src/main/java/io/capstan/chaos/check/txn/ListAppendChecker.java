package io.capstan.chaos.check.txn;

import static io.capstan.chaos.check.txn.DependencyGraph.REALTIME;
import static io.capstan.chaos.check.txn.DependencyGraph.RW;
import static io.capstan.chaos.check.txn.DependencyGraph.WR;
import static io.capstan.chaos.check.txn.DependencyGraph.WW;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds what is wrong with transactions over lists, by the method of Kingsbury and Alvaro (Elle,
 * VLDB 2020): reads of a list tell the order of its appends, the orders tell who depends on whom,
 * and a cycle of dependencies cannot have happened under isolation. Stateless.
 *
 * <p>Takes time in proportion to the dependencies, not exponential like the search for a
 * linearization; to find the shortest cycle in a knot of many takes longer, within the budget.
 */
public final class ListAppendChecker {
  private static final int PLAIN = WW | WR | RW;

  /** Longer cycles are told as they were found. */
  private static final int SHORTENED_MAX_TRANSACTIONS = 200;

  private ListAppendChecker() {}

  /**
   * The answer.
   *
   * @param verdict whether the claimed level holds
   * @param anomalies what was found, the worst first, a few of each kind
   * @param counts how many of each kind were met; of cycles, in how many knots
   * @param strongest the strongest level that nothing contradicts; empty if not even the weakest
   */
  public record Report(
      Verdict verdict,
      List<Anomaly> anomalies,
      Map<AnomalyKind, Integer> counts,
      Optional<IsolationLevel> strongest) {}

  /**
   * Judges {@code txn} operations whose value is a list of {@code [:append key element]} and {@code
   * [:r key list]}. Each independent key is a database of its own.
   *
   * @throws IllegalArgumentException for other operations, and where one element is appended to a
   *     list twice
   */
  public static Report check(History history, IsolationLevel claimed, Budget budget) {
    List<Anomaly> anomalies = new ArrayList<>();
    Map<AnomalyKind, Integer> counts = new EnumMap<>(AnomalyKind.class);
    boolean complete = true;
    int transactions = 0;
    int dependencies = 0;
    for (List<Operation> operations : history.operationsByKey().values()) {
      List<Transaction> database = new ArrayList<>(operations.size());
      for (Operation operation : operations) {
        database.add(Transaction.of(database.size(), operation));
      }
      Search search = new Search(new ListVersions(database), budget);
      complete &= search.run();
      anomalies.addAll(search.anomalies);
      search.counts.forEach((kind, count) -> counts.merge(kind, count, Integer::sum));
      transactions += database.size();
      dependencies += search.graph.edges();
    }
    anomalies.sort(Comparator.comparing(Anomaly::kind));
    Verdict verdict =
        verdict(claimed, anomalies, counts, complete ? null : budget.exhausted(), transactions);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("transactions", transactions);
    figures.put("dependencies", dependencies);
    counts.forEach((kind, count) -> figures.put(kind.name().toLowerCase(Locale.ROOT), count));
    Optional<IsolationLevel> strongest = complete ? strongest(counts) : Optional.empty();
    strongest.ifPresent(level -> figures.put("strongestLevel", level.label()));
    return new Report(verdict.withFigures(figures), anomalies, counts, strongest);
  }

  private static Optional<IsolationLevel> strongest(Map<AnomalyKind, Integer> counts) {
    IsolationLevel strongest = null;
    for (IsolationLevel level : IsolationLevel.values()) {
      if (counts.keySet().stream().anyMatch(kind -> kind.forbiddenFrom().compareTo(level) <= 0)) {
        break;
      }
      strongest = level;
    }
    return Optional.ofNullable(strongest);
  }

  private static Verdict verdict(
      IsolationLevel claimed,
      List<Anomaly> anomalies,
      Map<AnomalyKind, Integer> counts,
      @Nullable String outOfBudget,
      int transactions) {
    List<Anomaly> forbidden =
        anomalies.stream().filter(a -> a.kind().forbiddenFrom().compareTo(claimed) <= 0).toList();
    if (forbidden.isEmpty()) {
      if (outOfBudget != null) {
        return Verdict.unknown(outOfBudget + " before all cycles were looked for");
      }
      return Verdict.valid(
          "nothing in "
              + transactions
              + " transactions contradicts "
              + claimed.label()
              + (counts.isEmpty() ? "" : ", which allows what was found: " + titles(counts)));
    }
    Anomaly worst = forbidden.get(0);
    List<String> story = new ArrayList<>(worst.steps());
    for (Anomaly other : forbidden) {
      if (other != worst) {
        story.add("also " + other.kind().title() + ": " + other.sentence());
      }
    }
    List<Operation> pinned = new ArrayList<>(worst.transactions());
    pinned.sort(Comparator.comparingInt(Operation::invokePosition));
    return Verdict.invalid(
            "not " + claimed.label() + ": " + worst.kind().title() + ": " + worst.sentence(),
            pinned)
        .withStory(story);
  }

  private static String titles(Map<AnomalyKind, Integer> counts) {
    return counts.keySet().stream().map(AnomalyKind::title).collect(Collectors.joining("; "));
  }

  /** Looks for cycles among the transactions of one database. */
  private static final class Search {
    private final ListVersions versions;
    private final DependencyBuilder builder;
    private final DependencyGraph graph;
    private final CycleSearch cycles;
    private final Budget budget;
    private final List<Anomaly> anomalies;
    private final Map<AnomalyKind, Integer> counts;

    Search(ListVersions versions, Budget budget) {
      this.versions = versions;
      this.builder = new DependencyBuilder(versions);
      this.graph = builder.build();
      this.budget = budget;
      this.cycles = new CycleSearch(graph, budget);
      this.anomalies = versions.anomalies;
      this.counts = versions.counts();
    }

    /** Whether the budget was enough. */
    boolean run() {
      try {
        for (int[] knot : cycles.components(WW)) {
          find(AnomalyKind.G0, knot, WW, WW, CycleSearch.Shape.ANY);
        }
        for (int[] knot : cycles.components(WW | WR)) {
          find(AnomalyKind.G1C, knot, WR, WW | WR, CycleSearch.Shape.ANY);
        }
        boolean[] knotted = new boolean[graph.nodes()];
        for (int[] knot : cycles.components(PLAIN)) {
          findWithMisses(knot);
          for (int node : knot) {
            knotted[node] = true;
          }
        }
        for (int[] knot : cycles.components(PLAIN | REALTIME)) {
          boolean known = false;
          for (int node : knot) {
            known |= knotted[node];
          }
          if (!known) {
            findInRealTime(knot);
          }
        }
        return true;
      } catch (CycleSearch.OutOfBudgetException e) {
        return false;
      }
    }

    private void findWithMisses(int[] knot) throws CycleSearch.OutOfBudgetException {
      boolean told =
          find(AnomalyKind.G_SINGLE, knot, RW, WW | WR, CycleSearch.Shape.ANY)
              || find(AnomalyKind.G_NONADJACENT, knot, RW, PLAIN, CycleSearch.Shape.NONADJACENT)
              || find(AnomalyKind.G2, knot, RW, PLAIN, CycleSearch.Shape.ANY);
      if (!told && counts.isEmpty()) {
        throw new IllegalStateException("a knot of transactions without a cycle");
      }
    }

    private void findInRealTime(int[] knot) throws CycleSearch.OutOfBudgetException {
      int all = WW | WR | REALTIME;
      boolean found =
          find(AnomalyKind.G0_REALTIME, knot, WW, WW | REALTIME, CycleSearch.Shape.ANY)
              || find(AnomalyKind.G1C_REALTIME, knot, WR, all, CycleSearch.Shape.ANY)
              || find(AnomalyKind.G_SINGLE_REALTIME, knot, RW, all, CycleSearch.Shape.ANY)
              || find(AnomalyKind.G2_REALTIME, knot, RW, all | RW, CycleSearch.Shape.ANY);
      if (!found) {
        throw new IllegalStateException("a knot of transactions without a cycle");
      }
    }

    private boolean find(AnomalyKind kind, int[] knot, int first, int rest, CycleSearch.Shape shape)
        throws CycleSearch.OutOfBudgetException {
      int[] cycle = cycles.shortest(knot, first, rest, shape);
      if (cycle == null) {
        return false;
      }
      if (counts.merge(kind, 1, Integer::sum) <= ListVersions.LISTED_MAX) {
        anomalies.add(tell(kind, shortened(cycle, first, rest, shape), first, rest, shape));
      }
      return true;
    }

    /**
     * The shortest cycle of this shape through some of its transactions, what lies between two in
     * one list being passed over.
     */
    private int[] shortened(int[] cycle, int first, int rest, CycleSearch.Shape shape)
        throws CycleSearch.OutOfBudgetException {
      if (cycle.length == 2 || cycle.length > SHORTENED_MAX_TRANSACTIONS) {
        return cycle;
      }
      DependencyGraph across = new DependencyGraph(cycle.length);
      int[] all = new int[cycle.length];
      for (int from = 0; from < cycle.length; from++) {
        all[from] = from;
        for (int to = 0; to < cycle.length; to++) {
          int kinds = from == to ? 0 : builder.kindsAcross(cycle[from], cycle[to]);
          if (kinds != 0) {
            across.add(from, to, kinds);
          }
        }
      }
      int[] shorter = new CycleSearch(across, budget).shortest(all, first, rest, shape);
      return shorter == null ? cycle : Arrays.stream(shorter).map(node -> cycle[node]).toArray();
    }

    private Anomaly tell(
        AnomalyKind kind, int[] cycle, int first, int rest, CycleSearch.Shape shape) {
      List<Operation> transactions = new ArrayList<>();
      List<String> steps = new ArrayList<>();
      for (int i = 0; i < cycle.length; i++) {
        int from = cycle[i];
        int to = cycle[(i + 1) % cycle.length];
        int usable = builder.kindsAcross(from, to) & (i == 0 ? first : rest);
        if (shape == CycleSearch.Shape.NONADJACENT && i > 0 && (usable & ~RW) != 0) {
          usable &= ~RW;
        }
        steps.add(builder.reason(from, to, Integer.lowestOneBit(usable)));
        transactions.add(versions.transactions.get(from).operation());
      }
      String sentence =
          steps.get(0) + "; but " + String.join("; and ", steps.subList(1, steps.size()));
      return new Anomaly(kind, sentence, transactions, steps);
    }
  }
}
