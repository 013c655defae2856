package io.capstan.node.server.config;

import io.capstan.node.replica.SnapshotConfig;
import io.capstan.node.storage.rocks.EngineOptions;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Everything that can be set, with its default and its meaning. */
public enum Setting {
  ID(Kind.NAME, null, "The name of this node, unique within its cluster; one of the members."),
  CLUSTER(
      Kind.NAME,
      "capstan",
      "The name of the cluster; a data folder and a peer of another cluster are refused."),
  DATA(Kind.FOLDER, null, "The folder that holds everything the node keeps; made where missing."),
  LISTEN(Kind.ADDRESS, "127.0.0.1:7101", "Where clients connect."),
  PEER_LISTEN(Kind.ADDRESS, "127.0.0.1:7201", "Where the other nodes connect."),
  ADVERTISE(
      Kind.ADDRESS,
      null,
      "The address that clients are told to use for this node; listen where it is not set."),
  MEMBERS(
      Kind.ADDRESSES,
      null,
      "Every node of the cluster, this one included, with the peer address under which this node"
          + " reaches it; only this node where it is not set."),
  JOIN(
      Kind.ADDRESSES,
      null,
      "Nodes of a cluster that exists, with their peer addresses, for a node that is to become a"
          + " member: it waits until 'capstan member add' names it, and never votes before. Instead"
          + " of members."),
  PEER_ROUTES(
      Kind.ROUTES,
      null,
      "Where this node connects instead of a peer address that 'capstan member add' told everybody,"
          + " such as a proxy on the way."),
  MEMBER_CLIENTS(
      Kind.ADDRESSES,
      null,
      "The client addresses of members, told to clients that ask for another node."),
  ELECTION_TIMEOUT_MILLIS(
      500,
      30,
      600_000,
      "A follower that hears no leader for one to two of these campaigns. Too small: elections"
          + " without cause; too large: a longer pause after a leader's death."),
  HEARTBEAT_INTERVAL_MILLIS(
      100,
      1,
      60_000,
      "How often an idle leader is heard; at most a third of the election timeout."),
  ANTI_ENTROPY_INTERVAL_MILLIS(
      500,
      10,
      3_600_000,
      "How often a node compares clocks with each peer. Too large: replicas of AP keyspaces differ"
          + " for longer after a heal."),
  PEER_SILENT_MILLIS(1_500, 50, 600_000, "A peer unheard for so long counts as unreachable."),
  QUEUE_CALLS_MAX(
      20_000,
      1,
      1_000_000,
      "Client calls that may be open at once; more are refused with RESOURCE_EXHAUSTED."),
  UNCOMMITTED_BYTES_MAX(
      64L << 20,
      4L << 20,
      4L << 30,
      "Bytes of CP writes that may wait for a majority; more are refused."),
  SESSION_TTL_MILLIS(
      86_400_000,
      1_000,
      31_536_000_000L,
      "A session of a client that was not used for so long is forgotten. Too small: a client that"
          + " pauses for longer cannot learn whether its last write was applied."),
  READ_MODE(
      Kind.READ_MODE,
      "index",
      "How the leader makes sure that it still leads before a linearizable read. index: it asks a"
          + " majority. lease: it trusts answers of less than an election timeout ago and asks"
          + " nobody; where clocks drift apart by more than leaseDriftMaxPartsPerMillion, or a"
          + " machine stops its clock, such a read may be stale."),
  LEASE_DRIFT_MAX_PARTS_PER_MILLION(
      10_000,
      0,
      500_000,
      "With readMode lease: how much faster one node's clock may run than another's; the lease is"
          + " shorter by so much."),
  SNAPSHOT_ENTRIES(
      SnapshotConfig.DEFAULT.logEntriesMax(),
      100,
      1L << 40,
      "The log is cut when it holds more applied entries. Too small: a follower that was away for a"
          + " moment needs the whole state; too large: disk."),
  SNAPSHOT_BYTES(
      SnapshotConfig.DEFAULT.logBytesMax(),
      1L << 20,
      1L << 40,
      "The log is cut when it has grown by more bytes since the last cut."),
  SNAPSHOT_ENTRIES_KEPT(
      SnapshotConfig.DEFAULT.logEntriesKept(),
      0,
      1L << 40,
      "The newest applied entries that a cut leaves for slow followers, at most half of"
          + " snapshotEntries."),
  SNAPSHOT_BYTES_PER_SECOND_MAX(
      SnapshotConfig.DEFAULT.bytesPerSecondMax(),
      64L << 10,
      1L << 40,
      "How fast this node sends snapshots, over all followers together. Too large: clients feel it;"
          + " too small: a follower that was away never catches up."),
  BLOCK_CACHE_BYTES(
      EngineOptions.DEFAULT.blockCacheBytes(),
      EngineOptions.SIZE_MIN_BYTES,
      1L << 40,
      "Memory for blocks of table files that were read."),
  MEMTABLE_BYTES(
      EngineOptions.DEFAULT.memtableBytes(),
      EngineOptions.SIZE_MIN_BYTES,
      1L << 40,
      "Memory for rows that are not yet in table files, over all keyspaces together."),
  WAL_BYTES_MAX(
      EngineOptions.DEFAULT.walBytesMax(),
      EngineOptions.SIZE_MIN_BYTES,
      1L << 40,
      "Size of the write-ahead log after which rows are moved to table files. Too large: a slower"
          + " start after a crash."),
  LOG_LEVEL(Kind.LEVEL, "INFO", "The least important messages that are logged.");

  /** What values a setting takes. */
  public enum Kind {
    /** {@code [a-z][a-z0-9-]{0,62}}. */
    NAME,
    /** A path of the file system. */
    FOLDER,
    /** A {@link HostPort}. */
    ADDRESS,
    /** A {@link HostPort} for each of several nodes. */
    ADDRESSES,
    /** A {@link HostPort} for each of several others. */
    ROUTES,
    /** A whole number between the setting's bounds. */
    NUMBER,
    /** index or lease. */
    READ_MODE,
    /** ERROR, WARN, INFO, DEBUG or TRACE. */
    LEVEL
  }

  /** What the name of every environment variable of a setting begins with. */
  public static final String ENVIRONMENT_PREFIX = "CAPSTAN_NODE_";

  private final Kind kind;
  private final @Nullable String defaultText;
  private final long min;
  private final long max;
  private final String description;

  Setting(Kind kind, @Nullable String defaultText, String description) {
    this.kind = kind;
    this.defaultText = defaultText;
    this.min = 0;
    this.max = 0;
    this.description = description;
  }

  Setting(long defaultNumber, long min, long max, String description) {
    this.kind = Kind.NUMBER;
    this.defaultText = Long.toString(defaultNumber);
    this.min = min;
    this.max = max;
    this.description = description;
  }

  /** The key in the file, such as {@code electionTimeoutMillis}. */
  public String key() {
    StringBuilder key = new StringBuilder();
    for (String word : name().toLowerCase(Locale.ROOT).split("_", -1)) {
      key.append(key.isEmpty() ? word.charAt(0) : Character.toUpperCase(word.charAt(0)));
      key.append(word, 1, word.length());
    }
    return key.toString();
  }

  /** The flag, such as {@code --election-timeout-millis}. */
  public String flag() {
    return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The environment variable, such as {@code CAPSTAN_NODE_ELECTION_TIMEOUT_MILLIS}. */
  public String environmentVariable() {
    return ENVIRONMENT_PREFIX + name();
  }

  /** What values are allowed. */
  public Kind kind() {
    return kind;
  }

  /** The default as it would be written, if there is one. */
  public Optional<String> defaultText() {
    return Optional.ofNullable(defaultText);
  }

  /** The smallest number that is allowed. */
  public long min() {
    return min;
  }

  /** The largest number that is allowed. */
  public long max() {
    return max;
  }

  /** What the setting does, and what a wrong value costs. */
  public String description() {
    return description;
  }

  /** The setting of that key, if there is one. */
  public static Optional<Setting> ofKey(String key) {
    for (Setting setting : values()) {
      if (setting.key().equals(key)) {
        return Optional.of(setting);
      }
    }
    return Optional.empty();
  }

  /** The setting whose key looks most like the text. */
  public static Setting nearest(String text) {
    Setting nearest = ID;
    int nearestDistance = Integer.MAX_VALUE;
    String wanted = text.replaceAll("[-_. ]", "").toLowerCase(Locale.ROOT);
    for (Setting setting : values()) {
      int distance = distance(wanted, setting.key().toLowerCase(Locale.ROOT));
      if (distance < nearestDistance) {
        nearest = setting;
        nearestDistance = distance;
      }
    }
    return nearest;
  }

  /**
   * Insertions, deletions and replacements that turn one text into the other (Levenshtein, 1966).
   */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
