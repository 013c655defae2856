package io.capstan.chaos.sim;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Schedules as JSON: one line a fault and one an operation, so that a person can read and change
 * them. Nodes are named n1, n2, ... and clients are numbered from 0.
 */
public final class ScheduleText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int VERSION = 1;

  private ScheduleText() {}

  /**
   * Writes.
   *
   * @param why what a reader of the file should know about it
   */
  public static String toJson(Schedule schedule, String why) {
    try {
      return text(schedule, why);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain fields cannot fail to be written as JSON", e);
    }
  }

  private static String text(Schedule schedule, String why) throws JsonProcessingException {
    ObjectNode head = JSON.createObjectNode();
    head.put("version", VERSION);
    head.put("why", why);
    head.put("seed", schedule.seed());
    head.put("mode", schedule.mode().label());
    head.put("nodes", schedule.nodes());
    head.put("leaseReads", schedule.leaseReads());
    head.put("loopDelayMicros", schedule.loopDelayMicros());
    head.put("faultyMillis", schedule.faultyMillis());
    head.put("healthyMillisMax", schedule.healthyMillisMax());
    head.put("handsOver", schedule.handsOver());
    StringBuilder text = new StringBuilder("{\n");
    for (var field : head.properties()) {
      text.append("  ").append(JSON.writeValueAsString(field.getKey())).append(": ");
      text.append(JSON.writeValueAsString(field.getValue())).append(",\n");
    }
    List<ObjectNode> faults = schedule.faults().stream().map(ScheduleText::fault).toList();
    List<ObjectNode> operations =
        schedule.operations().stream().map(ScheduleText::operation).toList();
    appendLines(text, "faults", faults).append(",\n");
    return appendLines(text, "operations", operations).append("\n}\n").toString();
  }

  private static StringBuilder appendLines(StringBuilder text, String name, List<ObjectNode> lines)
      throws JsonProcessingException {
    text.append("  \"").append(name).append("\": [");
    for (int i = 0; i < lines.size(); i++) {
      text.append(i == 0 ? "\n    " : ",\n    ").append(JSON.writeValueAsString(lines.get(i)));
    }
    return text.append(lines.isEmpty() ? "]" : "\n  ]");
  }

  private static ObjectNode fault(SimulatedFault fault) {
    ObjectNode line = JSON.createObjectNode();
    line.put("kind", fault.kind().label());
    line.put("atMillis", fault.atMillis());
    line.put("forMillis", fault.forMillis());
    ArrayNode nodes = line.putArray("nodes");
    fault.nodes().forEach(node -> nodes.add("n" + (node + 1)));
    line.put("amount", fault.amount());
    return line;
  }

  private static ObjectNode operation(SimulatedOperation operation) {
    ObjectNode line = JSON.createObjectNode();
    line.put("client", operation.client());
    line.put("atMillis", operation.atMillis());
    line.put("type", label(operation.type()));
    line.put("key", operation.key());
    line.put("choice", operation.choice());
    return line;
  }

  private static String label(SimulatedOperation.Type type) {
    return type.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  // ---- reading ----

  /**
   * Reads.
   *
   * @throws IllegalArgumentException where it is no schedule; says what is wrong
   */
  public static Schedule fromJson(String text) {
    try {
      JsonNode json = JSON.readTree(text);
      if (number(json, "version") != VERSION) {
        throw new IllegalArgumentException("this is no schedule of version " + VERSION);
      }
      List<SimulatedFault> faults = new ArrayList<>();
      for (JsonNode line : json.path("faults")) {
        faults.add(readFault(line));
      }
      List<SimulatedOperation> operations = new ArrayList<>();
      for (JsonNode line : json.path("operations")) {
        operations.add(readOperation(line));
      }
      return new Schedule(
          number(json, "seed"),
          SimulationMode.valueOf(word(json, "mode").toUpperCase(Locale.ROOT)),
          (int) number(json, "nodes"),
          json.path("leaseReads").asBoolean(false),
          number(json, "loopDelayMicros"),
          number(json, "faultyMillis"),
          number(json, "healthyMillisMax"),
          json.path("handsOver").asBoolean(false),
          faults,
          operations);
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "this is not a schedule of the simulator: " + e.getMessage(), e);
    }
  }

  private static SimulatedFault readFault(JsonNode line) {
    String label = word(line, "kind");
    FaultKind kind =
        FaultKind.labelled(label)
            .orElseThrow(() -> new IllegalArgumentException("there is no fault " + label));
    List<Integer> nodes = new ArrayList<>();
    for (JsonNode node : line.path("nodes")) {
      nodes.add(Integer.parseInt(node.asText().substring(1)) - 1);
    }
    return new SimulatedFault(
        kind, number(line, "atMillis"), number(line, "forMillis"), nodes, number(line, "amount"));
  }

  private static SimulatedOperation readOperation(JsonNode line) {
    String type = word(line, "type").toUpperCase(Locale.ROOT).replace('-', '_');
    return new SimulatedOperation(
        (int) number(line, "client"),
        number(line, "atMillis"),
        SimulatedOperation.Type.valueOf(type),
        (int) number(line, "key"),
        number(line, "choice"));
  }

  private static long number(JsonNode json, String field) {
    JsonNode value = json.path(field);
    if (!value.isIntegralNumber()) {
      throw new IllegalArgumentException("field " + field + " must be a whole number");
    }
    return value.asLong();
  }

  private static String word(JsonNode json, String field) {
    JsonNode value = json.path(field);
    if (!value.isTextual()) {
      throw new IllegalArgumentException("field " + field + " must be a word");
    }
    return value.asText();
  }
}
