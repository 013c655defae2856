package io.capstan.cli;

/**
 * Adds one subcommand to {@code capstan}.
 *
 * <p>Implementations are found by {@link java.util.ServiceLoader}: name the class in {@code
 * META-INF/services/io.capstan.cli.SubcommandProvider} and give it a public constructor without
 * parameters. That constructor runs at every start of the command line, whichever command was
 * typed, so it does no work.
 */
public interface SubcommandProvider {

  /**
   * Returns the subcommand: a new instance of a class annotated with {@link
   * picocli.CommandLine.Command}, which carries its name. Called once per command line, from the
   * thread that parses it.
   */
  Object command();
}
