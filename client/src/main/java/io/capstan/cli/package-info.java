/**
 * The command line: what a person or a script types as {@code capstan ...}.
 *
 * <p>Invariants: answers go to standard output and everything else to standard error; the exit
 * codes are those of {@link io.capstan.cli.ExitCode}; a subcommand never calls {@code System.exit}.
 *
 * <p>Start reading at {@link io.capstan.cli.Capstan}. The other modules add their subcommands
 * through {@link io.capstan.cli.SubcommandProvider}, and groups of them as {@link
 * io.capstan.cli.CommandGroup}.
 */
@NullMarked
package io.capstan.cli;

import org.jspecify.annotations.NullMarked;
