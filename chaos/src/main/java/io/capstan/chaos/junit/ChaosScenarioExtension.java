package io.capstan.chaos.junit;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.scenario.ClaimKind;
import io.capstan.chaos.scenario.GivenSubstrate;
import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.Scenario;
import io.capstan.chaos.scenario.ScenarioFile;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.client.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Runs the scenarios of {@link ChaosScenario}, each beside its test, on the cluster of {@link
 * CapstanClusterExtension}. Stateless.
 */
public final class ChaosScenarioExtension
    implements BeforeEachCallback,
        BeforeTestExecutionCallback,
        AfterTestExecutionCallback,
        ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(ChaosScenarioExtension.class);
  private static final String RUNNING = "scenario";

  /** Made with the parameters of the test; it begins when the test does. */
  @Override
  public void beforeEach(ExtensionContext context) {
    ChaosScenario wanted = wanted(context);
    if (wanted != null) {
      context.getStore(NAMESPACE).put(RUNNING, prepare(context, wanted));
    }
  }

  @Override
  public void beforeTestExecution(ExtensionContext context) {
    TestScenario scenario = find(context);
    if (scenario != null) {
      scenario.start();
    }
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    TestScenario scenario = find(context);
    ChaosScenario wanted = wanted(context);
    if (scenario == null || wanted == null) {
      return;
    }
    if (context.getExecutionException().isPresent()) {
      // The test has failed: what else would be found matters no more, but the cluster has to heal.
      scenario.cancel();
      return;
    }
    try {
      requireExpected(scenario, wanted.expect());
    } catch (RuntimeException e) {
      scenario.cancel();
      throw e;
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == TestScenario.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    TestScenario scenario = find(context);
    if (scenario == null) {
      throw new ExtensionConfigurationException(
          "a TestScenario is a parameter of test methods that say @ChaosScenario, or whose class"
              + " does");
    }
    return scenario;
  }

  private static @Nullable TestScenario find(ExtensionContext context) {
    return context.getStore(NAMESPACE).get(RUNNING, TestScenario.class);
  }

  private static @Nullable ChaosScenario wanted(ExtensionContext context) {
    Optional<ChaosScenario> ofMethod =
        AnnotationSupport.findAnnotation(context.getTestMethod(), ChaosScenario.class);
    return ofMethod
        .or(() -> AnnotationSupport.findAnnotation(context.getTestClass(), ChaosScenario.class))
        .orElse(null);
  }

  // ---- before ----

  private static TestScenario prepare(ExtensionContext context, ChaosScenario wanted) {
    TestCluster cluster = CapstanClusterExtension.clusterOf(context);
    if (cluster == null) {
      throw new ExtensionConfigurationException(
          "@ChaosScenario runs on the cluster of the test, but neither the class nor the method"
              + " says @CapstanCluster");
    }
    try {
      ScenarioSource source = ScenarioSource.find(wanted.value(), context.getRequiredTestClass());
      RunPlan plan = plan(source.scenario(), wanted, cluster);
      Path folder = folder(context, wanted);
      return new TestScenario(
          plan, cluster.substrate(), cluster, folder, replay(source.name(), wanted, plan, cluster));
    } catch (ScenarioFile.InvalidScenarioException e) {
      throw new ExtensionConfigurationException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new ExtensionConfigurationException("the scenario's results have no place: " + e, e);
    }
  }

  private static RunPlan plan(Scenario scenario, ChaosScenario wanted, TestCluster cluster) {
    Set<FaultType> possible = GivenSubstrate.faults(cluster.cluster());
    refuseImpossible(scenario, possible, cluster.cluster());
    List<Mode> modes = List.copyOf(EnumSet.copyOf(List.of(wanted.modes())));
    long durationMillis =
        wanted.durationMillis() == 0 ? scenario.duration().toMillis() : wanted.durationMillis();
    long minMillis = ScenarioFile.DURATION_MIN.toMillis();
    long maxMillis = ScenarioFile.DURATION_MAX.toMillis();
    if (durationMillis < minMillis || durationMillis > maxMillis) {
      throw new ExtensionConfigurationException(
          "durationMillis is " + durationMillis + "; allowed is " + minMillis + " to " + maxMillis);
    }
    RunPlan plan =
        RunPlan.of(
            scenario,
            modes,
            wanted.seed(),
            cluster.nodes().size(),
            wanted.clients() == 0 ? scenario.clients() : wanted.clients(),
            Duration.ofMillis(durationMillis),
            possible);
    return plan.withKeyspaces(cluster::unusedKeyspace).withClaims(claims(wanted, plan));
  }

  private static Predicate<ClaimKind> claims(ChaosScenario wanted, RunPlan plan) {
    if (wanted.claims().length == 0) {
      return claim -> true;
    }
    Set<ClaimKind> chosen = EnumSet.noneOf(ClaimKind.class);
    for (String label : wanted.claims()) {
      ClaimKind claim =
          ClaimKind.ofLabel(label)
              .filter(
                  each ->
                      plan.keyspaces().stream()
                          .anyMatch(keyspace -> keyspace.claims().contains(each)))
              .orElseThrow(
                  () ->
                      new ExtensionConfigurationException(
                          "the scenario "
                              + plan.scenario().name()
                              + " does not claim \""
                              + label
                              + "\"; it claims "
                              + plan.keyspaces().stream()
                                  .flatMap(keyspace -> keyspace.claims().stream())
                                  .map(ClaimKind::label)
                                  .distinct()
                                  .collect(Collectors.joining(", "))));
      chosen.add(claim);
    }
    return chosen::contains;
  }

  private static void refuseImpossible(
      Scenario scenario, Set<FaultType> possible, Cluster cluster) {
    Set<FaultType> missing = EnumSet.noneOf(FaultType.class);
    missing.addAll(scenario.faultTypes());
    missing.removeAll(possible);
    if (missing.isEmpty() || scenario.random() != null) {
      return;
    }
    throw new ExtensionConfigurationException(
        "the scenario "
            + scenario.name()
            + " needs "
            + missing.stream().map(FaultType::label).collect(Collectors.joining(", "))
            + ", which this cluster cannot do"
            + more(cluster));
  }

  private static String more(Cluster cluster) {
    return switch (cluster) {
      case EmbeddedCluster embedded -> "; nodesAs = PROCESSES can do more";
      case ContainerCluster containers ->
          "; containers can do more with equipment = {SMALL_DISKS, CLOCKS}";
      default -> "";
    };
  }

  private static Path folder(ExtensionContext context, ChaosScenario wanted) {
    String test =
        context.getRequiredTestMethod().getName()
            + "-"
            + Integer.toHexString(context.getUniqueId().hashCode());
    return out(wanted.out()).resolve(context.getRequiredTestClass().getSimpleName()).resolve(test);
  }

  private static Path out(String given) {
    if (!given.isEmpty()) {
      return Path.of(given);
    }
    for (String built : List.of("target", "build")) {
      if (Files.isDirectory(Path.of(built))) {
        return Path.of(built, "capstan-chaos");
      }
    }
    return Path.of("capstan-chaos");
  }

  private static String replay(
      String scenario, ChaosScenario wanted, RunPlan plan, TestCluster cluster) {
    return "capstan chaos run "
        + scenario
        + " --mode "
        + (plan.keyspaces().size() > 1 ? "both" : plan.keyspaces().get(0).mode().label())
        + " --substrate "
        + (cluster.cluster() instanceof ContainerCluster
                ? SubstrateKind.DOCKER
                : SubstrateKind.PROCESS)
            .label()
        + " --nodes "
        + plan.nodes()
        + " --duration "
        + plan.duration().toMillis()
        + "ms --clients "
        + plan.clients()
        + " --seed "
        + wanted.seed();
  }

  // ---- after ----

  private static void requireExpected(TestScenario scenario, Verdict.Status expected) {
    ScenarioResult result = scenario.result();
    if (result.verdict() == expected) {
      return;
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "the scenario "
            + result.scenario()
            + " is "
            + result.verdict().label()
            + ", expected was "
            + expected.label());
    for (RunResult run : result.runs()) {
      for (ClaimResult claim : run.claims()) {
        if (claim.judged().status() != Verdict.Status.VALID) {
          lines.add(
              "  "
                  + claim.verdict()
                  + "  "
                  + run.keyspace()
                  + ": "
                  + claim.claim()
                  + ": "
                  + claim.why());
        }
      }
    }
    lines.add("  report  " + scenario.folder().resolve("report.html").toAbsolutePath());
    lines.add("  replay  " + result.replay());
    throw new AssertionError(String.join("\n", lines));
  }
}
