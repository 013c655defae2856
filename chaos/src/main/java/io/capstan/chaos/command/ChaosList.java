package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.report.Paragraph;
import io.capstan.chaos.scenario.Scenario;
import io.capstan.chaos.scenario.ScenarioLibrary;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.ExitCode;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.cli.Streams;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code capstan chaos list}. */
@Command(
    name = "list",
    description = "Lists the scenarios that ship: what each shows and on what it can run.")
final class ChaosList implements Callable<Integer> {
  private static final int WIDTH = 96;
  private static final String INDENT = "    ";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    GlobalOptions options = GlobalOptions.of(spec);
    Streams streams = options.streams();
    List<Scenario> scenarios = ScenarioLibrary.NAMES.stream().map(ScenarioLibrary::named).toList();
    if (options.output() == OutputFormat.JSON) {
      scenarios.forEach(scenario -> streams.out().println(json(scenario)));
    } else {
      Ink ink = new Ink(streams.colours());
      for (Scenario scenario : scenarios) {
        streams.out().println(ink.strong(scenario.name()));
        Paragraph.wrap(scenario.summary(), INDENT, INDENT, WIDTH).forEach(streams.out()::println);
        Paragraph.wrap(runsOn(scenario), INDENT, INDENT, WIDTH)
            .forEach(line -> streams.out().println(ink.faint(line)));
      }
      streams.out().println();
      streams.out().println("Run one:  capstan chaos run split --mode both");
    }
    streams.out().flush();
    return ExitCode.OK;
  }

  private static String runsOn(Scenario scenario) {
    List<String> parts = new ArrayList<>();
    for (SubstrateKind kind : SubstrateKind.values()) {
      Set<FaultType> missing = kind.impossible(scenario);
      if (missing.isEmpty()) {
        parts.add(kind.label());
      } else if (scenario.random() != null) {
        parts.add(kind.label() + " (without " + labels(missing) + ")");
      } else {
        parts.add("not " + kind.label() + " (" + labels(missing) + ")");
      }
    }
    return workloads(scenario) + "; runs on " + String.join(", ", parts);
  }

  private static String workloads(Scenario scenario) {
    String cp = scenario.workloads().get(Mode.CP);
    String ap = scenario.workloads().get(Mode.AP);
    return String.valueOf(cp).equals(ap) ? cp + " (CP, AP)" : cp + " (CP), " + ap + " (AP)";
  }

  private static String labels(Set<FaultType> types) {
    return types.stream().map(FaultType::label).collect(Collectors.joining(", "));
  }

  private static String json(Scenario scenario) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", scenario.name());
    json.put("shows", scenario.summary());
    Map<String, Object> workloads = new LinkedHashMap<>();
    scenario.workloads().forEach((mode, name) -> workloads.put(mode.label(), name));
    json.put("workloads", workloads);
    json.put("nodes", scenario.nodes());
    Map<String, Object> substrates = new LinkedHashMap<>();
    for (SubstrateKind kind : SubstrateKind.values()) {
      Set<FaultType> missing = kind.impossible(scenario);
      substrates.put(
          kind.label(),
          Map.of(
              "runs",
              missing.isEmpty() || scenario.random() != null,
              "without",
              missing.stream().map(FaultType::label).toList()));
    }
    json.put("substrates", substrates);
    try {
      return JsonMapper.builder().build().writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain maps cannot fail to be written as JSON", e);
    }
  }
}
