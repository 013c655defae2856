package io.capstan.chaos.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan chaos replay}. */
@Command(
    name = "replay",
    description = {
      "Runs again what a result.json tells of: the same scenario, seed and substrate. On sim"
          + " everything happens as it did; on real nodes clients ask for the same at the same"
          + " times, and the cluster answers as it does this time."
    })
final class ChaosReplay implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "RESULT_JSON", description = "The result.json of a run.")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for the results. Default: the one of the run, whose files go.")
  private Path out = Path.of("");

  @Override
  public Integer call() {
    List<String> arguments = arguments();
    if (!out.toString().isEmpty()) {
      int at = arguments.indexOf("--out");
      if (at >= 0) {
        arguments.set(at + 1, out.toString());
      }
    }
    CommandLine root = spec.root().commandLine();
    return root.execute(arguments.toArray(String[]::new));
  }

  /** What stands behind the program's name in the command of the result. */
  private List<String> arguments() {
    String replay;
    try {
      JsonNode result = JsonMapper.builder().build().readTree(file.toFile());
      replay = result.path("replay").asText("");
    } catch (IOException e) {
      throw new CapstanException(
          ErrorCode.INTERNAL,
          Outcome.FAILED,
          file + " cannot be read: " + e.getMessage(),
          "Name the result.json of a run.",
          null);
    }
    int start = replay.indexOf(" chaos run ");
    if (start < 0) {
      throw new ParameterException(
          spec.commandLine(),
          file + " is not the result of a chaos run; its replay is \"" + replay + "\"");
    }
    return new ArrayList<>(List.of(replay.substring(start).strip().split(" +")));
  }
}
