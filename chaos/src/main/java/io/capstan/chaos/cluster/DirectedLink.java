package io.capstan.chaos.cluster;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The connection that one node opens to another: everything that {@code from} sends to {@code to}
 * travels on it, and nothing that {@code to} sends of its own accord.
 *
 * @param from id of the node that opens the connection
 * @param to id of the node that accepts it
 */
public record DirectedLink(String from, String to) implements Comparable<DirectedLink> {
  private static final Comparator<DirectedLink> ORDER =
      Comparator.comparing(DirectedLink::from).thenComparing(DirectedLink::to);

  /**
   * @throws IllegalArgumentException if both ends are the same node
   */
  public DirectedLink {
    if (from.equals(to)) {
      throw new IllegalArgumentException("A link needs two nodes; both ends are " + from + ".");
    }
  }

  /** Returns the link the other way. */
  public DirectedLink reversed() {
    return new DirectedLink(to, from);
  }

  /**
   * Reads the form that {@link #toString} writes, {@code n1>n2}.
   *
   * @throws IllegalArgumentException if the text is not of that form
   */
  public static DirectedLink parse(String text) {
    String[] ends = text.split(">", -1);
    if (ends.length != 2 || ends[0].isBlank() || ends[1].isBlank()) {
      throw new IllegalArgumentException("Not a link: \"" + text + "\". Write it as n1>n2.");
    }
    return new DirectedLink(ends[0].trim(), ends[1].trim());
  }

  /** Returns every link between the given nodes, both ways, in the order of the nodes. */
  public static Set<DirectedLink> among(List<String> nodeIds) {
    return between(nodeIds, nodeIds);
  }

  /** Returns every link from a node of {@code from} to another node of {@code to}. */
  public static Set<DirectedLink> between(Collection<String> from, Collection<String> to) {
    Set<DirectedLink> links = new LinkedHashSet<>();
    for (String source : from) {
      for (String target : to) {
        if (!source.equals(target)) {
          links.add(new DirectedLink(source, target));
        }
      }
    }
    return links;
  }

  @Override
  public int compareTo(DirectedLink other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return from + ">" + to;
  }
}
