package io.capstan.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.capstan.client.BlockingClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Keyspace;
import io.capstan.client.NodeStatus;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code capstan status}. */
@Command(
    name = "status",
    description = "Shows one line a node: role, term, log, keyspaces, disk, version.",
    footer = {
      "",
      "Exits with 3 only where no node could be reached.",
      "",
      "Examples:",
      "  capstan status",
      "  capstan status --endpoints 127.0.0.1:7101,127.0.0.1:7102 -o json"
    })
final class StatusCommand extends ClientCommand {
  /** A node that is frozen must not hide the others for longer. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(2);

  @Override
  int run(BlockingClient client) {
    Duration timeout = options().timeout();
    List<NodeStatus> nodes =
        client.status(timeout.compareTo(PATIENCE_MAX) < 0 ? timeout : PATIENCE_MAX);
    if (output() == OutputFormat.JSON) {
      print(json(nodes));
    } else {
      streams().out().print(table(nodes));
    }
    if (nodes.stream().anyMatch(NodeStatus::reachable)) {
      return ExitCode.OK;
    }
    throw new CapstanException(
        ErrorCode.UNREACHABLE,
        Outcome.FAILED,
        "No node could be reached: "
            + nodes.stream()
                .map(NodeStatus::error)
                .filter(Objects::nonNull)
                .map(CapstanException::getMessage)
                .collect(Collectors.joining(" ")),
        "",
        null);
  }

  private String id(NodeStatus status) {
    if (status.node() != null) {
      return status.node().id();
    }
    String known = options().nodeIdOf(status);
    return known == null ? "?" : known;
  }

  private String table(List<NodeStatus> nodes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "NODE",
            "ADDRESS",
            "ROLE",
            "TERM",
            "LEADER",
            "COMMIT",
            "APPLIED",
            "KEYSPACES",
            "HINTS",
            "DIVERGENCE",
            "DISK",
            "VERSION"));
    for (NodeStatus each : nodes) {
      NodeStatus.Node node = each.node();
      rows.add(
          node == null
              ? List.of(
                  id(each),
                  each.endpoint(),
                  "unreachable",
                  "-",
                  "-",
                  "-",
                  "-",
                  "-",
                  "-",
                  "-",
                  "-",
                  "-")
              : List.of(
                  node.id(),
                  node.address().isEmpty() ? each.endpoint() : node.address(),
                  node.role(),
                  Long.toString(node.term()),
                  node.leader().isEmpty() ? "-" : node.leader(),
                  Long.toString(node.commitIndex()),
                  Long.toString(node.appliedIndex()),
                  node.keyspaces().stream()
                      .map(StatusCommand::brief)
                      .collect(Collectors.joining(" ")),
                  Long.toString(node.hintsWaiting()),
                  divergence(node),
                  size(node.diskBytes()),
                  node.version()));
    }
    return Text.table(rows);
  }

  private static String brief(Keyspace keyspace) {
    String phase = keyspace.phase();
    return keyspace.name()
        + ":"
        + KeyspaceCommand.label(keyspace)
        + "/"
        + keyspace.epoch()
        + (phase.isEmpty() || phase.equals("serving") ? "" : "(" + phase + ")")
        + (keyspace.discardedWrites() == 0 ? "" : "(" + keyspace.discardedWrites() + " discarded)");
  }

  private static String divergence(NodeStatus.Node node) {
    long dots = 0;
    boolean known = false;
    for (Keyspace each : node.keyspaces()) {
      if (each.divergenceDots() != null) {
        known = true;
        dots += each.divergenceDots();
      }
    }
    return known ? Long.toString(dots) : "-";
  }

  private static String size(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    }
    if (bytes < 1 << 20) {
      return (bytes >> 10) + " KiB";
    }
    return bytes < 1L << 30 ? (bytes >> 20) + " MiB" : (bytes >> 30) + " GiB";
  }

  private String json(List<NodeStatus> nodes) {
    return Json.object(
        json -> {
          json.writeArrayFieldStart("nodes");
          for (NodeStatus each : nodes) {
            json.writeStartObject();
            NodeStatus.Node node = each.node();
            if (node == null) {
              unreachable(json, each);
            } else {
              reachable(json, each, node);
            }
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private void unreachable(JsonGenerator json, NodeStatus status) throws IOException {
    json.writeStringField("id", options().nodeIdOf(status));
    json.writeStringField("address", status.endpoint());
    json.writeBooleanField("reachable", false);
    CapstanException error = status.error();
    json.writeStringField("error", error == null ? "" : error.getMessage());
  }

  private static void reachable(JsonGenerator json, NodeStatus status, NodeStatus.Node node)
      throws IOException {
    json.writeStringField("id", node.id());
    json.writeStringField("address", node.address().isEmpty() ? status.endpoint() : node.address());
    json.writeBooleanField("reachable", true);
    json.writeStringField("role", node.role());
    json.writeNumberField("term", node.term());
    json.writeStringField("leader", node.leader().isEmpty() ? null : node.leader());
    json.writeNumberField("commitIndex", node.commitIndex());
    json.writeNumberField("appliedIndex", node.appliedIndex());
    json.writeArrayFieldStart("keyspaces");
    for (Keyspace each : node.keyspaces()) {
      json.writeStartObject();
      Json.keyspaceFields(json, each);
      Json.nullable(json, "divergenceDots", each.divergenceDots());
      json.writeNumberField("discardedWrites", each.discardedWrites());
      json.writeNumberField("collapsedConflicts", each.collapsedConflicts());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNumberField("lastLogIndex", node.lastLogIndex());
    json.writeNumberField("hintsWaiting", node.hintsWaiting());
    json.writeNumberField("diskBytes", node.diskBytes());
    json.writeStringField("version", node.version());
    // As text: 64 random bits do not fit into the numbers of many JSON readers.
    json.writeStringField("incarnation", Long.toHexString(node.incarnation()));
    json.writeArrayFieldStart("peers");
    for (NodeStatus.Peer peer : node.peers()) {
      json.writeStartObject();
      json.writeStringField("id", peer.id());
      json.writeStringField("address", peer.address());
      json.writeBooleanField("reachable", peer.reachable());
      json.writeNumberField("matchIndex", peer.matchIndex());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNumberField("uptimeMillis", node.uptimeMillis());
    json.writeNumberField("cpuMicros", node.cpuMicros());
    json.writeNumberField("queued", node.queued());
  }
}
