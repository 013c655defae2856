package io.capstan.chaos.cluster;

import java.io.IOException;

/** Makes the process of a node. May be called by several threads at once. */
@FunctionalInterface
public interface NodeStarter {
  /** Forks a process, as anybody would. */
  NodeStarter FORK = ProcessBuilder::start;

  /**
   * Returns the process that is the node from now on: signals for the node go to it.
   *
   * @param node its command line, which ends with the name of its configuration file; its
   *     environment and folder; and the file to whose end it logs
   * @throws IOException if there can be no such process
   */
  Process start(ProcessBuilder node) throws IOException;
}
