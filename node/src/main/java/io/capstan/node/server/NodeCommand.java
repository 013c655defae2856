package io.capstan.node.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.node.server.config.Setting;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code capstan node}: runs one server in the foreground until it is told to stop. */
@Command(
    name = "node",
    description = {
      "Runs one server in the foreground.",
      "Each setting stands in the file, in an environment variable or in a flag; the flag wins over"
          + " the variable, and the variable over the file."
    })
final class NodeCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--config", paramLabel = "FILE", description = "The settings as YAML.")
  private @Nullable Path configFile;

  /** The command with one flag for each setting. */
  static CommandSpec commandSpec() {
    CommandSpec command = CommandSpec.forAnnotatedObject(new NodeCommand());
    for (Setting setting : Setting.values()) {
      command.addOption(
          OptionSpec.builder(setting.flag())
              .paramLabel(setting.kind().name())
              .type(String.class)
              .description(escape(describe(setting)))
              .build());
    }
    return command;
  }

  private static String describe(Setting setting) {
    return setting.description()
        + setting.defaultText().map(text -> " Default: " + text + ".").orElse("")
        + " ("
        + setting.environmentVariable()
        + ")";
  }

  /** Picocli reads descriptions as format strings. */
  private static String escape(String text) {
    return text.replace("%", "%%");
  }

  @Override
  public Integer call() throws InterruptedException {
    return ForegroundNode.run(configFile, options().streams().environment(), flags(), this::refuse);
  }

  private Map<String, String> flags() {
    Map<String, String> flags = new LinkedHashMap<>();
    for (Setting setting : Setting.values()) {
      String value = spec.commandLine().getParseResult().matchedOptionValue(setting.flag(), "");
      if (spec.commandLine().getParseResult().hasMatchedOption(setting.flag())) {
        flags.put(setting.key(), value);
      }
    }
    return flags;
  }

  private void refuse(String sentence) {
    PrintStream err = options().streams().err();
    err.println(
        options().output() == OutputFormat.JSON ? json(sentence) : "capstan node: " + sentence);
    err.flush();
  }

  private GlobalOptions options() {
    return GlobalOptions.of(spec);
  }

  private static String json(String sentence) {
    ObjectNode error = JsonNodeFactory.instance.objectNode();
    error
        .putObject("error")
        .put("code", "NODE_NOT_RUNNING")
        .put("message", sentence)
        .put("outcome", "failed")
        .put("hint", "");
    return error.toString();
  }
}
