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
  long startTimeoutMillis() default TestClusterBuilder.START_TIMEOUT_MILLIS;

  /**
   * For containers, the image of the nodes; the engine has it already, for nothing is pulled.
   * Empty: the one that {@code CAPSTAN_IMAGE} names, else what {@code docker/build-image} of the
   * checkout makes that the system property {@code capstan.home} names.
   */
  String image() default "";

  /** For containers, what they are given so that more can be done to them. */
  Equipment[] equipment() default {};

  /**
   * Says what an annotation cannot, such as an image that the test builds: classes with a
   * constructor without parameters, whose turn comes when everything else here is set.
   */
  Class<? extends ClusterConfigurer>[] configuredBy() default {};

  /** What the nodes of a test's cluster are. */
  enum NodesAs {
    /**
     * Servers inside the JVM of the test, with real gRPC, real storage and a TCP proxy on every
     * link: up within two seconds. They cannot be paused.
     */
    EMBEDDED,

    /** Processes of their own on the JVM and class path of the test: can be killed and paused. */
    PROCESSES,

    /**
     * A Docker container each, whose links are cut by packet filters: packets vanish, as in a cut
     * wire. Needs an engine that answers and an image; without, the test fails and says so.
     */
    CONTAINERS
  }

  /** What containers are given so that more can be done to them; it has its price. */
  enum Equipment {
    /** Data on a small disk in memory, which can be filled. */
    SMALL_DISKS,

    /**
     * A wall clock that can be set wrong. An image that is named has to hold libfaketime ({@code
     * docker/chaos-image} makes one that does); the usual one is given it.
     */
    CLOCKS
  }
}
