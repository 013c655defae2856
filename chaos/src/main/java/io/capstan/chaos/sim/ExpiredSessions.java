package io.capstan.chaos.sim;

import io.capstan.node.storage.Table;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Counts the sessions that the log has forgotten, each once however many replicas there are. */
final class ExpiredSessions {
  private static final byte SESSION_ROW = 's';

  private final Coverage coverage;
  private final Set<Long> expired = new HashSet<>();

  ExpiredSessions(Coverage coverage) {
    this.coverage = coverage;
  }

  void changed(Table table, byte[] key, byte @Nullable [] after) {
    if (after == null
        && table.equals(Table.SESSIONS)
        && key[0] == SESSION_ROW
        && expired.add(ByteBuffer.wrap(key, 1, Long.BYTES).getLong())) {
      coverage.count(Coverage.Counter.SESSIONS_EXPIRED);
    }
  }
}
