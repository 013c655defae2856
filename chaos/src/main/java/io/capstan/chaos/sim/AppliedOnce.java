package io.capstan.chaos.sim;

import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Watches the rows of CP keyspaces: one operation id is written by one log entry, everywhere. */
final class AppliedOnce {
  private static final int SEQUENCE_BITS = 32;
  private static final int ROWS_REMEMBERED = 16;

  private final Map<Long, Long> entryOfOperation = new HashMap<>();
  // Rows looked at lately: the other nodes write the same ones.
  private final byte[][] looked = new byte[ROWS_REMEMBERED][0];
  private int next;
  private long cpKeyspace;

  /** The keyspace to watch. */
  void watch(long keyspaceId) {
    cpKeyspace = keyspaceId;
  }

  void changed(int node, Table table, byte @Nullable [] after) {
    if (after == null || table.keyspaceId() != cpKeyspace || table.kind() != Table.Kind.DATA) {
      return;
    }
    for (byte[] row : looked) {
      if (Arrays.equals(row, after)) {
        return;
      }
    }
    looked[next] = after;
    next = (next + 1) % looked.length;
    StoredValue value;
    try {
      value = StoredValue.parseFrom(after);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", broken.getMessage() + " on node " + node);
    }
    for (int i = 0; i < value.getSiblingsCount(); i++) {
      StoredSibling sibling = value.getSiblings(i);
      long session = sibling.getOperation().getSession();
      if (session == 0) {
        continue;
      }
      long operation = session << SEQUENCE_BITS | sibling.getOperation().getSequence();
      long entry = sibling.getDot().getCounter();
      Long before = entryOfOperation.putIfAbsent(operation, entry);
      if (before != null && before != entry) {
        throw new SimulationFailure(
            "a session's write is applied once",
            "operation "
                + session
                + "/"
                + sibling.getOperation().getSequence()
                + " was written by entries "
                + before
                + " and "
                + entry);
      }
    }
  }
}
