package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.PartitionSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which nodes and links a scenario means. It can name them ({@code n1}) or their part in the play:
 *
 * <ul>
 *   <li>{@code leader}: who leads when the fault begins;
 *   <li>{@code follower}, {@code follower-2} ...: the others, in order;
 *   <li>{@code minority}: the leader and as many followers as are no majority together;
 *   <li>{@code rest}: whoever the rest of the text does not name; {@code all}: everybody.
 * </ul>
 *
 * <p>Links are written as in {@link PartitionSpec} ({@code leader|rest}, {@code leader>rest}), or
 * as {@code bridge} (two halves and one node that reaches both), {@code ring} (each node reaches a
 * majority, no two the same) or {@code all}.
 */
public final class Targets {
  /** A bridge or a ring of fewer nodes would be no more than a cut. */
  public static final int SHAPE_NODES_MIN = 5;

  private static final Pattern FOLLOWER = Pattern.compile("follower(-([1-9]))?");
  private static final Pattern NODE = Pattern.compile("n?[1-9]");
  private static final Set<String> WORDS = Set.of("leader", "minority", "rest", "all");
  private static final Set<String> SHAPES = Set.of("bridge", "ring", "all");

  private final List<String> nodes;
  private final String leader;

  /**
   * @param nodes all nodes, in order
   * @param leader who leads; one of the nodes
   */
  public Targets(List<String> nodes, String leader) {
    this.nodes = List.copyOf(nodes);
    this.leader = leader;
  }

  /**
   * Checks a text before there is a cluster.
   *
   * @return what is wrong with it, in words that follow its quotation; empty if nothing is
   */
  public static String problem(String text, boolean ofLinks, int nodeCount) {
    List<String> nodes = new ArrayList<>();
    for (int i = 1; i <= nodeCount; i++) {
      nodes.add("n" + i);
    }
    if (ofLinks && SHAPES.contains(text)) {
      return !text.equals("all") && nodeCount < SHAPE_NODES_MIN
          ? "needs " + SHAPE_NODES_MIN + " nodes or more, and there are " + nodeCount
          : "";
    }
    for (String word : text.split("[,|>]", -1)) {
      String name = word.trim();
      if (!WORDS.contains(name)
          && !FOLLOWER.matcher(name).matches()
          && !NODE.matcher(name).matches()) {
        return "names \""
            + name
            + "\"; a node is n1, n2, ..., leader, follower, follower-2, ..., minority, rest or all";
      }
    }
    try {
      Targets targets = new Targets(nodes, "n1");
      if (ofLinks) {
        targets.links(text);
      } else {
        targets.nodes(text);
      }
      return "";
    } catch (ClusterException | PartitionSpec.InvalidPartitionException e) {
      return "cannot be: " + e.getMessage();
    }
  }

  /** Returns the nodes that a list means. */
  public List<String> nodes(String text) {
    return expand(text, Set.of());
  }

  private List<String> expand(String text, Set<String> named) {
    Set<String> found = new LinkedHashSet<>();
    for (String word : text.split(",", -1)) {
      String name = word.trim();
      switch (name) {
        case "leader" -> found.add(leader);
        case "all" -> found.addAll(nodes);
        case "minority" -> {
          found.add(leader);
          followers().stream().limit((nodes.size() - 1) / 2 - 1L).forEach(found::add);
        }
        case "rest" -> nodes.stream().filter(node -> !named.contains(node)).forEach(found::add);
        default -> found.add(single(name));
      }
    }
    return List.copyOf(found);
  }

  private List<String> followers() {
    return nodes.stream().filter(node -> !node.equals(leader)).toList();
  }

  private String single(String name) {
    var follower = FOLLOWER.matcher(name);
    if (follower.matches()) {
      int number = follower.group(2) == null ? 1 : Integer.parseInt(follower.group(2));
      if (number > followers().size()) {
        throw new ClusterException(
            ClusterException.Kind.USAGE,
            "there is no " + name + " among " + nodes.size() + " nodes",
            "");
      }
      return followers().get(number - 1);
    }
    String id = name.startsWith("n") ? name : "n" + name;
    if (!nodes.contains(id)) {
      throw new ClusterException(
          ClusterException.Kind.USAGE,
          "there is no node " + name + "; the nodes are " + String.join(", ", nodes),
          "");
    }
    return id;
  }

  /** What a text about links means here. */
  public record Links(String text, Set<DirectedLink> links) {}

  /** Returns the links that a text means. */
  public Links links(String text) {
    return switch (text) {
      case "all" -> new Links("every link", DirectedLink.among(nodes));
      case "bridge" -> bridge();
      case "ring" -> ring();
      default -> {
        PartitionSpec spec = PartitionSpec.parse(named(text), nodes);
        yield new Links(spec.text(), spec.cutLinks());
      }
    };
  }

  /** Puts node ids in the place of words. */
  private String named(String text) {
    Set<String> named = new LinkedHashSet<>();
    for (String part : text.split("[|>]", -1)) {
      for (String word : part.split(",", -1)) {
        if (!word.trim().equals("rest")) {
          named.addAll(expand(word, Set.of()));
        }
      }
    }
    StringBuilder written = new StringBuilder();
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == '|' || text.charAt(i) == '>') {
        written.append(String.join(",", expand(text.substring(from, i), named)));
        if (i < text.length()) {
          written.append(text.charAt(i));
        }
        from = i + 1;
      }
    }
    return written.toString();
  }

  /** The leader with half of the others, the rest, and a follower between them. */
  private Links bridge() {
    List<String> followers = followers();
    String middle = followers.get(followers.size() - 1);
    List<String> left = new ArrayList<>(List.of(leader));
    int half = (nodes.size() - 1) / 2;
    left.addAll(followers.subList(0, half - 1));
    List<String> right = followers.subList(half - 1, followers.size() - 1);
    Set<DirectedLink> links = new LinkedHashSet<>(DirectedLink.between(left, right));
    links.addAll(DirectedLink.between(right, left));
    return new Links(
        String.join(",", left) + " | " + String.join(",", right) + ", " + middle + " reaches both",
        links);
  }

  private Links ring() {
    int reach = (nodes.size() / 2 + 1) / 2;
    Set<DirectedLink> links = new LinkedHashSet<>();
    for (int from = 0; from < nodes.size(); from++) {
      for (int to = 0; to < nodes.size(); to++) {
        int distance = Math.abs(from - to);
        int around = Math.min(distance, nodes.size() - distance);
        if (around > reach) {
          links.add(new DirectedLink(nodes.get(from), nodes.get(to)));
        }
      }
    }
    return new Links("a ring: each node reaches its nearest", links);
  }
}
