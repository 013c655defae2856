package io.capstan.chaos.command;

import io.capstan.chaos.cluster.ClusterReport;
import io.capstan.chaos.cluster.ClusterReport.NodeReport;
import io.capstan.chaos.cluster.NodeView;
import java.util.ArrayList;
import java.util.List;

/** The state of a cluster as lines for people. */
final class ClusterTable {
  private static final List<String> HEADINGS =
      List.of("NODE", "ADDRESS", "PID", "STATE", "ROLE", "TERM", "COMMIT", "APPLIED", "HEARS");

  private ClusterTable() {}

  /** Returns a heading and a line for each node. */
  static List<String> nodes(ClusterReport report) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEADINGS);
    for (NodeReport node : report.nodes()) {
      rows.add(row(node));
    }
    int[] widths = new int[HEADINGS.size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private static List<String> row(NodeReport node) {
    Long pid = node.pid();
    NodeView view = node.view();
    List<String> row = new ArrayList<>();
    row.add(node.id());
    row.add(node.address());
    row.add(pid == null ? "-" : pid.toString());
    row.add(node.exitCode() == null ? node.state() : node.state() + "(" + node.exitCode() + ")");
    if (view == null) {
      row.addAll(List.of("-", "-", "-", "-", "-"));
    } else {
      row.add(view.role());
      row.add(Long.toString(view.term()));
      row.add(Long.toString(view.commitIndex()));
      row.add(Long.toString(view.appliedIndex()));
      row.add(view.hears().isEmpty() ? "nobody" : String.join(",", view.hears()));
    }
    return row;
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      line.append(row.get(column));
      line.append(" ".repeat(widths[column] - row.get(column).length() + 2));
    }
    return line.toString().stripTrailing();
  }

  /** Returns the leader with the highest term; empty where nobody says that it leads. */
  static String leader(ClusterReport report) {
    String leader = "";
    long term = -1;
    for (NodeReport node : report.nodes()) {
      NodeView view = node.view();
      if (view != null && view.role().equals("leader") && view.term() > term) {
        leader = node.id();
        term = view.term();
      }
    }
    return leader;
  }

  /** Returns a sentence about the links. */
  static String links(ClusterReport report) {
    return report.cutLinks().isEmpty()
        ? "All links are open."
        : "Links cut: " + String.join(", ", report.cutLinks()) + ".";
  }
}
