package io.capstan.node.replica;

import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The session table of the state machine: what each registered session was already answered, so
 * that a retried write happens once (Raft dissertation, section 6.3).
 *
 * <p>It changes only by applying log entries, in the same batch as the data, so all replicas agree
 * on it. Bounded: {@link #SESSIONS_MAX} sessions, the least recently used leaves; {@link
 * #WINDOW_OPERATIONS} sequences a session. A sequence below the window is never executed. Of
 * sessions that left only the id stays, for as long again as they were kept idle: an AP epoch,
 * which takes operations of sessions that it was never told of, must not execute once more what the
 * log has executed before it forgot the session.
 */
final class Sessions {

  /** Sessions that are remembered. */
  static final int SESSIONS_MAX = 4_096;

  /** Sessions that left and are remembered as such; beyond that the first to leave is forgotten. */
  static final int DEPARTED_MAX = 16_384;

  /** How many of the newest sequences of a session are remembered. */
  static final int WINDOW_OPERATIONS = 256;

  /** A larger answer is remembered without its reads. */
  static final int RESULT_MAX_BYTES = 16 << 10;

  /**
   * The moment of the last use is noted at most so often, by the log's time. The same on every
   * replica, since it decides what expires.
   */
  static final long NOTE_INTERVAL_MILLIS = 30_000;

  private static final byte SESSION_ROW = 's';
  private static final byte OPERATION_ROW = 'o';
  private static final byte DEPARTED_ROW = 'd';

  /** A session that left the table, at this entry and by the log's time. */
  private record Departed(long index, long session, long logMillis) {
    static final Comparator<Departed> FIRST =
        Comparator.comparingLong(Departed::index).thenComparingLong(Departed::session);
  }

  /** Which sequences of the window were executed; bit = sequence modulo the window. */
  private static final class Window {
    long highestSequence;
    long lastUsedIndex;
    long notedMillis;
    final BitSet executed = new BitSet(WINDOW_OPERATIONS);

    Window(long lastUsedIndex, long notedMillis) {
      this.lastUsedIndex = lastUsedIndex;
      this.notedMillis = notedMillis;
    }
  }

  private final BufferedTables tables;
  // Least recently used first, in log order.
  private final LinkedHashMap<Long, Window> windows = new LinkedHashMap<>(64, 0.75f, true);

  // The same ones, to look at without that counting as a use.
  private final Map<Long, Window> byId = new HashMap<>();

  private final Map<Long, Departed> departed = new HashMap<>();
  private final TreeSet<Departed> departures = new TreeSet<>(Departed.FIRST);

  Sessions(BufferedTables tables) {
    this.tables = tables;
  }

  /** Reads the table back after a start. */
  void load(ReplicaStore store) {
    Map<Long, Window> found = new LinkedHashMap<>();
    store.scan(
        Table.SESSIONS,
        new byte[] {SESSION_ROW},
        new byte[] {SESSION_ROW + 1},
        (key, value) -> {
          try {
            SessionRecord row = SessionRecord.parseFrom(value);
            found.put(
                row.getSession(), new Window(row.getLastUsedIndex(), row.getLastUsedMillis()));
          } catch (InvalidProtocolBufferException broken) {
            throw new ReplicaInvariantViolation("a session row cannot be read: " + broken);
          }
          return true;
        });
    store.scan(
        Table.SESSIONS,
        new byte[] {OPERATION_ROW},
        new byte[] {OPERATION_ROW + 1},
        (key, value) -> {
          ByteBuffer row = ByteBuffer.wrap(key, 1, key.length - 1);
          Window window = found.get(row.getLong());
          if (window == null) {
            throw new ReplicaInvariantViolation("an operation row without its session");
          }
          remember(window, row.getLong());
          window.lastUsedIndex = Math.max(window.lastUsedIndex, parse(value).getIndex());
          return true;
        });
    store.scan(
        Table.SESSIONS,
        new byte[] {DEPARTED_ROW},
        new byte[] {DEPARTED_ROW + 1},
        (key, value) -> {
          try {
            SessionRecord row = SessionRecord.parseFrom(value);
            note(new Departed(row.getLastUsedIndex(), row.getSession(), row.getLastUsedMillis()));
          } catch (InvalidProtocolBufferException broken) {
            throw new ReplicaInvariantViolation(
                "a departed session's row cannot be read: " + broken);
          }
          return true;
        });
    List<Map.Entry<Long, Window>> byUse = new ArrayList<>(found.entrySet());
    byUse.sort(Comparator.comparingLong(entry -> entry.getValue().lastUsedIndex));
    for (Map.Entry<Long, Window> entry : byUse) {
      windows.put(entry.getKey(), entry.getValue());
      byId.put(entry.getKey(), entry.getValue());
    }
  }

  /** Forgets everything, before {@link #load}. */
  void clear() {
    windows.clear();
    byId.clear();
    departed.clear();
    departures.clear();
  }

  /** Registers the session at the log index; does nothing but refresh one that is registered. */
  void open(long session, long index, long logMillis) {
    Window window = windows.get(session);
    if (window != null) {
      window.lastUsedIndex = index;
      window.notedMillis = logMillis;
    } else {
      forgetDeparted(session);
      window = new Window(index, logMillis);
      windows.put(session, window);
      byId.put(session, window);
      while (windows.size() > SESSIONS_MAX) {
        long eldest = windows.keySet().iterator().next();
        Window leaving = windows.remove(eldest);
        byId.remove(eldest);
        if (leaving != null) {
          deleteRows(eldest, leaving);
          depart(new Departed(index, eldest, logMillis));
        }
      }
    }
    putRow(session, window);
  }

  private void putRow(long session, Window window) {
    tables.put(
        Table.SESSIONS,
        sessionKey(session),
        SessionRecord.newBuilder()
            .setSession(session)
            .setLastUsedIndex(window.lastUsedIndex)
            .setLastUsedMillis(window.notedMillis)
            .build()
            .toByteArray());
  }

  private void depart(Departed leaving) {
    note(leaving);
    tables.put(
        Table.SESSIONS,
        departedKey(leaving.session()),
        SessionRecord.newBuilder()
            .setSession(leaving.session())
            .setLastUsedIndex(leaving.index())
            .setLastUsedMillis(leaving.logMillis())
            .build()
            .toByteArray());
    while (departures.size() > DEPARTED_MAX) {
      forgetDeparted(departures.first().session());
    }
  }

  private void note(Departed leaving) {
    departed.put(leaving.session(), leaving);
    departures.add(leaving);
  }

  private void forgetDeparted(long session) {
    Departed known = departed.remove(session);
    if (known != null) {
      departures.remove(known);
      tables.delete(Table.SESSIONS, departedKey(session));
    }
  }

  /**
   * Forgets every session that was not used for so long, and which ones left so long ago.
   *
   * @param index of the entry that says so
   * @param logMillis the log's own time, the same on every replica
   */
  void expire(long idleMillis, long index, long logMillis) {
    for (Departed each : List.copyOf(departures)) {
      if (logMillis - each.logMillis() > idleMillis + NOTE_INTERVAL_MILLIS) {
        forgetDeparted(each.session());
      }
    }
    for (Map.Entry<Long, Window> entry : List.copyOf(windows.entrySet())) {
      if (isIdle(entry.getValue(), idleMillis, logMillis)) {
        windows.remove(entry.getKey());
        byId.remove(entry.getKey());
        deleteRows(entry.getKey(), entry.getValue());
        depart(new Departed(index, entry.getKey(), logMillis));
      }
    }
  }

  /** Whether some session was not used for so long. */
  boolean anyIdle(long idleMillis, long nowMillis) {
    for (Window window : windows.values()) {
      if (isIdle(window, idleMillis, nowMillis)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isIdle(Window window, long idleMillis, long nowMillis) {
    return nowMillis - window.notedMillis > idleMillis + NOTE_INTERVAL_MILLIS;
  }

  /**
   * What an operation must be answered without executing it.
   *
   * @return the earlier answer, or a refusal, or null where the operation is new and to be executed
   */
  @Nullable CommandResult replay(OperationId operation, long index) {
    return replay(windows.get(operation.getSession()), operation, index);
  }

  /**
   * As {@link #replay}, for whoever is not the log: the use is not noted. Null as well where the
   * session was never registered, or left too long ago to be remembered.
   */
  @Nullable CommandResult peek(OperationId operation) {
    Window window = byId.get(operation.getSession());
    return window == null && !departed.containsKey(operation.getSession())
        ? null
        : replay(window, operation, 0);
  }

  private @Nullable CommandResult replay(
      @Nullable Window window, OperationId operation, long index) {
    if (window == null) {
      return refusal(CommandResult.Code.CODE_UNKNOWN_SESSION, index);
    }
    long sequence = operation.getSequence();
    if (sequence < 1 || sequence <= window.highestSequence - WINDOW_OPERATIONS) {
      return refusal(CommandResult.Code.CODE_BEYOND_WINDOW, index);
    }
    if (sequence > window.highestSequence || !window.executed.get(bit(sequence))) {
      return null;
    }
    byte[] row = tables.get(Table.SESSIONS, operationKey(operation.getSession(), sequence));
    if (row == null) {
      throw new ReplicaInvariantViolation(
          "operation " + sequence + " is marked as executed but its answer is gone");
    }
    return parse(row);
  }

  /** Remembers the answer of an operation that was just executed at the log index. */
  void executed(OperationId operation, CommandResult result, long logMillis) {
    Window window = windows.get(operation.getSession());
    if (window == null) {
      throw new ReplicaInvariantViolation("an operation of a session that is not registered");
    }
    long sequence = operation.getSequence();
    for (long left = Math.max(1, window.highestSequence - WINDOW_OPERATIONS + 1);
        left <= Math.min(window.highestSequence, sequence - WINDOW_OPERATIONS);
        left++) {
      if (window.executed.get(bit(left))) {
        tables.delete(Table.SESSIONS, operationKey(operation.getSession(), left));
      }
    }
    remember(window, sequence);
    window.lastUsedIndex = result.getIndex();
    if (logMillis - window.notedMillis >= NOTE_INTERVAL_MILLIS) {
      window.notedMillis = logMillis;
      putRow(operation.getSession(), window);
    }
    CommandResult kept =
        result.getSerializedSize() <= RESULT_MAX_BYTES
            ? result
            : result.toBuilder().clearResults().setResultsDropped(true).build();
    tables.put(Table.SESSIONS, operationKey(operation.getSession(), sequence), kept.toByteArray());
  }

  int size() {
    return windows.size();
  }

  private static void remember(Window window, long sequence) {
    long advance = sequence - window.highestSequence;
    if (advance >= WINDOW_OPERATIONS) {
      window.executed.clear();
    } else {
      for (long skipped = window.highestSequence + 1; skipped <= sequence; skipped++) {
        window.executed.clear(bit(skipped));
      }
    }
    window.highestSequence = Math.max(window.highestSequence, sequence);
    window.executed.set(bit(sequence));
  }

  private void deleteRows(long session, Window window) {
    tables.delete(Table.SESSIONS, sessionKey(session));
    for (long sequence = Math.max(1, window.highestSequence - WINDOW_OPERATIONS + 1);
        sequence <= window.highestSequence;
        sequence++) {
      if (window.executed.get(bit(sequence))) {
        tables.delete(Table.SESSIONS, operationKey(session, sequence));
      }
    }
  }

  private static int bit(long sequence) {
    return (int) (sequence % WINDOW_OPERATIONS);
  }

  private static CommandResult refusal(CommandResult.Code code, long index) {
    return CommandResult.newBuilder().setCode(code).setIndex(index).build();
  }

  private static CommandResult parse(byte[] row) {
    try {
      return CommandResult.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation("a remembered answer cannot be read: " + broken);
    }
  }

  private static byte[] sessionKey(long session) {
    return ByteBuffer.allocate(9).put(SESSION_ROW).putLong(session).array();
  }

  private static byte[] departedKey(long session) {
    return ByteBuffer.allocate(9).put(DEPARTED_ROW).putLong(session).array();
  }

  private static byte[] operationKey(long session, long sequence) {
    return ByteBuffer.allocate(17).put(OPERATION_ROW).putLong(session).putLong(sequence).array();
  }
}
