package io.capstan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The entry point of {@code capstan}: collects the subcommands and runs the one that was typed. */
@Command(
    name = "capstan",
    description =
        "A distributed key-value store whose keyspaces choose their side of the CAP theorem.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Capstan.BuildVersion.class)
public final class Capstan implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs the command line and ends the JVM with an {@link ExitCode}. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** Returns the command line with every subcommand found on the class path. */
  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Capstan());
    for (SubcommandProvider provider : ServiceLoader.load(SubcommandProvider.class)) {
      commandLine.addSubcommand(provider.command());
    }
    return commandLine;
  }

  /** {@code capstan} alone is a usage error: says so and shows what there is. */
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
