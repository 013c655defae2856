package io.capstan.node.server;

import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The calls that the replica knows and has not answered yet. Confined to the event loop.
 *
 * <p>The replica answers every call by its deadline. Should it ever not, {@link #overdue} finds the
 * call, so that no client waits on a mistake.
 */
final class OpenCalls {

  /** How long after its deadline a call is answered by the shell. */
  static final long OVERDUE_GRACE_NANOS = 500_000_000L;

  private final Map<Long, PendingCall> calls = new HashMap<>();
  private long lastId;

  /** Takes the call in and returns its id, unique within this run of the server. */
  long add(PendingCall call) {
    long id = ++lastId;
    calls.put(id, call);
    return id;
  }

  /** Removes and returns the call; null where it was answered before. */
  @Nullable PendingCall remove(long id) {
    return calls.remove(id);
  }

  /** Removes and returns the calls that should have been answered a while ago. */
  List<PendingCall> overdue(long nowNanos) {
    List<PendingCall> late = new ArrayList<>();
    for (Iterator<PendingCall> each = calls.values().iterator(); each.hasNext(); ) {
      PendingCall call = each.next();
      if (nowNanos - call.deadlineNanos() > OVERDUE_GRACE_NANOS) {
        each.remove();
        late.add(call);
      }
    }
    return late;
  }

  /** Removes and returns all calls. */
  List<PendingCall> removeAll() {
    List<PendingCall> all = new ArrayList<>(calls.values());
    calls.clear();
    return all;
  }

  /** How many calls are open. */
  int count() {
    return calls.size();
  }

  /** What a client is told whose call was still open long after its deadline. */
  static ErrorDetail overdueError() {
    return ErrorStatus.unknown(
        ErrorStatus.TIMEOUT,
        "The deadline passed before enough replicas answered; the request may have been applied.",
        "Read the key to see what happened, or retry with the same operation id.");
  }
}
