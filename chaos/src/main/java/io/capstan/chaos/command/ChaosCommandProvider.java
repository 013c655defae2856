package io.capstan.chaos.command;

import io.capstan.cli.SubcommandProvider;

/** Brings {@code capstan chaos}. */
public final class ChaosCommandProvider implements SubcommandProvider {
  /** For the service loader. */
  public ChaosCommandProvider() {}

  @Override
  public String name() {
    return "chaos";
  }

  @Override
  public Object command() {
    return new ChaosCommand();
  }
}
