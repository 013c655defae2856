package io.capstan.node.keyspace;

import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which level may be asked of a keyspace, and what to say where it may not. */
public final class LevelRule {

  private LevelRule() {}

  /** The level that is meant where none is named. */
  public static Level defaultOf(Mode mode) {
    return mode == Mode.MODE_AP ? Level.LEVEL_QUORUM : Level.LEVEL_LINEARIZABLE;
  }

  /**
   * Why the level cannot be had in a keyspace of that mode.
   *
   * @return a sentence that names the levels that can, or null where the level is right
   */
  public static @Nullable String refusal(KeyspaceRecord keyspace, Level level, boolean write) {
    boolean ofAp =
        level == Level.LEVEL_ONE || level == Level.LEVEL_QUORUM || level == Level.LEVEL_ALL;
    if (keyspace.getMode() == Mode.MODE_AP) {
      if (!ofAp) {
        return sentence(keyspace, level, "AP", "one, quorum, all");
      }
      if (write && level.getNumber() < keyspace.getMinWrites().getNumber()) {
        return "Keyspace "
            + keyspace.getName()
            + " was created with --min-writes "
            + nameOf(keyspace.getMinWrites())
            + "; a write at level "
            + nameOf(level)
            + " would promise less";
      }
      return null;
    }
    if (write && level == Level.LEVEL_STALE) {
      return sentence(keyspace, level, "CP", "linearizable for writes");
    }
    return ofAp ? sentence(keyspace, level, "CP", "linearizable, stale (reads only)") : null;
  }

  private static String sentence(KeyspaceRecord keyspace, Level level, String mode, String right) {
    return "Level "
        + nameOf(level)
        + " does not exist in keyspace "
        + keyspace.getName()
        + ", which is "
        + mode
        + "; its levels are "
        + right;
  }

  /** The level as the command line spells it. */
  public static String nameOf(Level level) {
    return level.name().substring("LEVEL_".length()).toLowerCase(Locale.ROOT);
  }
}
