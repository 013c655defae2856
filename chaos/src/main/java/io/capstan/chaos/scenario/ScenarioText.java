package io.capstan.chaos.scenario;

import io.capstan.chaos.fault.PlannedFault;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes a plan as a scenario file whose schedule is fixed; {@link ScenarioFile} reads it. */
public final class ScenarioText {
  private ScenarioText() {}

  /**
   * Returns the file.
   *
   * @param name of the scenario
   */
  public static String of(RunPlan plan, String name) {
    Scenario scenario = plan.scenario();
    StringBuilder text = new StringBuilder();
    line(text, "name: " + name);
    line(text, "shows: \"" + scenario.summary().replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
    line(
        text,
        "workload: {cp: "
            + scenario.workloads().get(Mode.CP)
            + ", ap: "
            + scenario.workloads().get(Mode.AP)
            + "}");
    line(text, "nodes: " + plan.nodes());
    line(text, "clients: " + plan.clients());
    if (!scenario.placement().isEmpty()) {
      line(
          text,
          "placement: {"
              + scenario.placement().entrySet().stream()
                  .map(each -> each.getKey() + ": " + each.getValue())
                  .collect(Collectors.joining(", "))
              + "}");
    }
    line(text, "rate: " + scenario.rate());
    line(text, "duration: " + plan.duration().toMillis() + "ms");
    Level reads = scenario.levels().get(Mode.CP);
    Level level = scenario.levels().get(Mode.AP);
    line(text, "reads: " + (reads == null ? Level.LINEARIZABLE : reads).label());
    line(text, "level: " + (level == null ? Level.ONE : level).label());
    line(text, "conflicts: " + scenario.conflicts().label());
    line(text, plan.schedule().isEmpty() ? "faults: []" : "faults:");
    plan.schedule().forEach(fault -> fault(text, fault));
    line(text, "claims:");
    for (KeyspacePlan keyspace : plan.keyspaces()) {
      List<String> claims = keyspace.claims().stream().map(ClaimKind::label).toList();
      line(text, "  " + keyspace.mode().label() + ": [" + String.join(", ", claims) + "]");
    }
    return text.toString();
  }

  private static void fault(StringBuilder text, PlannedFault fault) {
    line(text, "  - fault: " + fault.type().label());
    if (!fault.target().isEmpty()) {
      line(text, "    " + fault.type().keys().get(0) + ": \"" + fault.target() + "\"");
    }
    line(text, "    at: " + fault.startMillis() + "ms");
    line(text, "    until: " + fault.endMillis() + "ms");
    switch (fault.type()) {
      case SLOW_LINK -> line(text, "    delay: " + fault.quality().delayMillis() + "ms");
      case LOSSY -> line(text, "    loss: " + fault.quality().lossPercent() + "%");
      case FLAP -> line(text, "    every: " + fault.amountMillis() + "ms");
      case CLOCK_SKEW ->
          line(text, String.format(Locale.ROOT, "    by: \"%dms\"", fault.amountMillis()));
      default -> {}
    }
  }

  private static void line(StringBuilder text, String line) {
    text.append(line).append('\n');
  }
}
