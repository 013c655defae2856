package io.capstan.client;

import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.StatusResponse;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What answers have taught about keyspaces: mode, epoch and, in CP, who leads. Only a hint: the
 * cluster checks. Safe for use by several threads.
 */
final class KeyspaceDirectory {
  /** As many as a cluster may have; past that everything is forgotten and learned again. */
  static final int ENTRIES_MAX = 1_000;

  /**
   * @param leader the node that decided the last linearizable answer; empty where unknown or AP
   */
  record Entry(long id, Mode mode, long epoch, String leader) {

    /** Whether the other one is of an older epoch, or of a keyspace that had the name before. */
    boolean isNewerThan(Entry other) {
      return id > other.id || (id == other.id && epoch > other.epoch);
    }
  }

  private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();

  @Nullable Entry get(String keyspace) {
    return entries.get(keyspace);
  }

  /** The node to prefer for requests to this keyspace; empty where any is as good. */
  String leaderOf(String keyspace) {
    Entry entry = entries.get(keyspace);
    return entry == null ? "" : entry.leader();
  }

  void learn(Receipt receipt) {
    if (receipt.getKeyspaceId() == 0 || receipt.getMode() == Mode.MODE_UNSPECIFIED) {
      return;
    }
    boolean decidedByLeader =
        receipt.getMode() == Mode.MODE_CP && receipt.getLevel() != Level.LEVEL_STALE;
    merge(
        receipt.getKeyspace(),
        receipt.getKeyspaceId(),
        receipt.getMode(),
        receipt.getEpoch(),
        decidedByLeader ? receipt.getServedBy() : "");
  }

  void learn(StatusResponse status) {
    status.getKeyspacesList().forEach(each -> learn(each.getKeyspace(), status.getLeader()));
  }

  void learn(KeyspaceDescription keyspace, String leader) {
    merge(
        keyspace.getName(),
        keyspace.getId(),
        keyspace.getMode(),
        keyspace.getEpoch(),
        keyspace.getMode() == Mode.MODE_CP ? leader : "");
  }

  /** A node named another leader than the one that is known, or none. */
  void learnLeader(String keyspace, String leader) {
    if (!leader.isEmpty()) {
      entries.computeIfPresent(
          keyspace,
          (name, known) ->
              known.mode() == Mode.MODE_CP
                  ? new Entry(known.id(), known.mode(), known.epoch(), leader)
                  : known);
    }
  }

  void forget(String keyspace) {
    entries.remove(keyspace);
  }

  private void merge(String name, long id, Mode mode, long epoch, String leader) {
    if (name.isEmpty() || mode == Mode.MODE_UNSPECIFIED) {
      return;
    }
    Entry known = entries.get(name);
    boolean news =
        known == null
            || known.id() != id
            || known.epoch() != epoch
            || (!leader.isEmpty() && !leader.equals(known.leader()));
    if (!news) {
      return;
    }
    if (known == null && entries.size() >= ENTRIES_MAX) {
      entries.clear();
    }
    Entry learned = new Entry(id, mode, epoch, leader);
    entries.merge(name, learned, (old, fresh) -> old.isNewerThan(fresh) ? old : fresh);
  }
}
