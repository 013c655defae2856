package io.capstan.chaos.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.github.dockerjava.api.command.CreateNetworkCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Network.Ipam;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.containers.Network;

/**
 * A cluster with one container for each node, on a network of its own. Links are cut by the packet
 * filter inside the containers, so what is cut is felt as a cut wire is: nothing is reset, packets
 * vanish, and TCP goes on sending them again.
 *
 * <p>Needs a Docker engine that answers, and an image made by {@code docker/build-image}; nothing
 * is pulled. Clients come through ports on the loopback address of this machine, which no cut
 * touches.
 *
 * <p>Containers and network are removed by {@link #close}. All of them carry the label {@link
 * #LABEL}, by which somebody can find what a killed harness left behind.
 */
public final class ContainerCluster implements Cluster {
  /** A label of every container and network that belongs to such a cluster. */
  public static final String LABEL = "io.capstan.chaos.node";

  /** A second label of all of them: who made them. */
  public static final String RUN_LABEL = "io.capstan.chaos.run";

  /** The value of {@link #RUN_LABEL} for everything that this process makes. */
  public static final String RUN_ID = UUID.randomUUID().toString();

  private static final String CLUSTER_NAME = "containers";
  private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
  private static final Duration LINK_TIMEOUT = Duration.ofSeconds(20);

  /** Networks 10.213.N.0/24: tried one after another until one is free. */
  private static final String SUBNET_PREFIX = "10.213.";

  private static final int SUBNETS = 256;
  private static final int SUBNET_TRIES_MAX = 16;
  private static final int FIRST_HOST = 11;

  private static final Logger LOGGER = LoggerFactory.getLogger(ContainerCluster.class);
  private static final YAMLMapper YAML = new YAMLMapper();

  private final Network network;
  private final Map<String, ContainerNode> nodes = new LinkedHashMap<>();
  private final Map<String, String> addresses = new LinkedHashMap<>();
  private final Map<String, String> clientAddresses = new LinkedHashMap<>();
  private final ContainerLinks links = new ContainerLinks(addresses, this::node);
  private final ContainerEquipment equipment;
  private final @Nullable ContainerDisks disks;
  private final NodeProbe probe;
  private final AtomicBoolean closed = new AtomicBoolean();

  private record Subnet(Network network, String prefix) {}

  private ContainerCluster(
      List<String> ids,
      String image,
      Function<String, Map<String, ?>> settingsOf,
      ContainerEquipment equipment) {
    this.equipment = equipment;
    Subnet subnet = createNetwork();
    this.network = subnet.network();
    this.disks = equipment.smallDisks() ? new ContainerDisks(ids, image) : null;
    FreePorts ports = new FreePorts(ClusterLayout.loopback(), FreePorts.firstChoiceOfThisProcess());
    Map<String, Integer> hostPorts = new LinkedHashMap<>();
    for (String id : ids) {
      addresses.put(id, subnet.prefix() + (FIRST_HOST + addresses.size()));
      hostPorts.put(id, ports.choose());
    }
    hostPorts.forEach((id, port) -> clientAddresses.put(id, ClusterLayout.LOOPBACK + ":" + port));
    hostPorts.forEach(
        (id, port) ->
            nodes.put(
                id,
                new ContainerNode(
                    id,
                    image,
                    network,
                    addresses.getOrDefault(id, ""),
                    port,
                    configuration(id, settingsOf.apply(id)),
                    disks == null ? null : disks.volume(id),
                    equipment.clocks())));
    this.probe = new NodeProbe(ids, id -> clientAddresses.getOrDefault(id, ""));
  }

  /**
   * Starts a cluster and waits until it has a leader.
   *
   * @param nodeCount how many nodes
   * @param image the image of the nodes; the engine has it already
   * @param settingsOf settings of a node beside those that make it a member, by the keys of the
   *     configuration file
   * @throws ClusterException (failed) with the end of the nodes' logs; everything is removed then
   */
  public static ContainerCluster start(
      int nodeCount, String image, Function<String, Map<String, ?>> settingsOf) {
    return start(nodeCount, image, settingsOf, ContainerEquipment.PLAIN);
  }

  /**
   * The same with containers to which more can be done.
   *
   * @throws ClusterException (failed) as above
   */
  public static ContainerCluster start(
      int nodeCount,
      String image,
      Function<String, Map<String, ?>> settingsOf,
      ContainerEquipment equipment) {
    ContainerCluster cluster =
        new ContainerCluster(NodeNames.first(nodeCount), image, settingsOf, equipment);
    try {
      Together.forEach(
          cluster.nodeIds(),
          id -> {
            cluster.node(id).create();
            cluster.links.apply(id);
          });
      cluster.awaitReady(START_TIMEOUT);
      cluster.requireAllRun();
      return cluster;
    } catch (RuntimeException e) {
      RuntimeException told = e instanceof ClusterException ? cluster.withLogs(e) : e;
      cluster.close();
      throw told;
    }
  }

  /** The nodes that run are ready without one that ended as soon as it was started. */
  private void requireAllRun() {
    List<String> ended = new ArrayList<>(nodeIds());
    ended.removeAll(runningNodes());
    if (!ended.isEmpty()) {
      throw ClusterException.failed(
          "Of the nodes that were started these have ended: " + String.join(", ", ended) + ".", "");
    }
  }

  /** The engine refuses a subnet that overlaps with another network; then the next one is tried. */
  private static Subnet createNetwork() {
    int first = (int) (ProcessHandle.current().pid() % SUBNETS);
    @Nullable DockerException refused = null;
    for (int attempt = 0; attempt < SUBNET_TRIES_MAX; attempt++) {
      String prefix = SUBNET_PREFIX + (first + attempt) % SUBNETS + ".";
      Network network =
          Network.builder()
              .createNetworkCmdModifier(command -> onSubnet(command, prefix + "0/24"))
              .build();
      try {
        // The network is made when its id is asked for.
        network.getId();
        return new Subnet(network, prefix);
      } catch (DockerException e) {
        refused = e;
      }
    }
    throw new ClusterException(
        ClusterException.Kind.FAILED,
        "The engine made no network in "
            + SUBNET_TRIES_MAX
            + " attempts: "
            + (refused == null ? "" : refused.getMessage()),
        "docker network prune removes networks that nobody uses.",
        refused == null ? new IllegalStateException("no attempt was made") : refused);
  }

  private static void onSubnet(CreateNetworkCmd command, String subnet) {
    command
        .withIpam(new Ipam().withConfig(new Ipam.Config().withSubnet(subnet)))
        .withLabels(Map.of(LABEL, "network", RUN_LABEL, RUN_ID));
  }

  private String configuration(String id, Map<String, ?> settings) {
    Map<String, Object> keys = new LinkedHashMap<>();
    Map<String, String> members = new LinkedHashMap<>();
    addresses.forEach(
        (member, address) -> members.put(member, address + ":" + ContainerNode.PEER_PORT));
    keys.put("id", id);
    keys.put("cluster", CLUSTER_NAME);
    keys.put("advertise", clientAddress(id));
    keys.put("members", members);
    keys.put("memberClients", clientAddresses);
    keys.putAll(settings);
    try {
      return YAML.writeValueAsString(keys);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("settings that cannot be written down: " + settings, e);
    }
  }

  /**
   * Gives a running node other settings, which count from its next start.
   *
   * @param settings as in {@link #start(int, String, Function)}; they replace those of before
   */
  public void configure(String nodeId, Map<String, ?> settings) {
    node(nodeId).configure(configuration(NodeNames.require(nodeId, nodeIds()), settings));
  }

  ContainerNode node(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    ContainerNode node = nodes.get(id);
    if (node == null) {
      throw new IllegalStateException("there is a name " + id + " but no container");
    }
    return node;
  }

  private ClusterException withLogs(RuntimeException failure) {
    StringBuilder told = new StringBuilder(String.valueOf(failure.getMessage()));
    nodes.forEach(
        (id, node) -> {
          try {
            told.append("\nThe log of ").append(id).append(" ends:\n").append(node.logTail());
          } catch (RuntimeException e) {
            // Not even made: its absence is told already.
            failure.addSuppressed(e);
          }
        });
    return new ClusterException(ClusterException.Kind.FAILED, told.toString(), "", failure);
  }

  /** Returns the end of what a node wrote to its log. */
  public String logTail(String nodeId) {
    return node(nodeId).logTail();
  }

  @Override
  public List<String> nodeIds() {
    return List.copyOf(addresses.keySet());
  }

  @Override
  public String clientAddress(String nodeId) {
    return clientAddresses.getOrDefault(NodeNames.require(nodeId, nodeIds()), "");
  }

  @Override
  public NodeState state(String nodeId) {
    return node(nodeId).state();
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return equipment.abilities();
  }

  /**
   * {@inheritDoc} By a file that takes all the room; the disk is small. The node is held still
   * meanwhile, so that it sets no room aside.
   */
  @Override
  public void fillDisk(String nodeId) {
    ContainerNode node = node(nodeId);
    boolean isHeld = node.pauseIfItRuns();
    try {
      disks().fill(node.id());
    } finally {
      if (isHeld) {
        node.resume();
      }
    }
  }

  @Override
  public void freeDisk(String nodeId) {
    disks().free(NodeNames.require(nodeId, nodeIds()));
    ContainerNode node = node(nodeId);
    if (node.state() == NodeState.RUNNING) {
      try {
        probe.awaitAnswer(node.id(), START_TIMEOUT, node::state, node::logTail);
      } catch (ClusterException e) {
        if (node.state().isAlive()) {
          throw e;
        }
        // The full disk was ending it just now: it counted as running.
      }
    }
    start(nodeId);
  }

  private ContainerDisks disks() {
    if (disks == null) {
      throw ClusterException.usage("These containers have no small disks to fill.", "");
    }
    return disks;
  }

  /** {@inheritDoc} By libfaketime. */
  @Override
  public void skewClock(String nodeId, long millis) {
    if (!equipment.clocks()) {
      throw ClusterException.usage("These containers have no clocks that can be set wrong.", "");
    }
    node(nodeId).skewClock(millis);
  }

  /**
   * {@inheritDoc} Packets vanish in the packet filter; returns once it shows the rules. There is
   * nothing that could hold packets back.
   */
  @Override
  public void setQuality(Set<DirectedLink> links, LinkQuality quality) {
    if (quality.delayMillis() > 0) {
      throw ClusterException.usage("Containers have no proxies that could make links slow.", "");
    }
    this.links.lose(links, quality.lossPercent());
    Together.forEach(
        running(links.stream().map(DirectedLink::to).collect(Collectors.toSet())),
        id -> {
          this.links.apply(id);
          this.links.requireLosses(id);
        });
  }

  @Override
  public void start(String nodeId) {
    ContainerNode node = node(nodeId);
    if (!node.start()) {
      return;
    }
    // A container that starts has an empty packet filter; the node in it needs a second to wake up.
    links.apply(node.id());
    probe.awaitAnswer(node.id(), START_TIMEOUT, node::state, node::logTail);
  }

  @Override
  public void stop(String nodeId) {
    node(nodeId).stop();
  }

  @Override
  public void kill(String nodeId) {
    node(nodeId).kill();
  }

  @Override
  public void pause(String nodeId) {
    node(nodeId).pause();
  }

  @Override
  public void resume(String nodeId) {
    boolean wasPaused = state(nodeId) == NodeState.PAUSED;
    node(nodeId).resume();
    if (wasPaused) {
      // Nothing ran in its container meanwhile, so what was cut, opened or made lossy is not there.
      links.apply(nodeId);
    }
  }

  @Override
  public Set<DirectedLink> cutLinks() {
    return links.cut();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Returns only once attempts to connect from node to node have shown it. Links from and to
   * nodes that do not run get their mode when these are started; those to a paused node, in whose
   * container nothing runs, as soon as it goes on, a moment late.
   */
  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    if (!links().containsAll(links)) {
      throw ClusterException.usage("There are no such links: " + links + ".", "");
    }
    Set<String> ends = links.stream().map(DirectedLink::to).collect(Collectors.toSet());
    this.links.set(links, mode);
    Together.forEach(running(ends), this.links::apply);
    Set<DirectedLink> unseen = new TreeSet<>(links);
    String wrong =
        Waiting.untilNothingIsMissing(LINK_TIMEOUT, () -> this.links.wrong(unseen, runningNodes()));
    if (!wrong.isEmpty()) {
      throw ClusterException.failed(
          "The packet filters are set, but after " + LINK_TIMEOUT.toSeconds() + " s " + wrong + ".",
          "");
    }
  }

  private List<String> running(Collection<String> ids) {
    return nodeIds().stream()
        .filter(ids::contains)
        .filter(id -> state(id) == NodeState.RUNNING)
        .toList();
  }

  private List<String> runningNodes() {
    return running(nodeIds());
  }

  @Override
  public Map<String, NodeView> views() {
    return probe.ask(runningNodes());
  }

  /** {@inheritDoc} The connections between the containers are tried as well. */
  @Override
  public void awaitLinks(Duration timeout) {
    Set<DirectedLink> unseen = new TreeSet<>(links());
    String missing =
        Waiting.untilNothingIsMissing(
            timeout,
            () -> {
              List<String> running = runningNodes();
              String heard = ClusterAgreement.linksMissing(running, probe.ask(running), cutLinks());
              return heard.isEmpty() ? links.wrong(unseen, running) : heard;
            });
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The links are set, but after " + timeout.toMillis() + " ms " + missing + ".", "");
    }
  }

  @Override
  public void awaitReady(Duration timeout) {
    String missing =
        Waiting.untilNothingIsMissing(
            timeout,
            () -> {
              List<String> running = runningNodes();
              return ClusterAgreement.readinessMissing(running, probe.ask(running));
            });
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The cluster is not ready after " + timeout.toSeconds() + " s: " + missing + ".", "");
    }
  }

  /** Removes containers, their data and the network. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    probe.close();
    for (ContainerNode node : nodes.values()) {
      try {
        node.remove();
      } catch (RuntimeException e) {
        LOGGER.warn("the container of {} stays behind", node.id(), e);
      }
    }
    if (disks != null) {
      disks.close();
    }
    try {
      network.close();
    } catch (RuntimeException e) {
      LOGGER.warn("the network {} stays behind", network.getId(), e);
    }
  }
}
