package io.capstan.node.quorum;

import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The levels of an AP keyspace: how many replicas each asks for, and which may be asked for. */
final class Levels {

  private static final List<Level> AP_LEVELS =
      List.of(Level.LEVEL_ONE, Level.LEVEL_QUORUM, Level.LEVEL_ALL);

  private final KeyspaceRecord record;
  private final Replicas replicas;

  Levels(KeyspaceRecord record, Replicas replicas) {
    this.record = record;
    this.replicas = replicas;
  }

  /** How many replicas the level asks for, in words: "2 of 3", and of both sets while joint. */
  String need(Level level) {
    ReplicaSet now = replicas.now();
    String need = ReplicaSet.required(level, now.current().size()) + " of " + now.current().size();
    return now.isJoint()
        ? need
            + " replicas to come, and "
            + ReplicaSet.required(level, now.outgoing().size())
            + " of "
            + now.outgoing().size()
            + " of before,"
        : need + " replicas";
  }

  /** The level that is meant; without one quorum, or the smallest that writes may have. */
  Level meant(Level asked, boolean write) {
    if (asked != Level.LEVEL_UNSPECIFIED) {
      return asked;
    }
    return write && minWrites() == Level.LEVEL_ALL ? Level.LEVEL_ALL : Level.LEVEL_QUORUM;
  }

  /** Why the level cannot be had, naming those that can; null where it can. */
  @Nullable String refusal(Level level, boolean write) {
    if (!AP_LEVELS.contains(level)) {
      return "Level "
          + name(level)
          + " belongs to CP keyspaces; keyspace "
          + record.getName()
          + " is AP and has "
          + names(write);
    }
    if (write && level.getNumber() < minWrites().getNumber()) {
      return "Keyspace "
          + record.getName()
          + " takes writes at "
          + names(true)
          + " only: it was created with --min-writes "
          + name(minWrites());
    }
    return null;
  }

  /** The levels that may be asked for, as the command line spells them. */
  String names(boolean write) {
    StringBuilder names = new StringBuilder();
    for (Level level : AP_LEVELS) {
      if (!write || level.getNumber() >= minWrites().getNumber()) {
        names.append(names.isEmpty() ? "" : ", ").append(name(level));
      }
    }
    return names.toString();
  }

  /** Whether a level that needs this node only may be asked for. */
  boolean allowsOne(boolean write) {
    return !write || minWrites() == Level.LEVEL_ONE;
  }

  /** The smallest level at which writes are confirmed. */
  Level minWrites() {
    Level smallest = record.getMinWrites();
    return AP_LEVELS.contains(smallest) ? smallest : Level.LEVEL_ONE;
  }

  static String name(Level level) {
    return level == Level.UNRECOGNIZED
        ? "unknown"
        : level.name().substring("LEVEL_".length()).toLowerCase(Locale.ROOT);
  }
}
