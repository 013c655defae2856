package io.capstan.chaos.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The data that the page's script draws from: operations column by column, times as differences,
 * repeated texts once; then gzip, then base64. An operation takes about ten bytes, and no text of a
 * user can end the element that holds it.
 */
final class ReportData {
  /** Longer texts are shown shortened; the histories hold them whole. */
  static final int TEXT_MAX_CHARS = 120;

  /** So many operations are drawn; the histories hold all of them. */
  static final int OPERATIONS_MAX = 500_000;

  private static final long NANOS_PER_MICRO = 1_000;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final Report report;

  ReportData(Report report) {
    this.report = report;
  }

  /** Returns the data as base64 of gzip of JSON. */
  String base64() {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
        gzip.write(JSON.writeValueAsString(json()).getBytes(UTF_8));
      }
      return Base64.getEncoder().encodeToString(bytes.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be written to", e);
    }
  }

  ObjectNode json() {
    ObjectNode root = NODES.objectNode();
    report.nodes().forEach(root.putArray("nodes")::add);
    ArrayNode bands = root.putArray("bands");
    for (Report.Band band : report.bands()) {
      ObjectNode node = bands.addObject();
      node.put("name", band.name()).put("detail", band.detail());
      node.put("start", band.startMillis()).put("verified", band.verifiedMillis());
      node.put("end", band.endMillis());
      band.cutLinks().forEach(node.putArray("cut")::add);
    }
    ArrayNode samples = root.putArray("samples");
    report.samples().forEach(sample -> samples.add(json(sample)));
    ArrayNode runs = root.putArray("runs");
    for (int i = 0; i < report.runs().size(); i++) {
      runs.add(new Columns(report.runs().get(i), report.result().runs().get(i)).json());
    }
    return root;
  }

  private static ObjectNode json(ClusterSample sample) {
    ObjectNode node = NODES.objectNode().put("at", sample.atMillis());
    ArrayNode views = node.putArray("nodes");
    for (ClusterSample.NodeSample each : sample.nodes()) {
      views.addArray().add(each.role()).add(each.term()).add(each.leader());
    }
    sample.cutLinks().forEach(node.putArray("cut")::add);
    return node;
  }

  /** Texts, each once. */
  private static final class Texts {
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    int number(@Nullable Object value) {
      String text = HistoryValues.show(value);
      String shown =
          text.length() <= TEXT_MAX_CHARS ? text : text.substring(0, TEXT_MAX_CHARS - 1) + "…";
      return numbers.computeIfAbsent(shown, unused -> numbers.size());
    }

    ArrayNode json() {
      ArrayNode all = NODES.arrayNode(numbers.size());
      numbers.keySet().forEach(all::add);
      return all;
    }
  }

  /** The operations of one run. */
  private static final class Columns {
    private final Report.RunEvidence run;
    private final RunResult result;
    private final List<Operation> operations;
    private final ReportLanes lanes;
    private final Texts texts = new Texts();
    private final Map<String, ArrayNode> columns = new LinkedHashMap<>();
    private final ArrayNode stale = NODES.arrayNode();
    private final ArrayNode siblings = NODES.arrayNode();

    Columns(Report.RunEvidence run, RunResult result) {
      this.run = run;
      this.result = result;
      List<Operation> all =
          run.history().operations().stream()
              .filter(operation -> operation.invokeNanos() != HistoryEvent.NO_TIME)
              .toList();
      this.operations = all.subList(0, Math.min(all.size(), OPERATIONS_MAX));
      this.lanes = new ReportLanes(operations);
    }

    ObjectNode json() {
      ObjectNode node = NODES.objectNode();
      node.put("mode", result.mode()).put("keyspace", result.keyspace());
      node.put("verdict", result.verdict());
      ArrayNode laneNodes = node.putArray("lanes");
      for (ReportLanes.Lane lane : lanes.lanes()) {
        laneNodes.addArray().add(lane.label()).add(lane.node());
      }
      long lastMicros = 0;
      for (int i = 0; i < operations.size(); i++) {
        lastMicros = add(i, operations.get(i), lastMicros);
      }
      node.set("stale", stale);
      node.set("siblings", siblings);
      node.set("pins", pins());
      columns.forEach(node::set);
      node.set("texts", texts.json());
      return node;
    }

    private long add(int index, Operation operation, long lastMicros) {
      long micros = operation.invokeNanos() / NANOS_PER_MICRO;
      column("t", micros - lastMicros);
      boolean hasEnded =
          operation.completeNanos() != Operation.NEVER
              && operation.completeNanos() != HistoryEvent.NO_TIME;
      column("d", hasEnded ? operation.completeNanos() / NANOS_PER_MICRO - micros : -1);
      column("lane", lanes.laneOf(operation));
      Object side = operation.extra(Extras.SIDE);
      column("side", side == null ? -1 : texts.number(side));
      column("process", operation.process());
      column("f", texts.number(operation.f()));
      column("key", operation.key() == null ? -1 : texts.number(operation.key()));
      column("in", operation.input() == null ? -1 : texts.number(operation.input()));
      column("out", out(operation));
      column("o", outcome(operation));
      Double staleMillis = run.staleMillisById().get(operation.id());
      if (staleMillis != null) {
        stale.add(index).add(Math.round(staleMillis));
      }
      if (operation.isOk() && isRead(operation)) {
        int values = operation.output() instanceof List<?> list ? list.size() : 1;
        if (values > 1) {
          siblings.add(index).add(values);
        }
      }
      return micros;
    }

    private static boolean isRead(Operation operation) {
      return operation.f().equals("read");
    }

    /** The answer; for an operation that failed or stayed open the reason. */
    private int out(Operation operation) {
      if (operation.isOk()) {
        return texts.number(operation.output());
      }
      Object error = operation.extra(Extras.ERROR);
      return error == null ? -1 : texts.number(error);
    }

    /** 0 answered, 1 refused, 2 nobody knows, 3 answered with no. */
    private int outcome(Operation operation) {
      if (operation.isOk()) {
        return 0;
      }
      if (operation.outcome() == Outcome.UNKNOWN) {
        return 2;
      }
      return operation.extra(Extras.ERROR) instanceof String error && run.answers().contains(error)
          ? 3
          : 1;
    }

    private void column(String name, long value) {
      columns.computeIfAbsent(name, unused -> NODES.arrayNode(operations.size())).add(value);
    }

    /** The operations of violated claims; checkers number them anew, so they are found by time. */
    private ArrayNode pins() {
      ArrayNode pins = NODES.arrayNode();
      Map<Place, Integer> indexByPlace = new HashMap<>();
      for (ClaimResult claim : result.claims()) {
        if (claim.judged().operations().isEmpty()) {
          continue;
        }
        if (indexByPlace.isEmpty()) {
          for (int i = 0; i < operations.size(); i++) {
            indexByPlace.put(Place.of(operations.get(i)), i);
          }
        }
        ObjectNode pin = pins.addObject().put("claim", claim.claim());
        ArrayNode indices = pin.putArray("ops");
        for (Operation operation : claim.judged().operations()) {
          Integer index = indexByPlace.get(Place.of(operation));
          if (index != null) {
            indices.add(index);
          }
        }
      }
      return pins;
    }

    private record Place(long process, long invokeNanos) {
      static Place of(Operation operation) {
        return new Place(operation.process(), operation.invokeNanos());
      }
    }
  }
}
