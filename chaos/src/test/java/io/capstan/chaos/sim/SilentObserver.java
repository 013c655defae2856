package io.capstan.chaos.sim;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks at a simulated disk for a test that asks the disk itself: hears everything, minds none. */
final class SilentObserver implements SimulatedDisk.Observer, SimulatedDisk.WriteGate {
  @Override
  public void changed(Table table, byte[] key, byte @Nullable [] after) {}

  @Override
  public void logged(long truncateFrom, List<Entry> entries) {}

  @Override
  public void compacts(SnapshotPosition position) {}

  @Override
  public void installs(SnapshotPosition position) {}

  @Override
  public void before(WriteBatch batch) {}

  @Override
  public void after() {}
}
