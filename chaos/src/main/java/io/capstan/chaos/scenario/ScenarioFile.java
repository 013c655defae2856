package io.capstan.chaos.scenario;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.Targets;
import io.capstan.chaos.workload.Workloads;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads scenarios from YAML. What is wrong is told with the key, its value and what is allowed. */
public final class ScenarioFile {
  /** The smallest and the largest cluster. */
  public static final int NODES_MIN = 3;

  public static final int NODES_MAX = 7;

  /** The most clients of a keyspace. */
  public static final int CLIENTS_MAX = 200;

  /** The most attempts a second. */
  public static final int RATE_MAX = 2_000;

  /** A shorter run has no time for an election. */
  public static final Duration DURATION_MIN = Duration.ofSeconds(6);

  /** A longer run is a soak test, whose histories need another checker. */
  public static final Duration DURATION_MAX = Duration.ofMinutes(10);

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
  private static final Pattern PERCENT = Pattern.compile("(\\d{1,3})\\s*%");
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final List<String> KEYS =
      List.of(
          "name",
          "shows",
          "workload",
          "nodes",
          "clients",
          "placement",
          "rate",
          "duration",
          "reads",
          "level",
          "conflicts",
          "faults",
          "random",
          "claims");
  private static final List<String> TIME_KEYS = List.of("fault", "at", "until", "for");
  private static final int NODES_DEFAULT = 5;
  private static final int CLIENTS_DEFAULT = 10;
  private static final int RATE_DEFAULT = 100;
  private static final int AT_ONCE_MAX = 4;

  private final String source;

  /** A scenario that cannot be run; the message is for people. */
  public static final class InvalidScenarioException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public InvalidScenarioException(String message) {
      super(message);
    }
  }

  private ScenarioFile(String source) {
    this.source = source;
  }

  /**
   * Reads a scenario.
   *
   * @param text YAML
   * @param source where the text comes from, for messages
   * @throws InvalidScenarioException if it is none
   */
  public static Scenario parse(String text, String source) {
    JsonNode tree;
    try {
      tree = YAML.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidScenarioException(
          source
              + (e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr())
              + ": not YAML: "
              + e.getOriginalMessage());
    } catch (IOException e) {
      throw new InvalidScenarioException(source + ": " + e.getMessage());
    }
    if (tree == null || !tree.isObject()) {
      throw new InvalidScenarioException(
          source + ": a scenario is a list of keys and values; allowed are " + join(KEYS));
    }
    return new ScenarioFile(source).scenario(tree);
  }

  private Scenario scenario(JsonNode tree) {
    allowOnly(tree, KEYS, "");
    int nodes = integer(tree, "nodes", NODES_DEFAULT, NODES_MIN, NODES_MAX);
    List<Scenario.FaultTemplate> faults = faults(tree, nodes);
    Scenario.RandomFaults random = random(tree);
    if (!faults.isEmpty() && random != null) {
      throw wrong("random", "there", "either faults or random, not both");
    }
    Map<Mode, String> workloads = workloads(tree);
    return new Scenario(
        name(tree),
        text(tree, "shows", ""),
        workloads,
        nodes,
        integer(tree, "clients", CLIENTS_DEFAULT, 1, CLIENTS_MAX),
        placement(tree, nodes),
        integer(tree, "rate", RATE_DEFAULT, 1, RATE_MAX),
        duration(tree),
        levels(tree),
        conflicts(tree),
        faults,
        random,
        claims(tree, workloads));
  }

  private String name(JsonNode tree) {
    String name = text(tree, "name", "");
    if (!NAME.matcher(name).matches()) {
      throw wrong("name", name, "lower-case letters, digits and hyphens, such as my-split");
    }
    return name;
  }

  private Map<Mode, String> workloads(JsonNode tree) {
    JsonNode node = tree.path("workload");
    Map<Mode, String> workloads = new EnumMap<>(Mode.class);
    if (node.isObject()) {
      allowOnly(node, List.of("cp", "ap"), "workload.");
      node.fields()
          .forEachRemaining(
              entry -> workloads.put(mode(entry.getKey()), workload(entry.getValue().asText())));
    } else {
      String name = workload(text(tree, "workload", "register"));
      workloads.put(Mode.CP, name);
      workloads.put(Mode.AP, name);
    }
    if (workloads.size() < 2) {
      throw wrong("workload", node.toString(), "one for both modes, or one for each of cp and ap");
    }
    return workloads;
  }

  private String workload(String name) {
    if (!Workloads.NAMES.contains(name)) {
      throw wrong("workload", name, "one of " + join(Workloads.NAMES));
    }
    return name;
  }

  private static Mode mode(String label) {
    return label.equals("cp") ? Mode.CP : Mode.AP;
  }

  private Map<String, Integer> placement(JsonNode tree, int nodes) {
    JsonNode node = tree.path("placement");
    Map<String, Integer> placement = new LinkedHashMap<>();
    if (node.isMissingNode() || node.asText().equals("spread")) {
      return placement;
    }
    if (!node.isObject()) {
      throw wrong("placement", node.asText(), "spread, or how many clients sit at which node");
    }
    List<String> ids = new ArrayList<>();
    for (int i = 1; i <= nodes; i++) {
      ids.add("n" + i);
    }
    allowOnly(node, ids, "placement.");
    ids.forEach(id -> placement.put(id, integer(node, id, 0, 0, CLIENTS_MAX)));
    if (placement.values().stream().mapToInt(Integer::intValue).sum() == 0) {
      throw wrong("placement", node.toString(), "at least one client at some node");
    }
    return placement;
  }

  private Duration duration(JsonNode tree) {
    String written = text(tree, "duration", "30s");
    Duration duration = time("duration", written);
    if (duration.compareTo(DURATION_MIN) < 0 || duration.compareTo(DURATION_MAX) > 0) {
      throw wrong(
          "duration", written, DURATION_MIN.toSeconds() + "s to " + DURATION_MAX.toMinutes() + "m");
    }
    return duration;
  }

  private Map<Mode, Level> levels(JsonNode tree) {
    Map<Mode, Level> levels = new EnumMap<>(Mode.class);
    levels.put(Mode.CP, level(text(tree, "reads", "linearizable"), Mode.CP, "reads"));
    levels.put(Mode.AP, level(text(tree, "level", "one"), Mode.AP, "level"));
    return levels;
  }

  private Level level(String label, Mode mode, String key) {
    List<String> allowed = new ArrayList<>();
    for (Level level : Level.values()) {
      if (level.mode() == mode) {
        if (level.label().equals(label)) {
          return level;
        }
        allowed.add(level.label());
      }
    }
    throw wrong(key, label, join(allowed));
  }

  private ConflictPolicy conflicts(JsonNode tree) {
    String label = text(tree, "conflicts", "siblings");
    for (ConflictPolicy policy : ConflictPolicy.values()) {
      if (policy.label().equals(label)) {
        return policy;
      }
    }
    throw wrong("conflicts", label, "siblings or lww");
  }

  // ---- faults ----

  private List<Scenario.FaultTemplate> faults(JsonNode tree, int nodes) {
    JsonNode list = tree.path("faults");
    List<Scenario.FaultTemplate> faults = new ArrayList<>();
    if (list.isMissingNode()) {
      return faults;
    }
    if (!list.isArray()) {
      throw wrong("faults", list.toString(), "a list of faults");
    }
    for (JsonNode node : list) {
      faults.add(fault(node, "faults[" + (faults.size() + 1) + "].", nodes));
    }
    return faults;
  }

  private Scenario.FaultTemplate fault(JsonNode node, String at, int nodes) {
    String label = text(node, "fault", "");
    FaultType type =
        FaultType.ofLabel(label)
            .orElseThrow(() -> wrong(at + "fault", label, "one of " + join(FaultType.labels())));
    List<String> allowed = new ArrayList<>(TIME_KEYS);
    allowed.addAll(type.keys());
    allowOnly(node, allowed, at);
    Moment start = moment(at + "at", text(node, "at", "25%"));
    Moment end = end(node, at, start);
    String target = target(node, at, type, nodes);
    LinkQuality quality =
        switch (type) {
          case SLOW_LINK -> new LinkQuality(delay(node, at), 0);
          case LOSSY -> new LinkQuality(0, loss(node, at));
          default -> LinkQuality.PERFECT;
        };
    long amount =
        switch (type) {
          case CLOCK_SKEW -> skew(node, at);
          case FLAP -> time(at + "every", text(node, "every", "1s")).toMillis();
          default -> 0;
        };
    return new Scenario.FaultTemplate(type, target, start, end, quality, amount);
  }

  private Moment end(JsonNode node, String at, Moment start) {
    boolean hasUntil = node.has("until");
    if (hasUntil && node.has("for")) {
      throw wrong(at + "for", text(node, "for", ""), "either until or for, not both");
    }
    if (!node.has("for")) {
      return moment(at + "until", text(node, "until", "70%"));
    }
    Moment length = moment(at + "for", text(node, "for", ""));
    if (length.share() < 0 != start.share() < 0) {
      throw wrong(
          at + "for",
          text(node, "for", ""),
          "of the same kind as at: both times, or both parts of the duration in percent");
    }
    return start.share() < 0
        ? new Moment(start.millis() + length.millis(), -1)
        : Moment.share(start.share() + length.share());
  }

  private String target(JsonNode node, String at, FaultType type, int nodes) {
    if (type.keys().isEmpty()) {
      return "";
    }
    String key = type.keys().get(0);
    String target = text(node, key, type.isOfLinks() ? "leader|rest" : "leader");
    String problem = Targets.problem(target, type.isOfLinks(), nodes);
    if (!problem.isEmpty()) {
      throw new InvalidScenarioException(
          source + ": " + at + key + " is \"" + target + "\", which " + problem);
    }
    return target;
  }

  private int delay(JsonNode node, String at) {
    String written = text(node, "delay", "200ms");
    long millis = time(at + "delay", written).toMillis();
    if (millis > LinkQuality.DELAY_MAX_MILLIS) {
      throw wrong(at + "delay", written, "1ms to " + LinkQuality.DELAY_MAX_MILLIS + "ms");
    }
    return (int) millis;
  }

  private int loss(JsonNode node, String at) {
    String written = text(node, "loss", "20%");
    Matcher matcher = PERCENT.matcher(written);
    if (!matcher.matches() || Integer.parseInt(matcher.group(1)) > LinkQuality.LOSS_MAX_PERCENT) {
      throw wrong(at + "loss", written, "0% to " + LinkQuality.LOSS_MAX_PERCENT + "%");
    }
    return Integer.parseInt(matcher.group(1));
  }

  private long skew(JsonNode node, String at) {
    String written = text(node, "by", "5m");
    boolean isBehind = written.startsWith("-");
    String length = isBehind || written.startsWith("+") ? written.substring(1) : written;
    long millis = time(at + "by", length).toMillis();
    return isBehind ? -millis : millis;
  }

  private Moment moment(String key, String written) {
    Matcher percent = PERCENT.matcher(written);
    if (percent.matches()) {
      int share = Integer.parseInt(percent.group(1));
      if (share > 100) {
        throw wrong(key, written, "0% to 100%");
      }
      return Moment.share(share / 100.0);
    }
    return Moment.at(time(key, written));
  }

  private Duration time(String key, String written) {
    Matcher matcher = DURATION.matcher(written);
    if (!matcher.matches()) {
      throw wrong(key, written, "a time such as 500ms, 5s or 1m (or, for at and until, 25%)");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }

  private Scenario.@Nullable RandomFaults random(JsonNode tree) {
    JsonNode node = tree.path("random");
    if (node.isMissingNode()) {
      return null;
    }
    if (!node.isObject()) {
      throw wrong("random", node.toString(), "the keys faults and atOnce");
    }
    allowOnly(node, List.of("faults", "atOnce"), "random.");
    Set<FaultType> types = EnumSet.noneOf(FaultType.class);
    for (JsonNode label : node.path("faults")) {
      types.add(
          FaultType.ofLabel(label.asText())
              .orElseThrow(
                  () ->
                      wrong(
                          "random.faults", label.asText(), "one of " + join(FaultType.labels()))));
    }
    if (types.isEmpty()) {
      throw wrong("random.faults", "empty", "a list of " + join(FaultType.labels()));
    }
    return new Scenario.RandomFaults(types, integer(node, "atOnce", 2, 1, AT_ONCE_MAX));
  }

  // ---- claims ----

  private Map<Mode, List<ClaimKind>> claims(JsonNode tree, Map<Mode, String> workloads) {
    Map<Mode, List<ClaimKind>> claims = new EnumMap<>(Mode.class);
    JsonNode node = tree.path("claims");
    if (node.isMissingNode()) {
      return claims;
    }
    if (!node.isObject()) {
      throw wrong("claims", node.toString(), "a list of claims for cp, for ap, or for each");
    }
    allowOnly(node, List.of("cp", "ap"), "claims.");
    node.fields()
        .forEachRemaining(
            entry -> {
              Mode mode = mode(entry.getKey());
              List<ClaimKind> list = new ArrayList<>();
              for (JsonNode label : entry.getValue()) {
                list.add(claim("claims." + entry.getKey(), label.asText(), mode, workloads));
              }
              if (list.isEmpty()) {
                throw wrong(
                    "claims." + entry.getKey(),
                    entry.getValue().toString(),
                    "a list of " + join(ClaimKind.labels()));
              }
              claims.put(mode, list);
            });
    return claims;
  }

  private ClaimKind claim(String key, String label, Mode mode, Map<Mode, String> workloads) {
    String workload = String.valueOf(workloads.get(mode));
    List<String> allowed =
        WorkloadClaims.possible(workload, mode).stream().map(ClaimKind::label).toList();
    if (!allowed.contains(label)) {
      throw wrong(
          key, label, "for the workload " + workload + " in this mode one of " + join(allowed));
    }
    return ClaimKind.ofLabel(label).orElseThrow();
  }

  // ---- values ----

  private int integer(JsonNode tree, String key, int otherwise, int min, int max) {
    JsonNode node = tree.path(key);
    if (node.isMissingNode()) {
      return otherwise;
    }
    if (!node.isIntegralNumber() || node.asLong() < min || node.asLong() > max) {
      throw wrong(key, node.asText(), "a number from " + min + " to " + max);
    }
    return node.asInt();
  }

  private String text(JsonNode tree, String key, String otherwise) {
    JsonNode node = tree.path(key);
    if (node.isMissingNode()) {
      return otherwise;
    }
    if (!node.isValueNode()) {
      throw wrong(key, node.toString(), "a single value");
    }
    return node.asText().strip();
  }

  private void allowOnly(JsonNode node, List<String> keys, String at) {
    if (!node.isObject()) {
      throw wrong(at.isEmpty() ? "the file" : at, node.toString(), "keys and values");
    }
    Set<String> unknown = new TreeSet<>();
    node.fieldNames().forEachRemaining(unknown::add);
    keys.forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw new InvalidScenarioException(
          source
              + ": there is no key "
              + at
              + unknown.iterator().next()
              + "; allowed are "
              + join(keys));
    }
  }

  private InvalidScenarioException wrong(String key, String value, String allowed) {
    return new InvalidScenarioException(
        source + ": " + key + " is \"" + value + "\"; allowed is " + allowed);
  }

  private static String join(List<String> words) {
    return String.join(", ", words);
  }
}
