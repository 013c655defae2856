package io.capstan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.PicocliException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The entry point of {@code capstan}: collects the subcommands and runs the one that was typed. */
@Command(
    name = "capstan",
    description =
        "A distributed key-value store whose keyspaces choose their side of the CAP theorem.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Capstan.BuildVersion.class,
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true,
    footer = {
      "",
      "Exit codes: 0 ok, 1 error, 2 usage, 3 unreachable, 4 not found, 5 unavailable (definitely not"
          + " applied), 6 conflict, 7 outcome unknown (may have been applied), 8 a checked claim was"
          + " violated, 9 the checker ran out of budget.",
      "",
      "Examples:",
      "  capstan put greeting hello",
      "  capstan get greeting -o json",
      "  capstan keyspace create feed --mode ap",
      "  capstan put post-1 hi -k feed -c one",
      "  capstan status"
    })
public final class Capstan implements Runnable {
  /** More broken providers than this and the class path is not worth listing. */
  private static final int PROVIDERS_MAX = 64;

  /** Made only when typed: each costs reflection, and a put needs none of the others. */
  private static final Map<String, Supplier<Object>> BUILT_IN = new LinkedHashMap<>();

  static {
    BUILT_IN.put("put", PutCommand::new);
    BUILT_IN.put("get", GetCommand::new);
    BUILT_IN.put("delete", DeleteCommand::new);
    BUILT_IN.put("scan", ScanCommand::new);
    BUILT_IN.put("txn", TxnCommand::new);
    BUILT_IN.put("counter", CounterCommand::new);
    BUILT_IN.put("set", SetCommand::new);
    BUILT_IN.put("keyspace", KeyspaceCommand::new);
    BUILT_IN.put("mode", ModeCommand::new);
    BUILT_IN.put("conflicts", ConflictsCommand::new);
    BUILT_IN.put("status", StatusCommand::new);
    BUILT_IN.put("member", MemberCommand::new);
    BUILT_IN.put("leader", LeaderCommand::new);
    BUILT_IN.put("bench", BenchCommand::new);
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private final GlobalOptions options;

  private Capstan(Streams streams) {
    this.options = new GlobalOptions(streams);
  }

  /** Runs the command line and ends the JVM with an {@link ExitCode}. */
  public static void main(String[] arguments) {
    System.exit(run(Streams.ofProcess(), arguments));
  }

  /** Runs one command line and returns its {@link ExitCode}. */
  public static int run(Streams streams, String... arguments) {
    int exitCode = commandLine(streams, List.of(arguments)).execute(arguments);
    streams.out().flush();
    streams.err().flush();
    return exitCode;
  }

  /** Returns the command line with the subcommands that these arguments can mean. */
  static CommandLine commandLine(Streams streams, List<String> arguments) {
    CommandLine commandLine = new CommandLine(new Capstan(streams));
    addSubcommands(commandLine, streams, arguments);
    GlobalOptions.inherit(commandLine);
    ErrorReport report = new ErrorReport(streams, arguments);
    commandLine.setParameterExceptionHandler(report);
    commandLine.setExecutionExceptionHandler(report);
    commandLine.setOut(new PrintWriter(streams.out(), true));
    commandLine.setErr(new PrintWriter(streams.err(), true));
    commandLine.setColorScheme(
        Help.defaultColorScheme(streams.colours() ? Help.Ansi.ON : Help.Ansi.OFF));
    return commandLine;
  }

  private static void addSubcommands(
      CommandLine commandLine, Streams streams, List<String> arguments) {
    Map<String, Supplier<Object>> known = new LinkedHashMap<>(BUILT_IN);
    boolean isBuiltIn = !arguments.isEmpty() && BUILT_IN.containsKey(arguments.get(0));
    if (!isBuiltIn) {
      addProviders(known, commandLine, streams);
    }
    for (String name : meant(known, arguments)) {
      Supplier<Object> command = known.get(name);
      if (command != null) {
        add(commandLine, streams, name, () -> withSubcommands(command.get(), name, arguments));
      }
    }
  }

  /** The names of those commands that the arguments can mean; all where none is typed. */
  private static List<String> meant(Map<String, Supplier<Object>> known, List<String> arguments) {
    String typed = GlobalOptions.firstWord(arguments);
    boolean isForHelpOnAll = asksForHelp(arguments) && !arguments.get(0).equals(typed);
    return known.containsKey(typed) && !isForHelpOnAll
        ? List.of(typed)
        : List.copyOf(known.keySet());
  }

  /** The command; where it is a group, with those of its subcommands that may be meant. */
  private static Object withSubcommands(Object command, String name, List<String> arguments) {
    if (!(command instanceof CommandGroup group)) {
      return command;
    }
    CommandLine commandLine = new CommandLine(command);
    Map<String, Supplier<Object>> all = group.subcommands();
    int next = arguments.indexOf(name) + 1;
    String typed = next < arguments.size() ? arguments.get(next) : "";
    all.forEach(
        (each, subcommand) -> {
          if (each.equals(typed) || !all.containsKey(typed)) {
            commandLine.addSubcommand(each, subcommand.get());
          }
        });
    return commandLine;
  }

  private static boolean asksForHelp(List<String> arguments) {
    return arguments.contains("--help") || arguments.contains("-h");
  }

  private static void addProviders(
      Map<String, Supplier<Object>> known, CommandLine commandLine, Streams streams) {
    Iterator<SubcommandProvider> providers =
        ServiceLoader.load(SubcommandProvider.class).iterator();
    for (int seen = 0; seen < PROVIDERS_MAX; seen++) {
      try {
        if (!providers.hasNext()) {
          return;
        }
        SubcommandProvider provider = providers.next();
        String name = provider.name();
        if (name.isEmpty()) {
          add(commandLine, streams, provider.getClass().getName(), provider::command);
        } else {
          known.put(name, provider::command);
        }
      } catch (ServiceConfigurationError | RuntimeException | LinkageError e) {
        streams.err().println("capstan: a subcommand could not be loaded and is missing: " + e);
      }
    }
  }

  private static void add(
      CommandLine commandLine, Streams streams, String name, Supplier<Object> command) {
    try {
      commandLine.addSubcommand(command.get());
    } catch (PicocliException | IllegalStateException | LinkageError e) {
      streams.err().println("capstan: \"" + name + "\" could not be loaded and is missing: " + e);
    }
  }

  GlobalOptions options() {
    return options;
  }

  /** {@code capstan} alone is a usage error: says so and where help is. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command.");
  }

  /** Reads the version that the build wrote into the jar. */
  static final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
      Properties properties = new Properties();
      try (InputStream in = Capstan.class.getResourceAsStream("version.properties")) {
        if (in == null) {
          throw new IllegalStateException("version.properties is missing from the class path");
        }
        properties.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException("version.properties cannot be read", e);
      }
      return new String[] {"capstan " + properties.getProperty("version")};
    }
  }
}
