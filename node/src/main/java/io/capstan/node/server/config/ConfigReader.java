package io.capstan.node.server.config;

import io.capstan.node.replica.ReplicaConfig;
import io.capstan.node.replica.RequestLimits;
import io.capstan.node.replica.SnapshotConfig;
import io.capstan.node.storage.rocks.EngineOptions;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Merges the sources of settings, understands the values, and checks them against each other. */
final class ConfigReader {

  /** Nodes of one cluster. */
  private static final int MEMBERS_MAX = 15;

  private static final Logger LOGGER = LoggerFactory.getLogger(ConfigReader.class);
  private static final Pattern NAME = Pattern.compile(RequestLimits.NAME_PATTERN);
  private static final List<String> LEVELS = List.of("ERROR", "WARN", "INFO", "DEBUG", "TRACE");

  private final Map<Setting, RawSetting> settings;

  private ConfigReader(Map<Setting, RawSetting> settings) {
    this.settings = settings;
  }

  static ConfigReader merge(
      @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
    Map<Setting, RawSetting> settings =
        file == null ? new EnumMap<>(Setting.class) : ConfigFile.read(file);
    for (Setting setting : Setting.values()) {
      String variable = setting.environmentVariable();
      String value = environment.get(variable);
      if (value != null) {
        settings.put(setting, RawSetting.of(value, "Environment variable " + variable));
      }
    }
    warnOfUnknown(environment);
    for (Map.Entry<String, String> flag : flags.entrySet()) {
      Setting setting =
          Setting.ofKey(flag.getKey())
              .orElseThrow(() -> ConfigFile.unknown(flag.getKey(), "Flags"));
      settings.put(setting, RawSetting.of(flag.getValue(), "Flag " + setting.flag()));
    }
    return new ConfigReader(settings);
  }

  /** Only a warning: container platforms define variables of such names for their own purposes. */
  private static void warnOfUnknown(Map<String, String> environment) {
    Map<String, Setting> known = new LinkedHashMap<>();
    for (Setting setting : Setting.values()) {
      known.put(setting.environmentVariable(), setting);
    }
    for (String variable : new TreeMap<>(environment).keySet()) {
      if (variable.startsWith(Setting.ENVIRONMENT_PREFIX) && !known.containsKey(variable)) {
        String rest = variable.substring(Setting.ENVIRONMENT_PREFIX.length());
        LOGGER.warn(
            "The environment variable {} sets nothing; the nearest that does is {}",
            variable,
            Setting.nearest(rest).environmentVariable());
      }
    }
  }

  NodeConfig toNodeConfig() {
    String id = name(Setting.ID);
    HostPort listen = address(Setting.LISTEN);
    HostPort peerListen = address(Setting.PEER_LISTEN);
    requireDifferent(listen, peerListen);
    HostPort advertise = advertise(listen);
    SortedMap<String, HostPort> join =
        settings.containsKey(Setting.JOIN) ? addresses(Setting.JOIN) : new TreeMap<>();
    if (!join.isEmpty() && settings.containsKey(Setting.MEMBERS)) {
      throw new ConfigException(
          "join and members exclude each other: members begin a cluster together, join is for a"
              + " node that is added to one.");
    }
    SortedMap<String, HostPort> members =
        join.isEmpty() ? members(id, peerListen) : new TreeMap<>();
    long electionTimeoutMillis = number(Setting.ELECTION_TIMEOUT_MILLIS);
    long heartbeatIntervalMillis = number(Setting.HEARTBEAT_INTERVAL_MILLIS);
    if (heartbeatIntervalMillis * 3 > electionTimeoutMillis) {
      throw invalid(
          Setting.HEARTBEAT_INTERVAL_MILLIS,
          Long.toString(heartbeatIntervalMillis),
          "at most a third of electionTimeoutMillis, which is " + electionTimeoutMillis);
    }
    long antiEntropyIntervalMillis = number(Setting.ANTI_ENTROPY_INTERVAL_MILLIS);
    long peerSilentMillis = number(Setting.PEER_SILENT_MILLIS);
    if (peerSilentMillis < 2 * antiEntropyIntervalMillis) {
      // A quiet peer is heard once in each interval: one late comparison must not cut it off.
      throw invalid(
          Setting.PEER_SILENT_MILLIS,
          Long.toString(peerSilentMillis),
          "at least twice antiEntropyIntervalMillis, which is " + antiEntropyIntervalMillis);
    }
    return new NodeConfig(
        id,
        name(Setting.CLUSTER),
        folder(Setting.DATA),
        listen,
        peerListen,
        advertise,
        members,
        join,
        routes(),
        memberClients(id, advertise, join.isEmpty() ? members : join),
        electionTimeoutMillis,
        heartbeatIntervalMillis,
        antiEntropyIntervalMillis,
        peerSilentMillis,
        Math.toIntExact(number(Setting.QUEUE_CALLS_MAX)),
        number(Setting.UNCOMMITTED_BYTES_MAX),
        number(Setting.SESSION_TTL_MILLIS),
        new ReplicaConfig.LeaseReads(
            isLease(), Math.toIntExact(number(Setting.LEASE_DRIFT_MAX_PARTS_PER_MILLION))),
        snapshots(),
        new EngineOptions(
            number(Setting.BLOCK_CACHE_BYTES),
            number(Setting.MEMTABLE_BYTES),
            number(Setting.WAL_BYTES_MAX)),
        level());
  }

  private static void requireDifferent(HostPort listen, HostPort peerListen) {
    if (listen.equals(peerListen)) {
      throw new ConfigException(
          "listen and peerListen are both "
              + listen
              + ", but clients and peers need an address each.");
    }
  }

  private HostPort advertise(HostPort listen) {
    if (settings.containsKey(Setting.ADVERTISE)) {
      HostPort advertise = address(Setting.ADVERTISE);
      if (advertise.isWildcard()) {
        throw invalid(
            Setting.ADVERTISE, advertise.toString(), "an address that clients can connect to");
      }
      return advertise;
    }
    if (listen.isWildcard()) {
      throw new ConfigException(
          "listen is "
              + listen
              + ", which nobody can connect to by that name: set advertise to the address that clients"
              + " use for this node.");
    }
    return listen;
  }

  private SortedMap<String, HostPort> members(String id, HostPort peerListen) {
    if (!settings.containsKey(Setting.MEMBERS)) {
      return new TreeMap<>(Map.of(id, peerListen));
    }
    SortedMap<String, HostPort> members = addresses(Setting.MEMBERS);
    if (!members.containsKey(id)) {
      throw invalid(
          Setting.MEMBERS,
          members.keySet().toString(),
          "every node of the cluster, '" + id + "' included");
    }
    if (members.size() > MEMBERS_MAX) {
      throw invalid(
          Setting.MEMBERS, members.size() + " nodes", "at most " + MEMBERS_MAX + " nodes");
    }
    return members;
  }

  private SortedMap<String, HostPort> memberClients(
      String id, HostPort advertise, SortedMap<String, HostPort> members) {
    SortedMap<String, HostPort> clients = new TreeMap<>();
    if (settings.containsKey(Setting.MEMBER_CLIENTS)) {
      clients.putAll(addresses(Setting.MEMBER_CLIENTS));
    }
    for (String client : clients.keySet()) {
      if (!members.containsKey(client)) {
        throw invalid(
            Setting.MEMBER_CLIENTS, client, "only members, which are " + members.keySet());
      }
    }
    clients.put(id, advertise);
    return clients;
  }

  private String name(Setting setting) {
    String text = text(setting);
    if (!NAME.matcher(text).matches()) {
      throw invalid(
          setting,
          text,
          "a name of 1 to 63 lower-case letters, digits and hyphens that begins with a letter");
    }
    return text;
  }

  private Path folder(Setting setting) {
    String text = text(setting);
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw invalid(setting, text, "the path of a folder");
    }
  }

  private HostPort address(Setting setting) {
    String text = text(setting);
    try {
      return HostPort.parse(text);
    } catch (IllegalArgumentException e) {
      throw invalid(setting, text, "host:port, such as 127.0.0.1:7101 (" + e.getMessage() + ")");
    }
  }

  private SortedMap<String, HostPort> addresses(Setting setting) {
    SortedMap<String, HostPort> addresses = new TreeMap<>();
    for (Map.Entry<String, String> entry : entries(setting).entrySet()) {
      String id = entry.getKey();
      if (!NAME.matcher(id).matches()) {
        throw invalid(setting, id, "a map of node names to addresses");
      }
      try {
        addresses.put(id, HostPort.parse(entry.getValue()));
      } catch (IllegalArgumentException e) {
        throw invalid(
            setting,
            id + ": " + entry.getValue(),
            "host:port for every node (" + e.getMessage() + ")");
      }
    }
    return addresses;
  }

  private Map<HostPort, HostPort> routes() {
    Map<HostPort, HostPort> routes = new LinkedHashMap<>();
    for (Map.Entry<String, String> entry : entries(Setting.PEER_ROUTES).entrySet()) {
      try {
        routes.put(HostPort.parse(entry.getKey()), HostPort.parse(entry.getValue()));
      } catch (IllegalArgumentException e) {
        throw invalid(
            Setting.PEER_ROUTES,
            entry.getKey() + ": " + entry.getValue(),
            "a map of host:port to host:port (" + e.getMessage() + ")");
      }
    }
    return routes;
  }

  /** The entries of a map, or of its form on one line: {@code n1=host:port,n2=host:port}. */
  private Map<String, String> entries(Setting setting) {
    RawSetting raw = settings.get(setting);
    String text = raw == null ? null : raw.text();
    if (text == null) {
      return raw == null ? Map.of() : raw.map();
    }
    Map<String, String> entries = new LinkedHashMap<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 0
          || entries.put(part.substring(0, equals).strip(), part.substring(equals + 1).strip())
              != null) {
        throw invalid(setting, text, "n1=host:port,n2=host:port, each node once");
      }
    }
    return entries;
  }

  private long number(Setting setting) {
    String text = text(setting);
    try {
      long number = Long.parseLong(text.replace("_", ""));
      if (number >= setting.min() && number <= setting.max()) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below, like a number outside the bounds.
    }
    throw invalid(
        setting, text, "a whole number within " + setting.min() + " and " + setting.max());
  }

  private boolean isLease() {
    String text = text(Setting.READ_MODE).toLowerCase(Locale.ROOT);
    return switch (text) {
      case "index" -> false;
      case "lease" -> true;
      default -> throw invalid(Setting.READ_MODE, text, "index or lease");
    };
  }

  private SnapshotConfig snapshots() {
    SnapshotConfig defaults = SnapshotConfig.DEFAULT;
    return new SnapshotConfig(
        number(Setting.SNAPSHOT_ENTRIES),
        number(Setting.SNAPSHOT_BYTES),
        number(Setting.SNAPSHOT_ENTRIES_KEPT),
        defaults.chunkBytes(),
        defaults.windowChunks(),
        number(Setting.SNAPSHOT_BYTES_PER_SECOND_MAX),
        defaults.answerTimeoutMillis(),
        defaults.attemptsMax(),
        defaults.exportKeptMillis());
  }

  private String level() {
    String text = text(Setting.LOG_LEVEL);
    String level = text.toUpperCase(Locale.ROOT);
    if (!LEVELS.contains(level)) {
      throw invalid(Setting.LOG_LEVEL, text, "one of " + String.join(", ", LEVELS));
    }
    return level;
  }

  private String text(Setting setting) {
    RawSetting raw = settings.get(setting);
    if (raw == null) {
      return setting.defaultText().orElseThrow(() -> missing(setting));
    }
    String text = raw.text();
    if (text == null) {
      throw invalid(setting, raw.map().toString(), "one value, not a map");
    }
    return text.strip();
  }

  private static ConfigException missing(Setting setting) {
    return new ConfigException(
        "The setting '"
            + setting.key()
            + "' is missing ("
            + setting.description()
            + ") Set it in the configuration file, with "
            + setting.flag()
            + " or with "
            + setting.environmentVariable()
            + ".");
  }

  private ConfigException invalid(Setting setting, String value, String allowed) {
    RawSetting raw = settings.get(setting);
    String source = raw == null ? "The default" : raw.source();
    return new ConfigException(
        source + ": '" + setting.key() + "' is '" + value + "' but must be " + allowed + ".");
  }
}
