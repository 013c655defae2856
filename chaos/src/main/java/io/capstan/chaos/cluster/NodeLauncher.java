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

  /** A node inside this JVM. */
  interface EmbeddedNode extends AutoCloseable {
    /** Stops the node in an orderly way; returns once its ports and its data folder are free. */
    @Override
    void close() throws Exception;
  }
}
