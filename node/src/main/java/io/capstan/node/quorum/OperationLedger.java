package io.capstan.node.quorum;

import io.capstan.node.type.OperationMarks.Knowledge;
import io.capstan.node.version.SupersededOperations;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.OperationMarks;
import io.capstan.proto.store.v1.SessionMarks;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The operations that no row needs to remember any more: every replica has what they wrote, and it
 * is superseded, or was a tombstone that has left. Per session the sequences of the newest ones,
 * and a high-water mark at or below which nobody can say any more whether an operation was
 * executed: it is answered UNKNOWN and not executed.
 *
 * <p>Each replica folds for itself when it sees that every other one knows ({@link Stability}), so
 * all of them come to know the same, except one that is new: it takes over what another one knows.
 */
final class OperationLedger {

  /** Sessions that are remembered; the one that was used longest ago is forgotten beyond that. */
  static final int SESSIONS_MAX = 4_096;

  /** Sequences of a session that are remembered one by one. */
  static final int OPERATIONS_MAX = 256;

  /** What a replica that takes over is told at most; the sessions used last. */
  private static final long TAKEN_OVER_MAX_BYTES = 256 << 10;

  private static final class Session {
    final TreeSet<Long> sequences = new TreeSet<>();
    long highWater;
    long lastUsedMillis;

    void add(long sequence) {
      sequences.add(sequence);
      if (sequences.size() > OPERATIONS_MAX) {
        Long oldest = sequences.pollFirst();
        highWater = oldest == null ? highWater : Math.max(highWater, oldest);
      }
    }

    SessionMarks toProto(long id) {
      return SessionMarks.newBuilder()
          .setSession(id)
          .setHighWater(highWater)
          .addAllSequences(sequences)
          .setLastUsedMillis(lastUsedMillis)
          .build();
    }
  }

  private final OperationTable table;
  private final StepTime time;
  // The one that was used longest ago first.
  private final LinkedHashMap<Long, Session> sessions = new LinkedHashMap<>();
  // To be stored with the next batch; a session that is not among the others any more leaves.
  private final Set<Long> changed = new LinkedHashSet<>();

  OperationLedger(OperationTable table, StepTime time) {
    this.table = table;
    this.time = time;
    List<SessionMarks> rows = new ArrayList<>();
    table.scan(rows::add);
    rows.sort(
        (one, other) -> {
          int order = Long.compare(one.getLastUsedMillis(), other.getLastUsedMillis());
          return order != 0 ? order : Long.compare(one.getSession(), other.getSession());
        });
    rows.forEach(this::read);
  }

  private Session read(SessionMarks row) {
    Session session = sessions.computeIfAbsent(row.getSession(), id -> new Session());
    session.highWater = Math.max(session.highWater, row.getHighWater());
    session.lastUsedMillis = Math.max(session.lastUsedMillis, row.getLastUsedMillis());
    row.getSequencesList().forEach(session::add);
    return session;
  }

  /** Whether nothing is remembered. */
  boolean isEmpty() {
    return sessions.isEmpty();
  }

  /** What is remembered of the operation. */
  Knowledge of(OperationId operation) {
    return of(operation.getSession(), operation.getSequence());
  }

  /** What is remembered of the operation. */
  Knowledge of(long id, long sequence) {
    Session session = sessions.get(id);
    if (session == null) {
      return Knowledge.NONE;
    }
    if (session.sequences.contains(sequence)) {
      return Knowledge.EXECUTED;
    }
    return sequence <= session.highWater ? Knowledge.BEYOND_WINDOW : Knowledge.NONE;
  }

  /** Every replica knows that these were superseded. */
  void fold(SupersededOperations operations) {
    operations.visit(
        new SupersededOperations.Visitor() {
          @Override
          public void executed(long session, long sequence) {
            if (!sequencesOf(session).contains(sequence)) {
              use(session).add(sequence);
            }
          }

          @Override
          public void beyond(long session, long highWater) {
            Session known = sessions.get(session);
            if (known == null || known.highWater < highWater) {
              use(session).highWater = highWater;
            }
          }
        });
    while (sessions.size() > SESSIONS_MAX) {
      Long oldest = sessions.keySet().iterator().next();
      sessions.remove(oldest);
      changed.add(oldest);
    }
  }

  private Set<Long> sequencesOf(long session) {
    Session known = sessions.get(session);
    return known == null ? Set.of() : known.sequences;
  }

  private Session use(long id) {
    Session session = sessions.remove(id);
    Session used = session == null ? new Session() : session;
    used.lastUsedMillis = Math.max(used.lastUsedMillis, time.wallMillis());
    sessions.put(id, used);
    changed.add(id);
    return used;
  }

  /** Puts what has changed into the batch of what it tells about. */
  void flush() {
    if (changed.isEmpty()) {
      return;
    }
    for (long id : changed) {
      Session session = sessions.get(id);
      if (session == null) {
        table.delete(id);
      } else {
        table.write(session.toProto(id));
      }
    }
    changed.clear();
  }

  // ---- for a replica that is new ----

  /** What is remembered, as much as a page may hold, of the sessions used last. */
  OperationMarks toProto() {
    List<SessionMarks> newest = new ArrayList<>();
    long sizeBytes = 0;
    for (Map.Entry<Long, Session> each : sessions.reversed().entrySet()) {
      SessionMarks row = each.getValue().toProto(each.getKey());
      sizeBytes += row.getSerializedSize();
      if (sizeBytes > TAKEN_OVER_MAX_BYTES) {
        break;
      }
      newest.add(row);
    }
    return OperationMarks.newBuilder().addAllSessions(newest).build();
  }

  /** Another replica remembers this. */
  void takeOver(OperationMarks marks) {
    for (SessionMarks row : marks.getSessionsList()) {
      read(row);
      changed.add(row.getSession());
    }
  }
}
