package io.capstan.node.replica;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes that wait while their keyspace is sealed. They were not begun, so whoever runs out of time
 * is told that nothing was applied; the others are routed again once the keyspace serves.
 */
final class HeldWrites {
  private final Map<Long, Call> held = new LinkedHashMap<>();

  int size() {
    return held.size();
  }

  void hold(Call call, long nowNanos) {
    call.heldSinceNanos = nowNanos;
    held.put(call.key, call);
  }

  /** Gives back those of the keyspace. */
  List<Call> release(long keyspaceId) {
    List<Call> released = new ArrayList<>();
    for (Iterator<Call> each = held.values().iterator(); each.hasNext(); ) {
      Call call = each.next();
      if (call.keyspace != null && call.keyspace.getId() == keyspaceId) {
        each.remove();
        released.add(call);
      }
    }
    return released;
  }

  /** Gives back those whose time is over. */
  List<Call> expire(long nowNanos) {
    List<Call> late = new ArrayList<>();
    for (Iterator<Call> each = held.values().iterator(); each.hasNext(); ) {
      Call call = each.next();
      if (nowNanos - call.deadlineNanos >= 0) {
        each.remove();
        late.add(call);
      }
    }
    return late;
  }

  /** The earliest deadline, no later than the other. */
  long nextTickNanos(long otherwiseNanos) {
    if (held.isEmpty()) {
      return otherwiseNanos; // asked after every input
    }
    long earliest = otherwiseNanos;
    for (Call call : held.values()) {
      if (call.deadlineNanos - earliest < 0) {
        earliest = call.deadlineNanos;
      }
    }
    return earliest;
  }
}
