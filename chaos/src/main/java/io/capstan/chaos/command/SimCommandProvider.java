package io.capstan.chaos.command;

import io.capstan.cli.SubcommandProvider;

/** Brings {@code capstan sim}. */
public final class SimCommandProvider implements SubcommandProvider {
  /** For the service loader. */
  public SimCommandProvider() {}

  @Override
  public String name() {
    return "sim";
  }

  @Override
  public Object command() {
    return new SimCommand();
  }
}
