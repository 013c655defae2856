package io.capstan.chaos.junit;

import io.capstan.chaos.cluster.ClusterException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;

/** Starts, mends and removes the clusters of {@link CapstanCluster}. Stateless. */
public final class CapstanClusterExtension
    implements BeforeAllCallback,
        BeforeEachCallback,
        AfterEachCallback,
        AfterAllCallback,
        ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(CapstanClusterExtension.class);
  private static final String OWNED = "cluster";
  private static final String CLIENTS_BEFORE = "clients before the test";

  @Override
  public void beforeAll(ExtensionContext context) {
    start(context, AnnotationSupport.findAnnotation(context.getTestClass(), CapstanCluster.class));
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    start(context, AnnotationSupport.findAnnotation(context.getTestMethod(), CapstanCluster.class));
    TestCluster owned = clusterOf(context);
    if (owned != null) {
      context.getStore(NAMESPACE).put(CLIENTS_BEFORE, owned.openClients());
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (remove(context)) {
      return;
    }
    TestCluster owned = clusterOf(context);
    if (owned != null) {
      Integer before = context.getStore(NAMESPACE).get(CLIENTS_BEFORE, Integer.class);
      owned.closeClientsBeyond(before == null ? 0 : before);
      owned.mend();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    remove(context);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == TestCluster.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    TestCluster owned = clusterOf(context);
    if (owned == null) {
      throw new ExtensionConfigurationException(
          "a TestCluster is wanted, but neither the class nor the method says @CapstanCluster");
    }
    return owned;
  }

  /** Returns the cluster of a test; null where it has none. */
  static @Nullable TestCluster clusterOf(ExtensionContext context) {
    return context.getStore(NAMESPACE).get(OWNED, TestCluster.class);
  }

  private static void start(ExtensionContext context, Optional<CapstanCluster> wanted) {
    if (wanted.isEmpty()) {
      return;
    }
    TestClusterBuilder builder = builder(wanted.get());
    try {
      context.getStore(NAMESPACE).put(OWNED, builder.start());
    } catch (ClusterException e) {
      if (e.kind() == ClusterException.Kind.FAILED) {
        throw e;
      }
      // It was not tried: what is wanted cannot be had here.
      throw new ExtensionConfigurationException(
          e.hint().isEmpty() ? e.getMessage() : e.getMessage() + " " + e.hint(), e);
    }
  }

  private static TestClusterBuilder builder(CapstanCluster wanted) {
    TestClusterBuilder builder =
        TestCluster.builder()
            .nodes(wanted.nodes())
            .nodesAs(wanted.nodesAs())
            .image(wanted.image())
            .equipment(wanted.equipment())
            .startTimeout(Duration.ofMillis(wanted.startTimeoutMillis()));
    for (String text : wanted.settings()) {
      int equals = text.indexOf('=');
      try {
        builder.setting(
            text.substring(0, Math.max(0, equals)).strip(), text.substring(equals + 1).strip());
      } catch (IllegalArgumentException e) {
        throw new ExtensionConfigurationException(String.valueOf(e.getMessage()), e);
      }
    }
    for (Class<? extends ClusterConfigurer> each : wanted.configuredBy()) {
      try {
        ReflectionSupport.newInstance(each).configure(builder);
      } catch (Exception e) {
        throw new ExtensionConfigurationException(
            each.getSimpleName() + " could not configure the cluster: " + e.getMessage(), e);
      }
    }
    return builder;
  }

  /** Removes the cluster that began in this context; returns whether there was one. */
  private static boolean remove(ExtensionContext context) {
    TestCluster owned = clusterOf(context);
    if (owned == null
        || owned.equals(context.getParent().map(CapstanClusterExtension::clusterOf).orElse(null))) {
      return false;
    }
    context.getStore(NAMESPACE).remove(OWNED);
    owned.close();
    return true;
  }
}
