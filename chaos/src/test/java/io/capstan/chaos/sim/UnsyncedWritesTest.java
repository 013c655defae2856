package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What a simulated disk had not synced when power failed")
final class UnsyncedWritesTest {
  private static final long KEYSPACE = 7;
  private static final byte[] KEY = {1};
  private static final byte[] OTHER = {2};

  private final SilentObserver observer = new SilentObserver();
  private final SimulatedDisk disk = new SimulatedDisk(observer, observer);

  private void put(Table table, byte[] key, int value) {
    WriteBatch batch = new WriteBatch();
    batch.put(table, key, new byte[] {(byte) value});
    disk.write(batch);
  }

  private void delete(Table table, byte[] key) {
    WriteBatch batch = new WriteBatch();
    batch.delete(table, key);
    disk.write(batch);
  }

  @Test
  @DisplayName("is gone but for its first writes: rows are what they were before the others")
  void onlyTheFirstSurvive() {
    put(Table.META, KEY, 1);
    disk.sync(1);
    put(Table.META, KEY, 2);
    put(Table.META, OTHER, 3);
    put(Table.META, KEY, 4);
    delete(Table.META, KEY);
    put(Table.META, KEY, 5);
    assertThat(disk.get(Table.META, KEY)).containsExactly(5);

    disk.restart(1);

    assertThat(disk.get(Table.META, KEY)).containsExactly(2);
    assertThat(disk.get(Table.META, OTHER)).isNull();
    assertThat(disk.durableRow(Table.META, KEY)).containsExactly(2);
    assertThat(disk.unsyncedWrites()).isZero();
  }

  @Test
  @DisplayName("is not what would survive, as long as power is there")
  void durableRowIsThatBefore() {
    put(Table.META, KEY, 1);
    disk.sync(1);
    put(Table.META, KEY, 2);
    put(Table.META, KEY, 3);
    assertThat(disk.durableRow(Table.META, KEY)).containsExactly(1);
    assertThat(disk.durableRow(Table.META, OTHER)).isNull();

    disk.sync(2);

    assertThat(disk.durableRow(Table.META, KEY)).containsExactly(2);
    assertThat(disk.get(Table.META, KEY)).containsExactly(3);
  }

  @Test
  @DisplayName("is durable once a keyspace is dropped, which takes no more writes")
  void droppedKeyspace() {
    disk.createKeyspace(KEYSPACE);
    put(Table.data(KEYSPACE), KEY, 1);
    put(Table.META, KEY, 2);

    disk.dropKeyspace(KEYSPACE);

    assertThat(disk.unsyncedWrites()).isZero();
    disk.restart(0);
    assertThat(disk.get(Table.META, KEY)).containsExactly(2);
    assertThat(disk.keyspaces()).isEmpty();
    assertThatThrownBy(() -> put(Table.data(KEYSPACE), KEY, 3))
        .hasMessageContaining("a table that does not exist");
  }

  @Test
  @DisplayName("of a dropped keyspace leaves nothing")
  void droppedKeyspaceAfterPowerLoss() {
    disk.createKeyspace(KEYSPACE);
    put(Table.data(KEYSPACE), KEY, 1);
    disk.sync(1);
    delete(Table.data(KEYSPACE), KEY);
    disk.dropKeyspace(KEYSPACE);

    disk.restart(0);

    assertThat(disk.keyspaces()).isEmpty();
    assertThat(disk.rows(Table.data(KEYSPACE))).isEmpty();
  }
}
