package io.capstan.chaos.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test a running cluster as a parameter of type {@link TestCluster}.
 *
 * <p>On a class, all its tests share one cluster: it is started before the first, mended after each
 * (links opened, ended nodes started again, clients closed that the test opened), and removed after
 * the last. On a method, that test has a cluster of its own.
 *
 * <pre>{@code
 * @CapstanCluster(nodes = 3)
 * class CheckoutTest {
 *   @Test
 *   void theShopStaysOpenWhenTheNetworkSplits(TestCluster cluster) {
 *     cluster.createKeyspace("carts", Mode.AP);
 *     cluster.partition("n1|n2,n3");
 *     ...
 *   }
 * }
 * }</pre>
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(CapstanClusterExtension.class)
public @interface CapstanCluster {
  /** How many nodes, at least 1: n1, n2, ... */
  int nodes() default 3;

  /** What the nodes are. */
  NodesAs nodesAs() default NodesAs.EMBEDDED;

  /**
   * Settings of every node as {@code name=value}, by the names of its YAML file, such as {@code
   * snapshotEntries=100}.
   */
  String[] settings() default {};

  /** How long the cluster may take to start, in milliseconds. */
  long startTimeoutMillis() default 60_000;

  /** What the nodes of a test's cluster are. */
  enum NodesAs {
    /**
     * Servers inside the JVM of the test, with real gRPC, real storage and a TCP proxy on every
     * link: up within two seconds. They cannot be paused.
     */
    EMBEDDED,

    /** Processes of their own on the JVM and class path of the test: can be killed and paused. */
    PROCESSES
  }
}
