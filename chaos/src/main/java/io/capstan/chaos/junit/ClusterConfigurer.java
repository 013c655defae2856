package io.capstan.chaos.junit;

/**
 * Says of a test's cluster what does not fit into an annotation; see {@link
 * CapstanCluster#configuredBy}.
 */
@FunctionalInterface
public interface ClusterConfigurer {
  /**
   * Changes what is about to be started.
   *
   * @param cluster has everything that the annotation says
   * @throws Exception if it cannot; the test fails with it
   */
  void configure(TestClusterBuilder cluster) throws Exception;
}
