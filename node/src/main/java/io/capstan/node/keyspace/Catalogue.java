package io.capstan.node.keyspace;

import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The keyspaces of one group as of an applied log index. Confined to the event loop. */
public final class Catalogue {

  /** The keyspace that exists from the start. */
  public static final String DEFAULT_KEYSPACE = "default";

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private final int keyspacesMax;
  private final Map<String, KeyspaceRecord> byName = new TreeMap<>();
  private final Map<Long, KeyspaceRecord> byId = new HashMap<>();
  // Asked for at every step, and changed once in a blue moon.
  private List<KeyspaceRecord> all = List.of();
  private boolean anyChangesSides;

  /** How the catalogue answered a request to create a keyspace. */
  public enum CreateOutcome {
    /** It exists now. */
    CREATED,
    /** There was one of that name; nothing changed. */
    EXISTS,
    /** The bound on the number of keyspaces is reached; nothing changed. */
    TOO_MANY
  }

  /**
   * @param keyspacesMax how many keyspaces there may be at most
   */
  public Catalogue(int keyspacesMax) {
    this.keyspacesMax = keyspacesMax;
  }

  /** Whether the name has the form that keyspace names must have. */
  public static boolean isValidName(String name) {
    return NAME.matcher(name).matches();
  }

  /** The keyspace with the name, or null. */
  public @Nullable KeyspaceRecord named(String name) {
    return byName.get(name);
  }

  /** The keyspace with the id, or null. */
  public @Nullable KeyspaceRecord withId(long id) {
    return byId.get(id);
  }

  /** All keyspaces as they are now, by name. */
  public List<KeyspaceRecord> all() {
    return all;
  }

  /** Whether some keyspace changes sides, or waits for its replicas after it did. */
  public boolean anyChangesSides() {
    return anyChangesSides;
  }

  private void changed() {
    all = List.copyOf(byName.values());
    anyChangesSides = false;
    for (KeyspaceRecord keyspace : all) {
      anyChangesSides |= keyspace.hasSwitch() || keyspace.hasCheckpoint();
    }
  }

  /** Forgets every keyspace, before another catalogue is restored. */
  public void clear() {
    byName.clear();
    byId.clear();
    changed();
  }

  /** Takes up a keyspace that was stored earlier. */
  public void restore(KeyspaceRecord record) {
    if (byId.containsKey(record.getId()) || byName.containsKey(record.getName())) {
      throw new IllegalStateException(
          "the stored catalogue names keyspace "
              + record.getName()
              + " (id "
              + record.getId()
              + ") twice");
    }
    add(record);
  }

  /** What creating the keyspace would answer. */
  public CreateOutcome canCreate(String name) {
    if (byName.containsKey(name)) {
      return CreateOutcome.EXISTS;
    }
    return byName.size() >= keyspacesMax ? CreateOutcome.TOO_MANY : CreateOutcome.CREATED;
  }

  /**
   * Creates a keyspace; ask {@link #canCreate} first.
   *
   * @param wanted name, mode, conflict policy and smallest write level
   * @param index the log index of the entry that creates it, which becomes its id
   * @return the record, complete
   */
  public KeyspaceRecord create(KeyspaceRecord wanted, long groupId, long index) {
    if (canCreate(wanted.getName()) != CreateOutcome.CREATED || byId.containsKey(index)) {
      throw new IllegalStateException("keyspace " + wanted.getName() + " cannot be created");
    }
    KeyspaceRecord record =
        wanted.toBuilder()
            .setId(index)
            .setGroupId(groupId)
            .setEpoch(1)
            .setMode(wanted.getMode() == Mode.MODE_AP ? Mode.MODE_AP : Mode.MODE_CP)
            .setConflicts(
                wanted.getConflicts() == ConflictPolicy.CONFLICT_POLICY_LWW
                    ? ConflictPolicy.CONFLICT_POLICY_LWW
                    : ConflictPolicy.CONFLICT_POLICY_SIBLINGS)
            .setMinWrites(
                wanted.getMinWrites() == Level.LEVEL_UNSPECIFIED
                    ? Level.LEVEL_ONE
                    : wanted.getMinWrites())
            .build();
    add(record);
    return record;
  }

  /** Puts what a keyspace has become in the place of what it was; id and name stay. */
  public void replace(KeyspaceRecord record) {
    KeyspaceRecord before = byId.get(record.getId());
    if (before == null || !before.getName().equals(record.getName())) {
      throw new IllegalStateException("there is no keyspace " + record.getName() + " to replace");
    }
    add(record);
  }

  /** Removes the keyspace; returns what it was, or null where there is none. */
  public @Nullable KeyspaceRecord drop(long id) {
    KeyspaceRecord record = byId.remove(id);
    if (record != null) {
      byName.remove(record.getName());
      changed();
    }
    return record;
  }

  private void add(KeyspaceRecord record) {
    byName.put(record.getName(), record);
    byId.put(record.getId(), record);
    changed();
  }
}
