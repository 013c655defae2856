package io.capstan.chaos.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Compares what nodes say with what should be so. Each method returns what does not agree yet as
 * readable text, empty where everything agrees. Pure.
 */
final class ClusterAgreement {
  private ClusterAgreement() {}

  /**
   * Compares what nodes hear with the links that are cut. A node hears a peer through the
   * connection that the peer opened, so {@code n1>n2} decides whether n2 hears n1.
   *
   * @param running the nodes that run and are not held still
   * @param views what those that answered say; the others are left out as speakers and as listeners
   * @param cut the links through which nothing flows
   */
  static String linksMissing(
      List<String> running, Map<String, NodeView> views, Set<DirectedLink> cut) {
    List<String> missing = new ArrayList<>();
    for (String speaker : running) {
      for (String listener : running) {
        NodeView view = views.get(listener);
        if (speaker.equals(listener) || view == null) {
          continue;
        }
        boolean isCut = cut.contains(new DirectedLink(speaker, listener));
        boolean hears = view.hears().contains(speaker);
        if (isCut && hears) {
          missing.add(listener + " still hears " + speaker);
        } else if (!isCut && !hears && views.containsKey(speaker)) {
          missing.add(listener + " does not hear " + speaker + " yet");
        }
      }
    }
    return String.join("; ", missing);
  }

  /**
   * Says which running nodes do not answer, or that they do not name one leader that leads.
   *
   * @param running the nodes that run and are not held still
   * @param views what those that answered say
   */
  static String readinessMissing(List<String> running, Map<String, NodeView> views) {
    List<String> silent = running.stream().filter(id -> !views.containsKey(id)).toList();
    if (!silent.isEmpty()) {
      return String.join(", ", silent) + (silent.size() == 1 ? " does" : " do") + " not answer yet";
    }
    Set<String> leaders = new TreeSet<>();
    running.forEach(
        id -> {
          NodeView view = views.get(id);
          if (view != null) {
            leaders.add(view.leader().isEmpty() ? "none" : view.leader());
          }
        });
    if (leaders.size() != 1) {
      return "the nodes do not agree on a leader yet (they name "
          + String.join(", ", leaders)
          + ")";
    }
    String leader = leaders.iterator().next();
    if (leader.equals("none")) {
      return "no node knows a leader yet";
    }
    // Nodes name a leader that has just died until they miss it.
    NodeView view = views.get(leader);
    return view != null && view.role().equals("leader")
        ? ""
        : "the nodes name " + leader + ", which does not lead";
  }
}
