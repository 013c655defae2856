package io.capstan.chaos.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The folder in which Capstan remembers things between commands: {@code CAPSTAN_STATE_DIR}, else
 * {@code ~/.capstan}. In it, {@code current-cluster.json} points to the folder of the local cluster
 * that commands use when none is named.
 *
 * @param root the folder, absolute
 */
public record CapstanHome(Path root) {
  /** Names the folder. */
  public static final String VARIABLE = "CAPSTAN_STATE_DIR";

  private static final ObjectMapper JSON = new ObjectMapper();

  public CapstanHome {
    root = root.toAbsolutePath().normalize();
  }

  /** Finds the folder for an environment. */
  public static CapstanHome of(Map<String, String> environment) {
    String named = environment.getOrDefault(VARIABLE, "").strip();
    String home = environment.getOrDefault("HOME", "").strip();
    Path userHome = Path.of(home.isEmpty() ? System.getProperty("user.home", ".") : home);
    return new CapstanHome(named.isEmpty() ? userHome.resolve(".capstan") : Path.of(named));
  }

  /** Returns where a cluster lives for which no folder was named. */
  public ClusterDirectory defaultCluster() {
    return new ClusterDirectory(root.resolve("cluster"));
  }

  /** Returns the folder of the cluster that was started last; the default one if there is none. */
  public ClusterDirectory currentCluster() {
    return pointedTo().orElseGet(this::defaultCluster);
  }

  /** Makes a cluster the current one. */
  void pointTo(ClusterDirectory cluster) throws IOException {
    Files.createDirectories(root);
    JsonNode content = JsonNodeFactory.instance.objectNode().put("dir", cluster.root().toString());
    ClusterState.writeAtomically(pointer(), JSON.writeValueAsString(content));
  }

  /** Forgets the current cluster if it is this one. */
  void forget(ClusterDirectory cluster) throws IOException {
    if (pointedTo().filter(cluster::equals).isPresent()) {
      Files.deleteIfExists(pointer());
    }
  }

  private Path pointer() {
    return root.resolve("current-cluster.json");
  }

  private Optional<ClusterDirectory> pointedTo() {
    try {
      String directory = JSON.readTree(Files.readString(pointer())).path("dir").asText("");
      return directory.isEmpty()
          ? Optional.empty()
          : Optional.of(new ClusterDirectory(Path.of(directory)));
    } catch (IOException e) {
      // Missing or damaged: as if there were none; the next start writes it again.
      return Optional.empty();
    }
  }
}
