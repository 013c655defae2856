package io.capstan.chaos.junit;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.NodeServerLauncher;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.node.server.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
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

  /** A cluster with the folder of its data. */
  private record Owned(TestCluster cluster, Path folder) {}

  @Override
  public void beforeAll(ExtensionContext context) {
    start(context, AnnotationSupport.findAnnotation(context.getTestClass(), CapstanCluster.class));
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    start(context, AnnotationSupport.findAnnotation(context.getTestMethod(), CapstanCluster.class));
    Owned owned = find(context);
    if (owned != null) {
      context.getStore(NAMESPACE).put(CLIENTS_BEFORE, owned.cluster().openClients());
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (remove(context)) {
      return;
    }
    Owned owned = find(context);
    if (owned != null) {
      Integer before = context.getStore(NAMESPACE).get(CLIENTS_BEFORE, Integer.class);
      owned.cluster().closeClientsBeyond(before == null ? 0 : before);
      owned.cluster().mend();
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
    Owned owned = find(context);
    if (owned == null) {
      throw new ExtensionConfigurationException(
          "a TestCluster is wanted, but neither the class nor the method says @CapstanCluster");
    }
    return owned.cluster();
  }

  /** Returns the cluster of a test; null where it has none. */
  static @Nullable TestCluster clusterOf(ExtensionContext context) {
    Owned owned = find(context);
    return owned == null ? null : owned.cluster();
  }

  private static @Nullable Owned find(ExtensionContext context) {
    return context.getStore(NAMESPACE).get(OWNED, Owned.class);
  }

  private static void start(ExtensionContext context, Optional<CapstanCluster> wanted) {
    if (wanted.isEmpty()) {
      return;
    }
    try {
      Path folder = Files.createTempDirectory("capstan-junit-");
      try {
        TestCluster cluster = new TestCluster(start(wanted.get(), folder), folder);
        context.getStore(NAMESPACE).put(OWNED, new Owned(cluster, folder));
      } catch (RuntimeException e) {
        delete(folder);
        throw e;
      }
    } catch (IOException e) {
      throw new ExtensionConfigurationException("no temporary folder can be made", e);
    }
  }

  private static Cluster start(CapstanCluster wanted, Path folder) {
    Map<Setting, String> settings = settings(wanted.settings());
    return switch (wanted.nodesAs()) {
      case EMBEDDED ->
          EmbeddedCluster.start(
              wanted.nodes(),
              folder,
              new NodeServerLauncher(settings),
              Duration.ofMillis(wanted.startTimeoutMillis()));
      case PROCESSES -> {
        Map<String, String> byKey = new LinkedHashMap<>();
        settings.forEach((setting, value) -> byKey.put(setting.key(), value));
        ProcessCluster cluster =
            ProcessCluster.start(wanted.nodes(), folder, byKey, NodeCommand.capstanNode());
        cluster.awaitReady(Duration.ofMillis(wanted.startTimeoutMillis()));
        yield cluster;
      }
    };
  }

  private static Map<Setting, String> settings(String[] texts) {
    Map<Setting, String> settings = new LinkedHashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      String key = text.substring(0, Math.max(0, equals)).strip();
      Setting setting =
          Setting.ofKey(key)
              .orElseThrow(
                  () ->
                      new ExtensionConfigurationException(
                          "'"
                              + text
                              + "' is no setting=value of a node; did you mean "
                              + Setting.nearest(equals < 0 ? text : key).key()
                              + "?"));
      settings.put(setting, text.substring(equals + 1).strip());
    }
    return settings;
  }

  /** Removes the cluster that began in this context; returns whether there was one. */
  private static boolean remove(ExtensionContext context) {
    Owned owned = find(context);
    if (owned == null
        || owned.equals(context.getParent().map(parent -> find(parent)).orElse(null))) {
      return false;
    }
    context.getStore(NAMESPACE).remove(OWNED);
    try {
      owned.cluster().close();
    } finally {
      delete(owned.folder());
    }
    return true;
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(
          "the data of the test's cluster stays in " + folder, e);
    }
  }
}
