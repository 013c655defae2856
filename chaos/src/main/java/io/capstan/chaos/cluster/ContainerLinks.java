package io.capstan.chaos.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The links between containers: what is wanted of each, the rules of the packet filters that make
 * it so, and the attempts to connect that show it. A container keeps its rules until it ends, so
 * they are {@link #apply applied} anew at each start. Safe for use by several threads.
 */
final class ContainerLinks {
  private final Map<String, String> addresses;
  private final Function<String, ContainerNode> nodes;
  private final Map<DirectedLink, LinkMode> modes = new TreeMap<>();
  private final Map<DirectedLink, Integer> losses = new TreeMap<>();

  /**
   * Makes links that are all open and lose nothing.
   *
   * @param addresses of all nodes, by their names
   * @param nodes finds a node by its name
   */
  ContainerLinks(Map<String, String> addresses, Function<String, ContainerNode> nodes) {
    this.addresses = addresses;
    this.nodes = nodes;
  }

  /** The links that are to be cut. */
  synchronized Set<DirectedLink> cut() {
    return new TreeSet<>(modes.keySet());
  }

  /** Says what is wanted of these; nothing happens before the nodes at their ends apply it. */
  synchronized void set(Set<DirectedLink> links, LinkMode mode) {
    for (DirectedLink link : links) {
      if (mode == LinkMode.OPEN) {
        modes.remove(link);
      } else {
        modes.put(link, mode);
      }
    }
  }

  /** Says how many packets these are to lose, 0 for none; as {@link #set}. */
  synchronized void lose(Set<DirectedLink> links, int percent) {
    for (DirectedLink link : links) {
      if (percent > 0) {
        losses.put(link, percent);
      } else {
        losses.remove(link);
      }
    }
  }

  /**
   * Brings the packet filter of a container into the state that is wanted. One that has ended since
   * somebody saw it run gets its rules when it is started again.
   */
  void apply(String nodeId) {
    String rules;
    synchronized (this) {
      rules = PacketFilter.rules(to(nodeId, modes), to(nodeId, losses), addresses);
    }
    nodes.apply(nodeId).runUnlessEnded(rules);
  }

  private static <T> Map<DirectedLink, T> to(String nodeId, Map<DirectedLink, T> links) {
    Map<DirectedLink, T> found = new LinkedHashMap<>();
    links.forEach(
        (link, wanted) -> {
          if (link.to().equals(nodeId)) {
            found.put(link, wanted);
          }
        });
    return found;
  }

  /**
   * Looks into the packet filter of a container.
   *
   * @throws ClusterException (failed) if it does not make as many links lose packets as it should
   */
  void requireLosses(String nodeId) {
    int wanted;
    synchronized (this) {
      wanted = to(nodeId, losses).size();
    }
    nodes
        .apply(nodeId)
        .runUnlessEnded(PacketFilter.countLosses())
        .map(String::strip)
        .filter(found -> !found.equals(Integer.toString(wanted)))
        .ifPresent(
            found -> {
              throw ClusterException.failed(
                  wanted + " links to " + nodeId + " should lose packets, but " + found + " do.",
                  "");
            });
  }

  /**
   * Tries to connect over these links, and says which of them is not as it should be. One that is
   * leaves the set: where packets vanish not every attempt gets through.
   *
   * @param running the nodes that run; links from and to others are not tried
   * @return what is wrong; empty for nothing
   */
  String wrong(Set<DirectedLink> links, List<String> running) {
    Set<DirectedLink> cut = cut();
    Map<String, Set<String>> peers = new TreeMap<>();
    for (DirectedLink link : links) {
      if (running.contains(link.from()) && running.contains(link.to())) {
        peers.computeIfAbsent(link.from(), from -> new TreeSet<>()).add(link.to());
      }
    }
    Set<String> wrong = new TreeSet<>();
    Together.forEach(
        peers.keySet(),
        from -> {
          Set<String> targets = peers.getOrDefault(from, Set.of());
          Optional<String> printed =
              nodes.apply(from).runUnlessEnded(PacketFilter.probe(targets, addresses));
          if (printed.isEmpty()) {
            // It has ended: its links carry nothing, whatever their mode.
            return;
          }
          Set<String> reached = PacketFilter.reached(printed.get());
          for (String to : targets) {
            DirectedLink link = new DirectedLink(from, to);
            boolean isCut = cut.contains(link);
            synchronized (wrong) {
              if (isCut == reached.contains(to)) {
                wrong.add(from + (isCut ? " still reaches " : " does not reach ") + to);
              } else {
                links.remove(link);
              }
            }
          }
        });
    return String.join("; ", wrong);
  }
}
