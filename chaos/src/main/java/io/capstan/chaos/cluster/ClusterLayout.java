package io.capstan.chaos.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where everything of a cluster on this machine listens.
 *
 * @param name name of the cluster
 * @param host the address that everything is bound to (loopback)
 * @param nodes the nodes in order
 * @param proxyPorts for each directed link the port of its proxy, in the order of the nodes
 * @param spares the peer ports of nodes that may be added, and the proxies of the links to them:
 *     those who run must have been told of them when they started
 */
public record ClusterLayout(
    String name,
    String host,
    List<NodePorts> nodes,
    Map<DirectedLink, Integer> proxyPorts,
    List<Spare> spares) {

  /** The only address that is used: nothing of a local cluster is reachable from outside. */
  static final String LOOPBACK = "127.0.0.1";

  /** Where the search for peer ports and proxy ports begins, counted from the base port. */
  private static final int INNER_PORTS_OFFSET = 1_000;

  /**
   * The place of a node that may be added.
   *
   * @param id the node
   * @param peerPort where it will accept its peers
   * @param proxyPorts for each node that is there the port of the proxy of its link to this one
   */
  public record Spare(String id, int peerPort, Map<String, Integer> proxyPorts) {
    public Spare {
      proxyPorts = Collections.unmodifiableMap(new LinkedHashMap<>(proxyPorts));
    }

    private Spare andFor(String nodeId, int port) {
      Map<String, Integer> more = new LinkedHashMap<>(proxyPorts);
      more.put(nodeId, port);
      return new Spare(id, peerPort, more);
    }
  }

  /** Nodes that may be added while the cluster runs; once it was started again, as many again. */
  static final int ADDED_MAX = 4;

  private static final int PORT_MAX = 65_535;

  /**
   * The ports of a node.
   *
   * @param id the node
   * @param clientPort where it serves clients
   * @param peerPort where it accepts its peers (through their proxies)
   */
  public record NodePorts(String id, int clientPort, int peerPort) {}

  public ClusterLayout {
    nodes = List.copyOf(nodes);
    proxyPorts = Collections.unmodifiableMap(new LinkedHashMap<>(proxyPorts));
    spares = List.copyOf(spares);
  }

  /**
   * Lays out a cluster whose node nI serves clients on {@code basePort + I - 1}. Peer and proxy
   * ports are kept from an earlier layout where they are still free.
   *
   * @throws ClusterException (usage) if there is no room for the ports above {@code basePort}
   */
  static ClusterLayout at(
      String name, List<String> nodeIds, int basePort, @Nullable ClusterLayout earlier) {
    if (basePort < 1 || basePort + nodeIds.size() - 1 > PORT_MAX) {
      throw ClusterException.usage(
          "The base port " + basePort + " leaves no room for " + nodeIds.size() + " ports.",
          "Choose one between 1024 and 60000.");
    }
    FreePorts ports = new FreePorts(loopback(), basePort + INNER_PORTS_OFFSET);
    List<Integer> clientPorts = new ArrayList<>();
    for (int index = 0; index < nodeIds.size(); index++) {
      clientPorts.add(basePort + index);
      ports.reserve(basePort + index);
    }
    return withInnerPorts(name, nodeIds, clientPorts, ports, earlier);
  }

  /** Lays out a cluster on ports that are free at this moment. */
  static ClusterLayout onFreePorts(String name, List<String> nodeIds) {
    FreePorts ports = new FreePorts(loopback(), FreePorts.firstChoiceOfThisProcess());
    List<Integer> clientPorts = new ArrayList<>();
    for (int index = 0; index < nodeIds.size(); index++) {
      clientPorts.add(ports.choose());
    }
    return withInnerPorts(name, nodeIds, clientPorts, ports, null);
  }

  private static ClusterLayout withInnerPorts(
      String name,
      List<String> nodeIds,
      List<Integer> clientPorts,
      FreePorts ports,
      @Nullable ClusterLayout earlier) {
    Map<String, Integer> peerPortsBefore =
        earlier == null
            ? Map.of()
            : earlier.nodes().stream()
                .collect(Collectors.toMap(NodePorts::id, NodePorts::peerPort));
    Map<DirectedLink, Integer> proxyPortsBefore = earlier == null ? Map.of() : earlier.proxyPorts();
    List<NodePorts> nodes = new ArrayList<>();
    for (int index = 0; index < nodeIds.size(); index++) {
      String id = nodeIds.get(index);
      int peerPort = ports.keepOrChoose(peerPortsBefore.getOrDefault(id, 0));
      nodes.add(new NodePorts(id, clientPorts.get(index), peerPort));
    }
    Map<DirectedLink, Integer> proxyPorts = new LinkedHashMap<>();
    for (DirectedLink link : DirectedLink.among(nodeIds)) {
      proxyPorts.put(link, ports.keepOrChoose(proxyPortsBefore.getOrDefault(link, 0)));
    }
    List<String> all = NodeNames.first(Math.min(nodes.size() + ADDED_MAX, NodeNames.NODES_MAX));
    List<Spare> spares = new ArrayList<>();
    for (String id : all.subList(nodes.size(), all.size())) {
      Spare spare = new Spare(id, ports.choose(), Map.of());
      for (String from : nodeIds) {
        spare = spare.andFor(from, ports.choose());
      }
      spares.add(spare);
    }
    return new ClusterLayout(name, LOOPBACK, nodes, proxyPorts, spares);
  }

  /**
   * Returns this layout with one node more, n4 after n3, on ports that are free.
   *
   * @throws ClusterException (usage) if no more can be added
   */
  ClusterLayout withNextNode() {
    if (spares.isEmpty()) {
      throw ClusterException.usage(
          "No node can be added: "
              + ADDED_MAX
              + " may while a cluster runs, and "
              + NodeNames.NODES_MAX
              + " is the most it can have.",
          "Stop the cluster and start it again, then add further ones.");
    }
    Spare next = spares.get(0);
    int lastClientPort = nodes.get(nodes.size() - 1).clientPort();
    FreePorts ports = new FreePorts(loopback(), lastClientPort + INNER_PORTS_OFFSET);
    reserveAll(ports);
    List<NodePorts> grown = new ArrayList<>(nodes);
    grown.add(new NodePorts(next.id(), ports.keepOrChoose(lastClientPort + 1), next.peerPort()));
    Map<DirectedLink, Integer> proxies = new LinkedHashMap<>(proxyPorts);
    next.proxyPorts()
        .forEach(
            (other, port) -> {
              proxies.put(new DirectedLink(other, next.id()), port);
              proxies.put(new DirectedLink(next.id(), other), ports.choose());
            });
    List<Spare> left =
        spares.stream().skip(1).map(spare -> spare.andFor(next.id(), ports.choose())).toList();
    return new ClusterLayout(name, host, grown, proxies, left);
  }

  private void reserveAll(FreePorts ports) {
    for (NodePorts node : nodes) {
      ports.reserve(node.clientPort());
      ports.reserve(node.peerPort());
    }
    proxyPorts.values().forEach(ports::reserve);
    for (Spare spare : spares) {
      ports.reserve(spare.peerPort());
      spare.proxyPorts().values().forEach(ports::reserve);
    }
  }

  static InetAddress loopback() {
    try {
      return InetAddress.getByName(LOOPBACK);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("a literal address needs no look-up: " + LOOPBACK, e);
    }
  }

  /** Returns the ids of the nodes in order. */
  public List<String> nodeIds() {
    return nodes.stream().map(NodePorts::id).toList();
  }

  /**
   * Returns the ports of a node.
   *
   * @throws ClusterException (usage) if there is no such node
   */
  public NodePorts node(String id) {
    String known = NodeNames.require(id, nodeIds());
    return nodes.stream().filter(node -> node.id().equals(known)).findFirst().orElseThrow();
  }

  /** Returns where clients reach a node. */
  public String clientAddress(String id) {
    return host + ":" + node(id).clientPort();
  }

  /** Returns where a node accepts its peers. */
  public String peerAddress(String id) {
    return host + ":" + node(id).peerPort();
  }

  /**
   * Returns the first client port on which somebody listens already.
   *
   * @return the port, or null where all of them are free
   */
  @Nullable Integer clientPortInUse() {
    return nodes.stream()
        .map(NodePorts::clientPort)
        .filter(port -> !FreePorts.isFree(loopback(), port))
        .findFirst()
        .orElse(null);
  }

  /** Returns what a node must be told; its data folder is {@code directory/nI/data}. */
  public NodeSettings settings(String id, Path directory) {
    Map<String, String> members = new LinkedHashMap<>();
    Map<String, String> peerRoutes = new LinkedHashMap<>();
    Map<String, String> memberClients = new LinkedHashMap<>();
    for (String other : nodeIds()) {
      Integer proxyPort = other.equals(id) ? null : proxyPorts.get(new DirectedLink(id, other));
      members.put(other, proxyPort == null ? peerAddress(id) : host + ":" + proxyPort);
      memberClients.put(other, clientAddress(other));
    }
    for (Spare spare : spares) {
      Integer proxyPort = spare.proxyPorts().get(id);
      if (proxyPort != null) {
        peerRoutes.put(host + ":" + spare.peerPort(), host + ":" + proxyPort);
      }
    }
    return new NodeSettings(
        id,
        name,
        directory.resolve(id).resolve("data"),
        clientAddress(id),
        peerAddress(id),
        clientAddress(id),
        members,
        peerRoutes,
        memberClients);
  }
}
