package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.format.HistoryFormat;
import io.capstan.chaos.check.format.HistoryFormats;
import io.capstan.chaos.check.format.MalformedHistoryException;
import io.capstan.chaos.check.linear.Explanation;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.LinearizabilityReport;
import io.capstan.chaos.check.linear.Model;
import io.capstan.chaos.check.linear.Models;
import io.capstan.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code capstan chaos check FILE...}: is a history, ours or another harness's, linearizable? One
 * line a file. Exit code 0 when all are, 8 when one is not, 1 when one cannot be read, 9 when the
 * budget ran out; the first that applies of 8, 1, 9.
 */
@Command(
    name = "check",
    description = "Decides whether histories are linearizable.",
    footer = {
      "",
      "Formats: edn (Jepsen's operation maps), jsonl (the same as JSON), jepsen-log, porcupine-kv.",
      "Exit codes: 0 linearizable, 8 not linearizable, 9 the budget ran out, 1 not readable."
    })
public final class CheckCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
  private static final int OPERATIONS_SHOWN_MAX = 100;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Histories.")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "What the history is held against: register, cas-register, kv, set or counter.")
  private String modelName = "";

  @Option(
      names = "--format",
      defaultValue = "auto",
      paramLabel = "FORMAT",
      description = "auto, edn, jsonl, jepsen-log or porcupine-kv (default: ${DEFAULT-VALUE}).")
  private String formatName = "auto";

  @Option(
      names = "--initial",
      paramLabel = "V",
      description = "What the object holds at first, as EDN (default: nil, \"\", #{} or 0).")
  private @Nullable String initialText;

  @Option(
      names = "--budget",
      defaultValue = "60s",
      paramLabel = "TIME",
      description = "Time for each file, such as 500ms, 60s or 5m (default: ${DEFAULT-VALUE}).")
  private String budgetText = "60s";

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      paramLabel = "FORM",
      description = "text or json (default: ${DEFAULT-VALUE}).")
  private String output = "text";

  @Option(
      names = "--explain",
      description = "Under a history that is not linearizable, the fewest operations that show it.")
  private boolean explain;

  @Override
  public Integer call() {
    Model<?> model = model();
    Optional<HistoryFormat> format = format();
    Duration budget = duration();
    if (!List.of("text", "json", "raw").contains(output)) {
      throw usage("--output is text or json, not '" + output + "'.");
    }
    List<Integer> codes = new ArrayList<>(files.size());
    for (Path file : files) {
      codes.add(check(file, model, format, budget));
    }
    for (int code :
        List.of(ExitCode.CLAIM_VIOLATED, ExitCode.ERROR, ExitCode.CHECK_BUDGET_EXHAUSTED)) {
      if (codes.contains(code)) {
        return code;
      }
    }
    return ExitCode.OK;
  }

  private Model<?> model() {
    try {
      Object initial = initialText == null ? null : HistoryFormats.parseValue(initialText);
      return Models.named(modelName, initial)
          .orElseThrow(
              () ->
                  usage(
                      "--model is one of "
                          + String.join(", ", Models.NAMES)
                          + ", not '"
                          + modelName
                          + "'."));
    } catch (MalformedHistoryException | IllegalArgumentException e) {
      throw usage(
          "--initial "
              + initialText
              + " does not fit --model "
              + modelName
              + ": "
              + e.getMessage());
    }
  }

  private Optional<HistoryFormat> format() {
    if (formatName.equals("auto")) {
      return Optional.empty();
    }
    Optional<HistoryFormat> format = HistoryFormat.ofLabel(formatName);
    if (format.isEmpty()) {
      throw usage(
          "--format is auto or one of "
              + String.join(", ", HistoryFormat.labels())
              + ", not '"
              + formatName
              + "'.");
    }
    return format;
  }

  private Duration duration() {
    Matcher matcher = DURATION.matcher(budgetText);
    if (!matcher.matches()) {
      throw usage(
          "--budget is a number with ms, s, m or h, such as 60s, not '" + budgetText + "'.");
    }
    long amount = Long.parseLong(String.valueOf(matcher.group(1)));
    return switch (String.valueOf(matcher.group(2))) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }

  private ParameterException usage(String sentence) {
    return new ParameterException(spec.commandLine(), sentence);
  }

  private int check(Path file, Model<?> model, Optional<HistoryFormat> wanted, Duration time) {
    Budget budget = Budget.of(time);
    try {
      HistoryFormat format = wanted.isPresent() ? wanted.get() : HistoryFormats.detect(file);
      History history = HistoryFormats.read(file, format);
      LinearizabilityReport report = new LinearizabilityChecker().check(history, model, budget);
      print(file, format, report, budget.elapsedMillis());
      return switch (report.verdict().status()) {
        case VALID -> ExitCode.OK;
        case INVALID -> ExitCode.CLAIM_VIOLATED;
        case UNKNOWN -> ExitCode.CHECK_BUDGET_EXHAUSTED;
      };
    } catch (NoSuchFileException e) {
      return printError(file, "there is no such file");
    } catch (Model.UnsupportedCallException e) {
      return printError(file, e.getMessage() + "; try another --model");
    } catch (IOException | MalformedHistoryException | ArithmeticException e) {
      return printError(file, String.valueOf(e.getMessage()));
    }
  }

  private void print(Path file, HistoryFormat format, LinearizabilityReport report, long millis) {
    PrintWriter out = spec.commandLine().getOut();
    if (output.equals("json")) {
      out.println(toJson(json(file, format, report, millis)));
    } else {
      out.println(line(file, report, millis));
      if (explain) {
        report.explanation().ifPresent(explanation -> printOperations(out, explanation));
      }
    }
    out.flush();
  }

  private static String line(Path file, LinearizabilityReport report, long millis) {
    History.Counts counts = report.counts();
    return String.format(
        Locale.ROOT,
        "%s: %s; %d operations (%d ok, %d failed, %d unknown) on %d %s in %.2f s: %s",
        file,
        report.verdict().status().label(),
        counts.attempted(),
        counts.ok(),
        counts.failed(),
        counts.unknown(),
        report.keys().size(),
        report.keys().size() == 1 ? "key" : "keys",
        millis / 1e3,
        report.verdict().why());
  }

  private static void printOperations(PrintWriter out, Explanation explanation) {
    for (Operation operation : shown(explanation)) {
      out.println("    " + describe(operation));
    }
  }

  private static List<Operation> shown(Explanation explanation) {
    List<Operation> operations = explanation.operations();
    return operations.subList(
        Math.max(0, operations.size() - OPERATIONS_SHOWN_MAX), operations.size());
  }

  private static String describe(Operation operation) {
    String answer =
        switch (operation.outcome()) {
          case OK -> " -> " + HistoryValues.show(operation.output());
          case FAILED -> " failed";
          case UNKNOWN -> " still open";
        };
    return "client "
        + operation.process()
        + " "
        + operation.f()
        + (operation.input() == null ? "" : " " + HistoryValues.show(operation.input()))
        + answer;
  }

  private static Map<String, @Nullable Object> json(
      Path file, HistoryFormat format, LinearizabilityReport report, long millis) {
    History.Counts counts = report.counts();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("file", file.toString());
    json.put("format", format.label());
    json.put("model", report.model());
    json.put("verdict", report.verdict().status().label());
    json.put("why", report.verdict().why());
    json.put(
        "ops",
        Map.of(
            "attempted", counts.attempted(),
            "ok", counts.ok(),
            "failed", counts.failed(),
            "unknown", counts.unknown()));
    json.put("keys", report.keys().size());
    json.put(
        "invalidKeys", report.keys().stream().filter(key -> key.verdict().isInvalid()).count());
    json.put("configurations", report.configurations());
    json.put("millis", millis);
    report
        .explanation()
        .ifPresent(
            explanation ->
                json.put(
                    "operations",
                    shown(explanation).stream().map(CheckCommand::describe).toList()));
    return json;
  }

  private int printError(Path file, String why) {
    Map<String, Object> error = new LinkedHashMap<>();
    if (output.equals("json")) {
      error.put("code", "UNREADABLE_HISTORY");
      error.put("message", file + ": " + why);
      error.put("outcome", "failed");
      error.put("hint", "capstan chaos check --help lists the formats and models");
      spec.commandLine().getErr().println(toJson(Map.of("error", error)));
    } else {
      spec.commandLine().getErr().println(file + ": " + why);
    }
    spec.commandLine().getErr().flush();
    return ExitCode.ERROR;
  }

  private static String toJson(Map<String, ?> json) {
    try {
      return JSON.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain maps cannot fail to be written as JSON", e);
    }
  }
}
