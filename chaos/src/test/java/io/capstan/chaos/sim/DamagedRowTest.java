package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.raft.Entry;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A row of which a bit flips on a simulated disk")
final class DamagedRowTest {
  private static final int FLIPS = 64;
  private static final byte[] KEY = {1};
  private static final byte[] WRITTEN = {1, 2, 3};

  @Test
  @DisplayName("keeps the node from starting, and is for the claims what the node made durable")
  void staysWhatWasPromised() {
    SilentObserver observer = new SilentObserver();
    SimulatedDisk disk = new SimulatedDisk(observer, observer);
    WriteBatch batch = new WriteBatch();
    batch.appendToLog(
        0,
        List.of(
            new Entry(1, 1, Entry.Kind.NORMAL, new byte[] {7}),
            new Entry(2, 1, Entry.Kind.NORMAL, new byte[] {8})));
    batch.put(Table.META, KEY, WRITTEN);
    disk.write(batch);
    disk.sync(disk.writes());
    disk.restart(0);
    assertThat(disk.damage()).isNull();

    // Often enough that the row is hit, and hit again.
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < FLIPS; i++) {
      disk.flipBit(random);
    }

    assertThat(disk.damage()).contains("does not match its checksum");
    assertThat(disk.durableRow(Table.META, KEY)).isEqualTo(WRITTEN);
  }
}
