package io.capstan.cli;

import io.capstan.client.CapstanClient;
import io.capstan.client.NodeStatus;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options that every command has, before or after its name. A flag beats the environment, which
 * beats the file of the local cluster. A command finds them with {@link #of}.
 */
public final class GlobalOptions {
  static final String ENDPOINT_DEFAULT = "127.0.0.1:7101";
  static final String KEYSPACE_DEFAULT = "default";
  static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(5);

  /** When every endpoint refuses connections a person need not wait for the whole timeout. */
  static final Duration UNREACHABLE_AFTER = Duration.ofSeconds(1);

  private static final Set<String> NAMES =
      Set.of("--endpoints", "--keyspace", "--output", "--timeout");

  private static final Set<String> SHORT_NAMES = Set.of("-k", "-o");

  private final Streams streams;
  // The logging framework forgets levels of loggers that nobody holds.
  private @Nullable Logger silenced;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--endpoints",
      paramLabel = "HOST:PORT[,..]",
      description =
          "The nodes that may be contacted, all of them. Environment: CAPSTAN_ENDPOINTS. Default:"
              + " the cluster that `capstan cluster start` started, else 127.0.0.1:7101.")
  private @Nullable String endpointsFlag;

  @Option(
      names = {"-k", "--keyspace"},
      paramLabel = "NAME",
      description = "The keyspace. Environment: CAPSTAN_KEYSPACE. Default: default.")
  private @Nullable String keyspaceFlag;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      converter = Converters.OutputFormatConverter.class,
      description = "text, json or raw. Default: text on a terminal, raw when piped.")
  private @Nullable OutputFormat outputFlag;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Converters.DurationConverter.class,
      description = "How long one request may take, retries included. Default: 5s.")
  private @Nullable Duration timeoutFlag;

  GlobalOptions(Streams streams) {
    this.streams = streams;
  }

  /**
   * Gives these options to every subcommand, so that they may follow its name too. A subcommand
   * that has an option of such a name already keeps its own.
   */
  static void inherit(CommandLine commandLine) {
    List<OptionSpec> options =
        commandLine.getCommandSpec().options().stream()
            .filter(option -> NAMES.contains(option.longestName()))
            .toList();
    new LinkedHashSet<>(commandLine.getSubcommands().values())
        .forEach(each -> inherit(options, each));
  }

  private static void inherit(List<OptionSpec> options, CommandLine commandLine) {
    CommandSpec command = commandLine.getCommandSpec();
    for (OptionSpec option : options) {
      String[] free =
          Stream.of(option.names())
              .filter(name -> command.findOption(name) == null)
              .toArray(String[]::new);
      if (free.length > 0) {
        // Without an initial value, or parsing the subcommand would reset what came before it.
        command.addOption(OptionSpec.builder(option).names(free).hasInitialValue(false).build());
      }
    }
    new LinkedHashSet<>(commandLine.getSubcommands().values())
        .forEach(each -> inherit(options, each));
  }

  /** The first argument that is neither an option nor the value of a global one; empty for none. */
  static String firstWord(List<String> arguments) {
    boolean isValue = false;
    for (String argument : arguments) {
      if (!isValue && !argument.startsWith("-")) {
        return argument;
      }
      isValue = !isValue && (NAMES.contains(argument) || SHORT_NAMES.contains(argument));
    }
    return "";
  }

  /** Returns the global options of the command line that the command belongs to. */
  public static GlobalOptions of(CommandSpec command) {
    Object root = command.root().userObject();
    if (root instanceof Capstan capstan) {
      return capstan.options();
    }
    throw new IllegalStateException("not a command of capstan: " + command.qualifiedName());
  }

  public Streams streams() {
    return streams;
  }

  /** The addresses to contact, in the order of the first source that names any. */
  public List<String> endpoints() {
    String named =
        endpointsFlag != null ? endpointsFlag : streams.variable("CAPSTAN_ENDPOINTS", "");
    if (endpointsFlag != null || !named.isEmpty()) {
      List<String> list =
          Stream.of(named.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty()).toList();
      if (list.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "--endpoints: names no endpoint; write HOST:PORT[,HOST:PORT...]");
      }
      return list;
    }
    LocalCluster local = LocalCluster.find(streams);
    return local != null ? List.copyOf(local.addressById().values()) : List.of(ENDPOINT_DEFAULT);
  }

  /** The id of the node behind an endpoint that does not answer, where a file tells; else null. */
  @Nullable String nodeIdOf(NodeStatus status) {
    LocalCluster local = LocalCluster.find(streams);
    if (local == null) {
      return null;
    }
    return local.addressById().entrySet().stream()
        .filter(each -> each.getValue().equals(status.endpoint()))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(null);
  }

  public String keyspace() {
    return keyspaceFlag != null
        ? keyspaceFlag
        : streams.variable("CAPSTAN_KEYSPACE", KEYSPACE_DEFAULT);
  }

  /** The keyspace where the person named one by flag, otherwise null. */
  public @Nullable String namedKeyspace() {
    return keyspaceFlag;
  }

  public OutputFormat output() {
    if (outputFlag != null) {
      return outputFlag;
    }
    return streams.outIsTerminal() ? OutputFormat.TEXT : OutputFormat.RAW;
  }

  public Duration timeout() {
    return timeoutFlag != null ? timeoutFlag : TIMEOUT_DEFAULT;
  }

  /** Returns the settings of a client for these options; the caller may change them further. */
  public CapstanClient.Builder clientBuilder() {
    Logger logger = Logger.getLogger("io.grpc");
    logger.setLevel(Level.OFF);
    silenced = logger;
    Duration timeout = timeout();
    return CapstanClient.builder()
        .endpoints(endpoints())
        .keyspace(keyspace())
        .timeout(timeout)
        .unreachableAfter(timeout.compareTo(UNREACHABLE_AFTER) < 0 ? timeout : UNREACHABLE_AFTER);
  }

  /** Opens a client for these options. */
  public CapstanClient openClient() {
    return open(clientBuilder());
  }

  /** Builds the client; a setting that is not allowed becomes a usage error. */
  CapstanClient open(CapstanClient.Builder builder) {
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
