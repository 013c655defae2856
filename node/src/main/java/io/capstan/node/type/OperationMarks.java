package io.capstan.node.type;

import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionMarks;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Operations that were executed and have left no sibling of their own, as one actor remembers them:
 * of each session the newest sequences, and the largest one that is no longer listed. Immutable.
 *
 * <p>A sequence at or below that high water that is not listed may have been executed or not, so a
 * retry of it is answered UNKNOWN and not executed.
 */
public final class OperationMarks {

  /** What is known of an operation. */
  public enum Knowledge {
    /** It was executed. */
    EXECUTED,
    /** Whether it was executed is no longer remembered. */
    BEYOND_WINDOW,
    /** Nothing: as far as these marks go it was not. */
    NONE
  }

  /** Remembers nothing. */
  public static final OperationMarks EMPTY =
      new OperationMarks(io.capstan.proto.store.v1.OperationMarks.getDefaultInstance());

  private final io.capstan.proto.store.v1.OperationMarks stored;

  private OperationMarks(io.capstan.proto.store.v1.OperationMarks stored) {
    this.stored = stored;
  }

  /** Reads the stored form. */
  public static OperationMarks fromProto(io.capstan.proto.store.v1.OperationMarks stored) {
    return stored.getSessionsCount() == 0 ? EMPTY : new OperationMarks(stored);
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.OperationMarks toProto() {
    return stored;
  }

  /** What all parts of a counter or set together tell of an operation. */
  public static Knowledge in(DottedVersionVectorSet held, OperationId operation) {
    return switch (new Operations(held).before(operation)) {
      case TypedChange.Repeated repeated -> Knowledge.EXECUTED;
      case TypedChange.BeyondWindow beyond -> Knowledge.BEYOND_WINDOW;
      case null, default -> Knowledge.NONE;
    };
  }

  /** What is remembered of the operation. */
  public Knowledge of(OperationId operation) {
    int low = 0;
    int high = stored.getSessionsCount() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      SessionMarks session = stored.getSessions(middle);
      int order = Long.compare(session.getSession(), operation.getSession());
      if (order == 0) {
        return of(session, operation.getSequence());
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return Knowledge.NONE;
  }

  private static Knowledge of(SessionMarks session, long sequence) {
    if (Collections.binarySearch(session.getSequencesList(), sequence) >= 0) {
      return Knowledge.EXECUTED;
    }
    return sequence <= session.getHighWater() ? Knowledge.BEYOND_WINDOW : Knowledge.NONE;
  }

  /**
   * With these operations, and without sessions that were not used for long.
   *
   * @param wallMillis by the clock of the actor whose marks these are
   * @return null where there is no room: too many sessions were used just now
   */
  public @Nullable OperationMarks with(Collection<OperationId> operations, long wallMillis) {
    TreeMap<Long, SessionMarks.Builder> sessions = new TreeMap<>();
    for (SessionMarks session : stored.getSessionsList()) {
      if (wallMillis - session.getLastUsedMillis() <= TypeLimits.MARKED_SESSION_TTL_MILLIS) {
        sessions.put(session.getSession(), session.toBuilder());
      }
    }
    for (OperationId operation : operations) {
      add(
          sessions.computeIfAbsent(
              operation.getSession(), id -> SessionMarks.newBuilder().setSession(id)),
          operation.getSequence());
    }
    for (OperationId operation : operations) {
      SessionMarks.Builder session = sessions.get(operation.getSession());
      if (session != null) {
        session.setLastUsedMillis(Math.max(session.getLastUsedMillis(), wallMillis));
      }
    }
    while (sessions.size() > TypeLimits.MARKED_SESSIONS_MAX) {
      SessionMarks.Builder oldest = leastRecentlyUsed(sessions, false);
      if (oldest == null
          || wallMillis - oldest.getLastUsedMillis() < TypeLimits.MARKED_SESSION_MIN_MILLIS) {
        return null;
      }
      sessions.remove(oldest.getSession());
    }
    shorten(sessions);
    var marks = io.capstan.proto.store.v1.OperationMarks.newBuilder();
    sessions.values().forEach(marks::addSessions);
    return fromProto(marks.build());
  }

  private static void add(SessionMarks.Builder session, long sequence) {
    List<Long> sequences = new ArrayList<>(session.getSequencesList());
    int at = Collections.binarySearch(sequences, sequence);
    if (at >= 0) {
      return;
    }
    sequences.add(-at - 1, sequence);
    if (sequences.size() > TypeLimits.MARKED_OPERATIONS_MAX) {
      session.setHighWater(Math.max(session.getHighWater(), sequences.remove(0)));
    }
    session.clearSequences().addAllSequences(sequences);
  }

  /** Sessions that were used longest ago keep their high water only. Retries stay safe. */
  private static void shorten(Map<Long, SessionMarks.Builder> sessions) {
    int total = 0;
    for (SessionMarks.Builder session : sessions.values()) {
      total += session.getSequencesCount();
    }
    while (total > TypeLimits.MARKED_TOTAL_MAX) {
      SessionMarks.Builder oldest = leastRecentlyUsed(sessions, true);
      if (oldest == null) {
        return;
      }
      int count = oldest.getSequencesCount();
      total -= count;
      oldest
          .setHighWater(Math.max(oldest.getHighWater(), oldest.getSequences(count - 1)))
          .clearSequences();
    }
  }

  private static SessionMarks.@Nullable Builder leastRecentlyUsed(
      Map<Long, SessionMarks.Builder> sessions, boolean withSequences) {
    SessionMarks.Builder oldest = null;
    for (SessionMarks.Builder session : sessions.values()) {
      if (withSequences && session.getSequencesCount() == 0) {
        continue;
      }
      if (oldest == null || session.getLastUsedMillis() < oldest.getLastUsedMillis()) {
        oldest = session;
      }
    }
    return oldest;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OperationMarks that && stored.equals(that.stored);
  }

  @Override
  public int hashCode() {
    return stored.hashCode();
  }

  @Override
  public String toString() {
    return stored.toString();
  }
}
