package io.capstan.node.server.config;

import io.capstan.node.replica.ReplicaConfig;
import io.capstan.node.replica.SnapshotConfig;
import io.capstan.node.storage.rocks.EngineOptions;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The validated configuration of one node. {@link Setting} says what each value means. Immutable.
 *
 * @param id this node
 * @param cluster the cluster's name
 * @param data the data folder
 * @param listen where clients connect
 * @param peerListen where peers connect
 * @param advertise the client address that others are told
 * @param members every node, this one included, to the peer address under which this node reaches
 *     it
 * @param join nodes of a cluster that exists, to the peer address under which this node reaches
 *     them; members is empty then
 * @param peerRoutes where this node connects instead of a peer address in the log
 * @param memberClients the client addresses of those members for which one is known, this node
 *     included
 * @param electionTimeoutMillis milliseconds without a leader before a campaign
 * @param heartbeatIntervalMillis milliseconds between two signs of an idle leader
 * @param antiEntropyIntervalMillis milliseconds between two comparisons with a peer
 * @param peerSilentMillis milliseconds of silence after which a peer counts as unreachable
 * @param queueCallsMax client calls open at once
 * @param uncommittedBytesMax bytes of proposals that wait for a majority
 * @param sessionTtlMillis milliseconds without use after which a session is forgotten
 * @param leaseReads how a leader confirms that it leads
 * @param snapshots when the log is cut, and how snapshots travel
 * @param engine the sizes of the storage engine
 * @param logLevel ERROR, WARN, INFO, DEBUG or TRACE
 */
public record NodeConfig(
    String id,
    String cluster,
    Path data,
    HostPort listen,
    HostPort peerListen,
    HostPort advertise,
    SortedMap<String, HostPort> members,
    SortedMap<String, HostPort> join,
    Map<HostPort, HostPort> peerRoutes,
    SortedMap<String, HostPort> memberClients,
    long electionTimeoutMillis,
    long heartbeatIntervalMillis,
    long antiEntropyIntervalMillis,
    long peerSilentMillis,
    int queueCallsMax,
    long uncommittedBytesMax,
    long sessionTtlMillis,
    ReplicaConfig.LeaseReads leaseReads,
    SnapshotConfig snapshots,
    EngineOptions engine,
    String logLevel) {

  /** Takes copies. {@link #load} validates. */
  public NodeConfig {
    members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    join = Collections.unmodifiableSortedMap(new TreeMap<>(join));
    peerRoutes = Map.copyOf(peerRoutes);
    memberClients = Collections.unmodifiableSortedMap(new TreeMap<>(memberClients));
  }

  /**
   * Reads the configuration; a flag beats the environment, which beats the file.
   *
   * @param file the YAML file, or null where there is none
   * @param environment all variables; those of {@link Setting#environmentVariable} are used
   * @param flags values by {@link Setting#key}
   * @throws ConfigException with a sentence that names the key, the value and what is allowed
   */
  public static NodeConfig load(
      @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
    return ConfigReader.merge(file, environment, flags).toNodeConfig();
  }
}
