package io.capstan.chaos.command;

import io.capstan.cli.SubcommandProvider;

/** Brings {@code capstan cluster}. */
public final class ClusterCommandProvider implements SubcommandProvider {
  /** For the service loader. */
  public ClusterCommandProvider() {}

  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public Object command() {
    return new ClusterCommand();
  }
}
