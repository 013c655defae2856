package io.capstan.chaos.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state of a background cluster, as {@code capstan cluster status} shows it.
 *
 * @param phase "starting", "running", "stopping", "failed"; without a supervisor "stopped" or
 *     "orphaned" (nodes run but the process that held their links is gone)
 * @param message why it failed or what it waits for; empty where there is nothing to say
 * @param dir the folder of the cluster
 * @param supervisorPid the process that holds the links; absent where there is none
 * @param nodes the nodes in order
 * @param cutLinks the links that are not open, as {@code n1>n2}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ClusterReport(
    String phase,
    String message,
    String dir,
    @Nullable Long supervisorPid,
    List<NodeReport> nodes,
    List<String> cutLinks) {

  /**
   * One node.
   *
   * @param id its name
   * @param address where it serves clients
   * @param state as {@link NodeState#text}
   * @param pid its process; absent where it has none
   * @param exitCode how its last process ended; absent while it lives
   * @param log its log file
   * @param view what it says; absent where it does not answer
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record NodeReport(
      String id,
      String address,
      String state,
      @Nullable Long pid,
      @Nullable Integer exitCode,
      String log,
      @Nullable NodeView view) {}
}
