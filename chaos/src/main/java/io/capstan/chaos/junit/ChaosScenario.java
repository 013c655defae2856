package io.capstan.chaos.junit;

import io.capstan.chaos.check.Verdict;
import io.capstan.client.Mode;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a scenario on the cluster of the test ({@link CapstanCluster}) while the body of the test
 * runs: its clients work, its faults happen, everything is healed, and its claims are checked. A
 * claim that is violated, or cannot be decided, fails the test. An empty body is the scenario
 * alone; one that speaks to the cluster feels the same faults.
 *
 * <pre>{@code
 * @CapstanCluster(nodes = 3)
 * class ShopTest {
 *   @Test
 *   @ChaosScenario("split.yaml")
 *   void everyClaimHolds() {}
 *
 *   @Test
 *   @ChaosScenario("split.yaml")
 *   void ordersAreTakenInASplit(TestCluster cluster, TestScenario scenario) {
 *     scenario.awaitFault();
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>On a class, every test of it has the scenario that does not name one of its own. Each run has
 * keyspaces of its own, named after its workloads.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(ChaosScenarioExtension.class)
public @interface ChaosScenario {
  /**
   * Which one: a resource beside the test class or at the root of the class path, a file, or a name
   * of the library with or without {@code .yaml}; the first that there is.
   */
  String value();

  /** In which modes its workload runs, all of them at the same moment. */
  Mode[] modes() default {Mode.CP, Mode.AP};

  /** What clients do and when, and a drawn schedule, follow from it. */
  long seed() default 1;

  /** How long the clients work, 6,000 to 600,000 milliseconds; 0: what the scenario says. */
  long durationMillis() default 0;

  /** How many clients each keyspace has; 0: what the scenario says. */
  int clients() default 0;

  /**
   * Of the scenario's claims, those that are checked, by their names such as {@code linearizable};
   * empty: all. A claim about times, such as {@code available-majority}, holds on a machine that
   * has them; a test that runs on any machine leaves those out.
   */
  String[] claims() default {};

  /** The verdict over all checked claims without which the test fails. */
  Verdict.Status expect() default Verdict.Status.VALID;

  /**
   * The folder under which the report and the histories of each test go; empty: {@code
   * capstan-chaos} in {@code target} or {@code build}, whichever there is.
   */
  String out() default "";
}
