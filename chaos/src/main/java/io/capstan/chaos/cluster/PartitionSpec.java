package io.capstan.chaos.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which links a partition cuts, as people write it.
 *
 * <ul>
 *   <li>{@code n1,n2|n3}: sides. Links inside a side stay, links between sides are cut both ways.
 *       Every node must be named exactly once: a node on no side is more often a slip than a wish.
 *   <li>{@code n1>n2}: one direction only. {@code n1>n2,n3} and {@code n1,n2>n3} cut several links;
 *       {@code n1>n2,n2>n3} lists them. Nodes that are not named keep all their links.
 * </ul>
 *
 * <p>A node may be written as its number: {@code 1|2,3}.
 *
 * @param text what was written
 * @param sides the sides in the order written; empty where single directions were named
 * @param cutLinks the links to be cut; all others are open
 */
public record PartitionSpec(String text, List<List<String>> sides, Set<DirectedLink> cutLinks) {

  public PartitionSpec {
    sides = sides.stream().map(List::copyOf).toList();
    cutLinks = Collections.unmodifiableSet(new LinkedHashSet<>(cutLinks));
  }

  /** The text does not describe a partition of this cluster; the message says why. */
  public static final class InvalidPartitionException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    InvalidPartitionException(String message) {
      super(message);
    }
  }

  /**
   * Reads a partition of the given nodes.
   *
   * @throws InvalidPartitionException if the text does not describe one
   */
  public static PartitionSpec parse(String text, List<String> nodeIds) {
    if (text.isBlank()) {
      throw invalid(text, "it is empty");
    }
    boolean hasSides = text.contains("|");
    boolean hasDirections = text.contains(">");
    if (hasSides && hasDirections) {
      throw invalid(text, "it mixes sides (\"|\") with single directions (\">\"); use one of them");
    }
    if (hasDirections) {
      return new PartitionSpec(text, List.of(), directions(text, nodeIds));
    }
    if (!hasSides) {
      throw invalid(text, "it has one side only; a \"|\" divides the sides");
    }
    List<List<String>> sides = sides(text, nodeIds);
    return new PartitionSpec(text, sides, linksBetween(sides));
  }

  private static List<List<String>> sides(String text, List<String> nodeIds) {
    List<List<String>> sides = new ArrayList<>();
    Set<String> named = new LinkedHashSet<>();
    for (String side : text.split("\\|", -1)) {
      List<String> members = nodes(text, side, nodeIds);
      for (String node : members) {
        if (!named.add(node)) {
          throw invalid(text, node + " is named twice; a node is on one side only");
        }
      }
      sides.add(members);
    }
    List<String> unnamed = nodeIds.stream().filter(node -> !named.contains(node)).toList();
    if (!unnamed.isEmpty()) {
      throw invalid(
          text,
          String.join(", ", unnamed)
              + (unnamed.size() == 1 ? " is" : " are")
              + " on no side; name every node, for example \""
              + text.trim()
              + "|"
              + String.join(",", unnamed)
              + "\"");
    }
    return sides;
  }

  private static Set<DirectedLink> linksBetween(List<List<String>> sides) {
    Set<DirectedLink> links = new LinkedHashSet<>();
    for (List<String> one : sides) {
      for (List<String> other : sides) {
        if (one != other) {
          links.addAll(DirectedLink.between(one, other));
        }
      }
    }
    return links;
  }

  private static Set<DirectedLink> directions(String text, List<String> nodeIds) {
    boolean oneArrow = text.indexOf('>') == text.lastIndexOf('>');
    String[] arrows = oneArrow ? new String[] {text} : text.split(",", -1);
    Set<DirectedLink> links = new LinkedHashSet<>();
    for (String arrow : arrows) {
      String[] ends = arrow.split(">", -1);
      if (ends.length != 2) {
        throw invalid(text, "\"" + arrow.trim() + "\" is not of the form n1>n2");
      }
      List<String> from = nodes(text, ends[0], nodeIds);
      List<String> to = nodes(text, ends[1], nodeIds);
      for (String node : from) {
        if (to.contains(node)) {
          throw invalid(text, node + " is at both ends; a node has no link to itself");
        }
      }
      for (DirectedLink link : DirectedLink.between(from, to)) {
        if (!links.add(link)) {
          throw invalid(text, link + " is named twice");
        }
      }
    }
    return links;
  }

  private static List<String> nodes(String text, String names, List<String> nodeIds) {
    List<String> nodes = new ArrayList<>();
    for (String written : names.split(",", -1)) {
      String name = written.trim();
      if (name.isEmpty()) {
        throw invalid(text, "a node's name is missing");
      }
      String node = NodeNames.find(name, nodeIds);
      if (node == null) {
        throw invalid(
            text, "there is no node " + name + "; the nodes are " + String.join(", ", nodeIds));
      }
      if (nodes.contains(node)) {
        throw invalid(text, node + " is named twice");
      }
      nodes.add(node);
    }
    return nodes;
  }

  private static InvalidPartitionException invalid(String text, String why) {
    return new InvalidPartitionException(
        "\"" + text.trim() + "\" is not a partition of this cluster: " + why + ".");
  }
}
