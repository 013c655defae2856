package io.capstan.node.server;

import io.capstan.cli.SubcommandProvider;

/** Adds {@code capstan node} to the command line. */
public final class NodeCommandProvider implements SubcommandProvider {

  /** Made by {@link java.util.ServiceLoader}. */
  public NodeCommandProvider() {}

  @Override
  public String name() {
    return "node";
  }

  @Override
  public Object command() {
    return NodeCommand.commandSpec();
  }
}
