package io.capstan.cli;

import java.util.Map;
import java.util.function.Supplier;

/**
 * A command that has nothing but subcommands, such as {@code capstan keyspace}. They are made only
 * where they may be meant: each costs reflection, which is most of what a short command does.
 */
public interface CommandGroup {

  /**
   * Returns the subcommands by the names that their annotations carry, in the order in which help
   * lists them; each supplier makes a new instance.
   */
  Map<String, Supplier<Object>> subcommands();
}
