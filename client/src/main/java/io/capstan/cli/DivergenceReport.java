package io.capstan.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.capstan.client.CapstanException;
import io.capstan.client.Divergence;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code capstan status --divergence} says of a keyspace. */
final class DivergenceReport {
  private static final int ROWS_SHOWN = 20;

  private DivergenceReport() {}

  static void json(JsonGenerator json, Divergence divergence) throws IOException {
    json.writeStartObject();
    json.writeStringField("keyspace", divergence.keyspace());
    json.writeStringField("verdict", divergence.verdict().label());
    json.writeArrayFieldStart("nodes");
    for (Divergence.Node node : divergence.nodes()) {
      json.writeStartObject();
      json.writeStringField("id", node.id().isEmpty() ? null : node.id());
      json.writeStringField("address", node.endpoint());
      CapstanException error = node.error();
      json.writeBooleanField("reachable", error == null);
      if (error == null) {
        node(json, node);
      } else {
        json.writeStringField("error", error.getMessage());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("rows");
    for (Divergence.Row row : divergence.rows()) {
      json.writeStartObject();
      Json.bytes(json, "key", row.key());
      json.writeObjectFieldStart("hashes");
      for (Divergence.Node node : divergence.nodes()) {
        if (node.error() == null && node.root() != null) {
          json.writeStringField(node.id(), row.hashes().get(node.id()));
        }
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeBooleanField("complete", divergence.complete());
    json.writeEndObject();
  }

  private static void node(JsonGenerator json, Divergence.Node node) throws IOException {
    json.writeStringField("root", node.root());
    json.writeNumberField("rows", node.rows());
    json.writeBooleanField("reading", node.reading());
    json.writeBooleanField("takingOver", node.takingOver());
    json.writeNumberField("unconfirmedDots", node.unconfirmedDots());
    Json.strings(json, "collectionWaitsFor", node.collectionWaitsFor());
    json.writeArrayFieldStart("peers");
    for (Divergence.Peer peer : node.peers()) {
      json.writeStartObject();
      json.writeStringField("id", peer.id());
      Json.nullable(json, "missingThere", peer.missingThere());
      Json.nullable(json, "missingHere", peer.missingHere());
      Json.nullable(json, "comparedAgoMillis", peer.comparedAgoMillis());
      json.writeBooleanField("disagrees", peer.disagrees());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static String text(Divergence divergence) {
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("NODE", "ROOT", "ROWS", "LACKS", "COMPARED", "TOMBSTONES WAIT FOR"));
    for (Divergence.Node node : divergence.nodes()) {
      if (node.error() != null) {
        table.add(List.of(node.endpoint(), "unreachable", "-", "-", "-", "-"));
        continue;
      }
      table.add(
          List.of(
              node.id(),
              node.root() != null
                  ? node.root().substring(0, 12)
                  : node.takingOver() ? "taking over" : "reading",
              Long.toString(node.rows()),
              lacks(node),
              compared(node),
              node.collectionWaitsFor().isEmpty()
                  ? "-"
                  : String.join(" ", node.collectionWaitsFor())
                      + " ("
                      + node.unconfirmedDots()
                      + (node.unconfirmedDots() == 1 ? " write)" : " writes)")));
    }
    StringBuilder text = new StringBuilder();
    text.append(divergence.keyspace()).append(": ").append(sentence(divergence)).append('\n');
    text.append(Text.table(table));
    rows(text, divergence);
    return text.toString();
  }

  private static String lacks(Divergence.Node node) {
    String lacks =
        node.peers().stream()
            .filter(peer -> peer.missingHere() != null && peer.missingHere() > 0)
            .map(peer -> peer.missingHere() + " of " + peer.id())
            .collect(Collectors.joining(", "));
    return lacks.isEmpty() ? "-" : lacks;
  }

  private static String compared(Divergence.Node node) {
    return node.peers().stream()
        .map(
            peer ->
                peer.comparedAgoMillis() == null
                    ? peer.id() + " never"
                    : peer.id()
                        + (peer.disagrees() ? " DIFFERS " : " equal ")
                        + peer.comparedAgoMillis() / 1_000
                        + " s ago")
        .collect(Collectors.joining(", "));
  }

  private static String sentence(Divergence divergence) {
    return switch (divergence.verdict()) {
      case EQUAL -> "every node holds the same rows.";
      case ON_THE_WAY -> "rows differ, and writes that explain it are on their way.";
      case UNKNOWN -> "the nodes that can say hold the same rows; not all of them can.";
      case WRONG ->
          "nodes that have seen the same writes hold different rows. Anti-entropy cannot mend"
              + " that: keep the data folders, find out which node is right, and let the other one"
              + " take its data over with an empty folder.";
    };
  }

  private static void rows(StringBuilder text, Divergence divergence) {
    if (divergence.rows().isEmpty()) {
      return;
    }
    List<String> ids =
        divergence.nodes().stream()
            .filter(node -> node.error() == null && node.root() != null)
            .map(Divergence.Node::id)
            .toList();
    List<List<String>> table = new ArrayList<>();
    List<String> heading = new ArrayList<>(List.of("ROW"));
    heading.addAll(ids);
    table.add(heading);
    for (Divergence.Row row : divergence.rows().stream().limit(ROWS_SHOWN).toList()) {
      List<String> line = new ArrayList<>(List.of(Text.value(row.key())));
      for (String id : ids) {
        String hash = row.hashes().get(id);
        line.add(hash == null ? "nothing" : hash.substring(0, 12));
      }
      table.add(line);
    }
    text.append(Text.table(table));
    int more = divergence.rows().size() - ROWS_SHOWN;
    if (more > 0 || !divergence.complete()) {
      text.append("... and ")
          .append(Math.max(more, 0))
          .append(divergence.complete() ? "" : " or more")
          .append(" other rows\n");
    }
  }
}
