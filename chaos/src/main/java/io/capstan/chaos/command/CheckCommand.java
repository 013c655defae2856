package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.claim.Claim;
import io.capstan.chaos.check.claim.Claims;
import io.capstan.chaos.check.claim.Evidence;
import io.capstan.chaos.check.format.HistoryFormat;
import io.capstan.chaos.check.format.HistoryFormats;
import io.capstan.chaos.check.format.MalformedHistoryException;
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
 * {@code capstan chaos check FILE...}: does a history, ours or another harness's, keep what was
 * claimed? Linearizable, if nothing else is said. One line a file. Exit code 0 when all do, 8 when
 * one does not, 1 when one cannot be read, 9 when the budget ran out; the first that applies of 8,
 * 1, 9.
 */
@Command(
    name = "check",
    description = "Decides whether histories keep a claim: linearizable, or another.",
    footer = {
      "",
      "Formats: edn (Jepsen's operation maps), jsonl (the same as JSON), jepsen-log, porcupine-kv.",
      "Exit codes: 0 the claim holds, 8 it is violated, 9 the budget ran out, 1 not readable."
    })
public final class CheckCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LIST_APPEND = "list-append";
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
  private static final int OPERATIONS_SHOWN_MAX = 100;
  private static final int OPERATION_SHOWN_MAX_CHARACTERS = 400;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "0..*", paramLabel = "FILE", description = "Histories.")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description =
          "What the history is held against: register, cas-register, kv, set, counter, bank,"
              + " mutex, fifo-queue, multi-register; or list-append, transactions over lists.")
  private String modelName = "";

  @Option(
      names = "--claim",
      paramLabel = "CLAIM",
      description =
          "What is claimed (default: linearizable, or strict-serializable of list-append), or"
              + " ladder: which guarantee is the strongest that holds. All: --list-claims.")
  private @Nullable String claimName;

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
      names = "--versions",
      description =
          "Tries the order of the versions that the history carries, before any search. Never"
              + " changes the verdict.")
  private boolean byVersion;

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

  @Option(names = "--list-claims", description = "Lists what can be claimed, and ends.")
  private boolean listClaims;

  @Option(
      names = "--explain",
      description = "Under a history that is not linearizable, the fewest operations that show it.")
  private boolean explain;

  @Override
  public Integer call() {
    if (listClaims) {
      PrintWriter out = spec.commandLine().getOut();
      Claims.DESCRIPTIONS.forEach((name, says) -> out.printf("%-22s%s%n", name, says));
      out.flush();
      return ExitCode.OK;
    }
    if (files.isEmpty()) {
      throw usage("Missing required parameter: 'FILE'.");
    }
    Claim claim = claim();
    Optional<HistoryFormat> format = format();
    Duration budget = duration();
    if (!List.of("text", "json", "raw").contains(output)) {
      throw usage("--output is text or json, not '" + output + "'.");
    }
    List<Integer> codes = new ArrayList<>(files.size());
    for (Path file : files) {
      codes.add(check(file, claim, format, budget));
    }
    for (int code :
        List.of(ExitCode.CLAIM_VIOLATED, ExitCode.ERROR, ExitCode.CHECK_BUDGET_EXHAUSTED)) {
      if (codes.contains(code)) {
        return code;
      }
    }
    return ExitCode.OK;
  }

  /** The claim that was named, or the one that fits the model. */
  private String claimName() {
    String named = claimName;
    return named != null
        ? named
        : modelName.equals(LIST_APPEND) ? "strict-serializable" : "linearizable";
  }

  private Claim claim() {
    if (modelName.isEmpty() && claimName == null) {
      throw usage("Missing required option: '--model=MODEL'.");
    }
    if (!modelName.isEmpty()
        && !modelName.equals(LIST_APPEND)
        && !Models.NAMES.contains(modelName)) {
      throw usage(
          "--model is one of "
              + String.join(", ", Models.NAMES)
              + ", "
              + LIST_APPEND
              + ", not '"
              + modelName
              + "'.");
    }
    Map<String, @Nullable Object> settings = new LinkedHashMap<>();
    try {
      if (initialText != null) {
        settings.put("initial", HistoryFormats.parseValue(initialText));
      }
    } catch (MalformedHistoryException e) {
      throw initialDoesNotFit(String.valueOf(e.getMessage()));
    }
    if (claimName().equals("linearizable") && !modelName.isEmpty()) {
      settings.put("model", modelName);
    }
    if (byVersion) {
      if (!claimName().equals("linearizable")) {
        throw usage("--versions goes with --claim linearizable, not with " + claimName() + ".");
      }
      settings.put("versions", true);
    }
    try {
      return Claims.named(claimName(), settings);
    } catch (IllegalArgumentException e) {
      throw initialText == null
          ? usage("--claim " + claimName() + ": " + e.getMessage() + ".")
          : initialDoesNotFit(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException initialDoesNotFit(String why) {
    return usage("--initial " + initialText + " does not fit --model " + modelName + ": " + why);
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

  private int check(Path file, Claim claim, Optional<HistoryFormat> wanted, Duration time) {
    Budget budget = Budget.of(time);
    try {
      HistoryFormat format = wanted.isPresent() ? wanted.get() : HistoryFormats.detect(file);
      History history = HistoryFormats.read(file, format);
      Verdict verdict = claim.judge(Evidence.of(history), budget);
      print(file, format, history, verdict, budget.elapsedMillis());
      return switch (verdict.status()) {
        case VALID -> ExitCode.OK;
        case INVALID -> ExitCode.CLAIM_VIOLATED;
        case UNKNOWN -> ExitCode.CHECK_BUDGET_EXHAUSTED;
      };
    } catch (NoSuchFileException e) {
      return printError(file, "there is no such file");
    } catch (Model.UnsupportedCallException e) {
      return printError(file, e.getMessage() + "; try another --model");
    } catch (IOException
        | MalformedHistoryException
        | ArithmeticException
        | IllegalArgumentException e) {
      return printError(file, String.valueOf(e.getMessage()));
    }
  }

  private void print(
      Path file, HistoryFormat format, History history, Verdict verdict, long millis) {
    PrintWriter out = spec.commandLine().getOut();
    if (output.equals("json")) {
      out.println(toJson(json(file, format, history, verdict, millis)));
    } else {
      out.println(line(file, history, verdict, millis));
      if (explain) {
        verdict.story().forEach(sentence -> out.println("    " + sentence));
        shown(verdict).forEach(operation -> out.println("    " + describe(operation)));
      }
    }
    out.flush();
  }

  private static String line(Path file, History history, Verdict verdict, long millis) {
    History.Counts counts = history.counts();
    Object keys = keys(history, verdict);
    return String.format(
        Locale.ROOT,
        "%s: %s; %d operations (%d ok, %d failed, %d unknown) on %s %s in %.2f s: %s",
        file,
        verdict.status().label(),
        counts.attempted(),
        counts.ok(),
        counts.failed(),
        counts.unknown(),
        keys,
        keys.equals(1L) ? "key" : "keys",
        millis / 1e3,
        verdict.why());
  }

  private static Object keys(History history, Verdict verdict) {
    Object counted = verdict.figures().get("keys");
    return counted == null ? (long) history.operationsByKey().size() : counted;
  }

  private static List<Operation> shown(Verdict verdict) {
    List<Operation> operations = verdict.operations();
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
    String text =
        "client "
            + operation.process()
            + " "
            + operation.f()
            + (operation.input() == null ? "" : " " + HistoryValues.show(operation.input()))
            + answer;
    return text.length() <= OPERATION_SHOWN_MAX_CHARACTERS
        ? text
        : text.substring(0, OPERATION_SHOWN_MAX_CHARACTERS) + "...";
  }

  private Map<String, @Nullable Object> json(
      Path file, HistoryFormat format, History history, Verdict verdict, long millis) {
    History.Counts counts = history.counts();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("file", file.toString());
    json.put("format", format.label());
    json.put("model", modelName);
    json.put("claim", claimName());
    json.put("verdict", verdict.status().label());
    json.put("why", verdict.why());
    json.put(
        "ops",
        Map.of(
            "attempted", counts.attempted(),
            "ok", counts.ok(),
            "failed", counts.failed(),
            "unknown", counts.unknown()));
    json.put("keys", keys(history, verdict));
    verdict.figures().forEach(json::putIfAbsent);
    json.put("millis", millis);
    if (verdict.isInvalid()) {
      json.put("operations", shown(verdict).stream().map(CheckCommand::describe).toList());
      json.put("story", verdict.story());
    }
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
