package io.capstan.cli;

/**
 * Adds one subcommand to {@code capstan}.
 *
 * <p>Implementations are found by {@link java.util.ServiceLoader}: name the class in {@code
 * META-INF/services/io.capstan.cli.SubcommandProvider} and give it a public constructor without
 * parameters. That constructor runs at most starts of the command line, whichever command was
 * typed, so it does no work. A provider that fails leaves its own subcommand out and no other.
 *
 * <p>A subcommand finds the options that all commands have with {@link GlobalOptions#of}, typed
 * before or after its name; one that declares an option of the same name gets its own instead. It
 * writes to {@link GlobalOptions#streams()}, throws {@link io.capstan.client.CapstanException} for
 * errors of the cluster and {@link picocli.CommandLine.ParameterException} for wrong usage, and
 * returns one of {@link ExitCode}.
 */
public interface SubcommandProvider {

  /**
   * Returns the name that the command carries, so that the command itself need only be made when it
   * is typed. Empty, as it is unless overridden: the command is made at every start.
   */
  default String name() {
    return "";
  }

  /**
   * Returns the subcommand: a new instance of a class annotated with {@link
   * picocli.CommandLine.Command}, which carries its name. Called once per command line, from the
   * thread that parses it.
   */
  Object command();
}
