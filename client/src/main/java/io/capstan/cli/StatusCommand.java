package io.capstan.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.capstan.client.BlockingClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Divergence;
import io.capstan.client.ErrorCode;
import io.capstan.client.Keyspace;
import io.capstan.client.Mode;
import io.capstan.client.NodeStatus;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code capstan status}. */
@Command(
    name = "status",
    description = "Shows one line a node: role, term, log, keyspaces, disk, version.",
    footer = {
      "",
      "Exits with 3 only where no node could be reached. With --divergence also with",
      "8, where nodes that have seen the same writes hold different rows.",
      "",
      "Examples:",
      "  capstan status",
      "  capstan status --endpoints 127.0.0.1:7101,127.0.0.1:7102 -o json",
      "  capstan status --divergence -k feed"
    })
final class StatusCommand extends ClientCommand {
  /** A node that is frozen must not hide the others for longer. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(2);

  @Option(
      names = "--divergence",
      description = {
        "Compares the rows of AP keyspaces on all nodes by their hash trees: those of",
        "-k, or of all keyspaces."
      })
  private boolean divergence;

  private List<Divergence> compared(BlockingClient client, List<NodeStatus> nodes) {
    String named = options().namedKeyspace();
    List<String> keyspaces =
        named != null
            ? List.of(named)
            : nodes.stream()
                .map(NodeStatus::node)
                .filter(Objects::nonNull)
                .flatMap(node -> node.keyspaces().stream())
                .filter(keyspace -> keyspace.mode() == Mode.AP)
                .map(Keyspace::name)
                .distinct()
                .sorted()
                .toList();
    List<Divergence> all = new ArrayList<>();
    for (String each : keyspaces) {
      Divergence compared = client.divergence(each);
      for (Divergence.Node node : compared.nodes()) {
        CapstanException error = node.error();
        if (error != null && ConflictsCommand.isOfTheRequest(error)) {
          throw error;
        }
      }
      all.add(compared);
    }
    return all;
  }

  @Override
  int run(BlockingClient client) {
    Duration timeout = options().timeout();
    List<NodeStatus> nodes =
        client.status(timeout.compareTo(PATIENCE_MAX) < 0 ? timeout : PATIENCE_MAX);
    List<Divergence> compared = divergence ? compared(client, nodes) : List.of();
    if (output() == OutputFormat.JSON) {
      print(json(nodes, compared));
    } else {
      streams().out().print(table(nodes));
      streams().out().print(notes(nodes));
      compared.forEach(each -> streams().out().print("\n" + DivergenceReport.text(each)));
    }
    if (nodes.stream().anyMatch(NodeStatus::reachable)) {
      return compared.stream().anyMatch(each -> each.verdict() == Divergence.Verdict.WRONG)
          ? ExitCode.CLAIM_VIOLATED
          : ExitCode.OK;
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

  /** What somebody should know who looks at the table. */
  private static String notes(List<NodeStatus> nodes) {
    Map<String, Set<String>> waits = new TreeMap<>();
    StringBuilder notes = new StringBuilder();
    for (NodeStatus each : nodes) {
      NodeStatus.Node node = each.node();
      if (node == null) {
        continue;
      }
      for (Keyspace keyspace : node.keyspaces()) {
        List<String> away =
            keyspace.collectionWaitsFor().stream().filter(id -> !reaches(node, id)).toList();
        if (!away.isEmpty()) {
          waits
              .computeIfAbsent(
                  "wait for " + String.join(" ", away) + ", cut off or down: " + keyspace.name(),
                  k -> new TreeSet<>())
              .add(node.id());
        }
        troubles(node, keyspace)
            .forEach(
                trouble -> notes.append(keyspace.name()).append(": ").append(trouble).append('\n'));
      }
    }
    waits.forEach(
        (what, on) ->
            notes
                .append("Tombstones on ")
                .append(String.join(" ", on))
                .append(' ')
                .append(what)
                .append('\n'));
    return notes.toString();
  }

  /** What a node says of a keyspace that somebody should do something about, or wait for. */
  private static List<String> troubles(NodeStatus.Node node, Keyspace keyspace) {
    List<String> troubles = new ArrayList<>();
    if (keyspace.clockAheadMillis() > 0) {
      troubles.add(
          "the clock of "
              + node.id()
              + " is "
              + keyspace.clockAheadMillis()
              + " ms ahead of its peers'; it takes no new writes, which would win against later"
              + " ones. Set its clock right");
    }
    for (String peer : keyspace.needingAntiEntropy()) {
      troubles.add(
          peer
              + " missed more writes than "
              + node.id()
              + " keeps hints for; anti-entropy brings it what it lacks once it answers");
    }
    for (String peer : keyspace.disagreeing()) {
      troubles.add(
          node.id()
              + " and "
              + peer
              + " have seen the same and hold different rows; see: capstan status --divergence");
    }
    return troubles;
  }

  private static boolean reaches(NodeStatus.Node node, String id) {
    return node.peers().stream().anyMatch(peer -> peer.id().equals(id) && peer.reachable());
  }

  private String json(List<NodeStatus> nodes, List<Divergence> compared) {
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
          if (divergence) {
            json.writeArrayFieldStart("divergence");
            for (Divergence each : compared) {
              DivergenceReport.json(json, each);
            }
            json.writeEndArray();
          }
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
      json.writeNumberField("unconfirmedDots", each.unconfirmedDots());
      Json.strings(json, "collectionWaitsFor", each.collectionWaitsFor());
      Json.strings(json, "disagreeing", each.disagreeing());
      Json.strings(json, "needingAntiEntropy", each.needingAntiEntropy());
      json.writeNumberField("clockAheadMillis", each.clockAheadMillis());
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
