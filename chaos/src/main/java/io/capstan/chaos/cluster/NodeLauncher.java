package io.capstan.chaos.cluster;

/** Starts a node inside this JVM. */
@FunctionalInterface
public interface NodeLauncher {

  /**
   * Starts a node and returns once it listens.
   *
   * @throws Exception if it cannot be started; nothing of it is left running then
   */
  EmbeddedNode launch(NodeSettings settings) throws Exception;

  /** A node inside this JVM. Its ports and its data folder are free once it has ended. */
  interface EmbeddedNode {
    /** Ends the node in an orderly way; does nothing where it has ended already. */
    void close() throws Exception;

    /**
     * Ends the node as a crash of its process would: nothing more is written or answered. What the
     * operating system had already taken stays written, as it does when a process is killed.
     */
    void kill() throws Exception;

    /** Whether the node runs; false once it has ended, by itself too. */
    boolean isRunning();
  }
}
