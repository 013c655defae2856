package io.capstan.chaos.command;

import io.capstan.cli.SubcommandProvider;

/** Brings {@code capstan demo}. */
public final class DemoCommandProvider implements SubcommandProvider {
  /** For the service loader. */
  public DemoCommandProvider() {}

  @Override
  public String name() {
    return "demo";
  }

  @Override
  public Object command() {
    return new DemoCommand();
  }
}
