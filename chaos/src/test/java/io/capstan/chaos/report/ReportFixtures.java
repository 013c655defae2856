package io.capstan.chaos.report;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import io.capstan.chaos.report.ClusterSample.NodeSample;
import io.capstan.chaos.report.Report.Band;
import io.capstan.chaos.report.Report.RunEvidence;
import io.capstan.chaos.report.ScenarioResult.All;
import io.capstan.chaos.report.ScenarioResult.Availability;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.Consistency;
import io.capstan.chaos.report.ScenarioResult.FaultResult;
import io.capstan.chaos.report.ScenarioResult.Ops;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.report.ScenarioResult.Sides;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Reports of runs that never were: made from a seed, the same each time. */
public final class ReportFixtures {
  /** What somebody may put under a key, who wants the report to run it. */
  public static final String EVIL =
      "</script><img src=x onerror=\"document.title='broken'\"><script>alert(1)</script>&'{{data}}";

  private static final List<String> NODES = List.of("n1", "n2", "n3");
  static final String MINORITY = "n2";
  private static final long NANOS = 1_000_000_000L;
  private static final long MILLION = 1_000_000L;

  private ReportFixtures() {}

  /** A bank and a feed beside each other, with two clients a node; every claim holds. */
  public static Report twin() {
    History bank = history(2, 1_800, 15, true);
    History feed = history(2, 1_800, 15, false);
    List<ClaimResult> claims =
        List.of(ClaimResult.of("linearizable", Verdict.valid("an order explains all of it")));
    return report(
        List.of(
            run("cp", "bank", bank, claims, Verdict.Status.VALID),
            run(
                "ap",
                "feed",
                feed,
                List.of(ClaimResult.of("no acknowledged write lost", Verdict.valid("all there"))),
                Verdict.Status.VALID)),
        List.of(evidence(bank), evidence(feed)));
  }

  /** One keyspace whose client read what had been replaced, under a key that wants to break out. */
  public static Report violated() {
    History history =
        new HistoryScript()
            .on(EVIL)
            .at(4.2)
            .invoke(0, "write", "old " + EVIL, Map.of(Extras.NODE, "n1", Extras.SIDE, "majority"))
            .ok(0)
            .invoke(0, "write", 2, Map.of(Extras.NODE, "n1", Extras.SIDE, "majority"))
            .ok(0)
            .invoke(1, "read", null, Map.of(Extras.NODE, "n2", Extras.SIDE, "minority"))
            .ok(1, "old " + EVIL)
            .history();
    Verdict verdict =
        new LinearizabilityChecker()
            .check(history, RegisterModel.register(null), Budget.of(Duration.ofSeconds(10)))
            .pinned()
            .withStory(List.of("And a sentence more: " + EVIL));
    return report(
        List.of(
            run(
                "cp",
                EVIL,
                history,
                List.of(
                    ClaimResult.of("linearizable", verdict),
                    ClaimResult.of("converged", Verdict.unknown("nobody asked " + EVIL))),
                Verdict.Status.INVALID)),
        List.of(new RunEvidence(List.of("A story about " + EVIL), history, Map.of(), Set.of())));
  }

  /** One keyspace and this many operations of twenty-four clients. */
  public static Report large(int operations) {
    History history = history(8, operations, 60, true);
    return report(
        List.of(
            run(
                "cp",
                "large",
                history,
                List.of(ClaimResult.of("linearizable", Verdict.valid("so it is"))),
                Verdict.Status.VALID)),
        List.of(evidence(history)));
  }

  private static Report report(List<RunResult> runs, List<RunEvidence> evidence) {
    ScenarioResult result =
        new ScenarioResult(
            "split",
            7,
            "fake",
            NODES.size(),
            15_000,
            List.of(new FaultResult("partition", "n2|n1,n3", 4_000, 5_000, 10_000)),
            runs,
            "capstan demo --seed 7");
    return new Report(
        result,
        List.of("At 4.0 s the links were cut."),
        NODES,
        List.of(
            new Band(
                "partition",
                "n2|n1,n3",
                4_000,
                5_000,
                10_000,
                List.of("n2>n1", "n1>n2", "n2>n3", "n3>n2"))),
        samples(),
        evidence);
  }

  private static List<ClusterSample> samples() {
    List<String> cut = List.of("n1>n2", "n2>n1", "n2>n3", "n3>n2");
    return List.of(
        new ClusterSample(0, views("follower", "leader", "follower", 1), List.of()),
        new ClusterSample(4_100, views("follower", "leader", "follower", 1), cut),
        new ClusterSample(5_300, views("leader", "candidate", "follower", 2), cut),
        new ClusterSample(10_100, views("leader", "follower", "follower", 2), List.of()));
  }

  private static List<NodeSample> views(String first, String second, String third, long term) {
    return List.of(
        new NodeSample("n1", first, term, ""),
        new NodeSample("n2", second, term, ""),
        new NodeSample("n3", third, term, ""));
  }

  private static RunResult run(
      String mode,
      String keyspace,
      History history,
      List<ClaimResult> claims,
      Verdict.Status verdict) {
    History.Counts counts = history.counts();
    return new RunResult(
        mode,
        keyspace,
        new Ops(counts.attempted(), counts.ok(), counts.failed(), counts.unknown()),
        new Availability(new All(1.0), new Sides(0.995, 0.0), new All(1.0)),
        new Consistency(true, 0L, 0L, 0L, 0L, 840L, 1_300L),
        List.of(
            new SideResult("before", "all", NODES, 400, 400, 0, 0, 2.5, 20.0, 0L, 0),
            new SideResult("during", "majority", List.of(), 0, 0, 0, 0, null, null, 0L, 0),
            new SideResult(
                "during", "minority", List.of(MINORITY), 90, 0, 80, 10, 9.0, 1.0, 0L, 0)),
        claims,
        verdict.label());
  }

  private static RunEvidence evidence(History history) {
    Map<Integer, Double> stale = new HashMap<>();
    for (Operation operation : history.operations()) {
      if (operation.isOk() && operation.f().equals("read") && operation.id() % 97 == 0) {
        stale.put(operation.id(), operation.id() % 4_000 * 1.0);
      }
    }
    return new RunEvidence(List.of("It went on as it should."), history, stale, Set.of("no"));
  }

  /** Clients ask at a steady pace; those of the minority are refused during the split. */
  private static History history(int clientsPerNode, int operations, int seconds, boolean isCp) {
    SplittableRandom random = new SplittableRandom(clientsPerNode + (isCp ? 1 : 2));
    int clients = clientsPerNode * NODES.size();
    long intervalNanos = seconds * NANOS * clients / operations;
    List<HistoryEvent> events = new ArrayList<>();
    long process = clients;
    for (int client = 0; client < clients; client++) {
      long current = client;
      long nanos = random.nextLong(intervalNanos);
      for (int i = 0; i < operations / clients; i++) {
        String node = NODES.get(client % NODES.size());
        boolean isCut = isCp && node.equals(MINORITY) && nanos > 4 * NANOS && nanos < 10 * NANOS;
        EventType end = !isCut ? EventType.OK : i % 5 == 0 ? EventType.INFO : EventType.FAIL;
        long wait = Math.min(intervalNanos - 1, (isCut ? 80 : 1 + random.nextInt(9)) * MILLION);
        Map<String, @Nullable Object> extras = new LinkedHashMap<>();
        extras.put(Extras.NODE, node);
        extras.put(Extras.SIDE, node.equals(MINORITY) ? "minority" : "majority");
        extras.put(Extras.CLIENT, client);
        String key = "wall/" + random.nextInt(8);
        boolean isRead = i % 2 == 0;
        String f = isRead ? "read" : "write";
        String value = "post " + client + "-" + i;
        events.add(
            new HistoryEvent(
                0, nanos, current, EventType.INVOKE, f, key, isRead ? null : value, extras));
        Object answer = isRead && !isCp && i % 3 == 0 ? List.of(value, "other") : value;
        events.add(
            new HistoryEvent(
                0,
                nanos + wait,
                current,
                end,
                f,
                key,
                answer,
                end == EventType.OK ? Map.of() : Map.of(Extras.ERROR, "NO_QUORUM")));
        current = end == EventType.INFO ? process++ : current;
        nanos += intervalNanos;
      }
    }
    events.sort(Comparator.comparingLong(HistoryEvent::timeNanos));
    return History.of(events);
  }
}
