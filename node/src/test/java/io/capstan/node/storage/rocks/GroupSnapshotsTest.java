package io.capstan.node.storage.rocks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogPositions;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A snapshot of a group")
class GroupSnapshotsTest {

  private static final EngineOptions SMALL = new EngineOptions(4L << 20, 4L << 20, 8L << 20);
  private static final long BANK = 3;
  private static final long FEED = 4;
  private static final long OLD_BANK = 2;
  private static final long OLD_FEED = 1;
  private static final SnapshotPosition AT =
      new SnapshotPosition(70, 6, Configuration.ofVoters("n1", "n2", "n3"));

  @TempDir private Path folder;
  private StorageEngine leader;
  private StorageEngine follower;

  @BeforeEach
  void open() {
    leader = StorageEngine.open(folder.resolve("n1"), folder.resolve("n1-snapshots"), SMALL);
    reopenFollower();
    fillLeader();
    fillFollower();
  }

  private void reopenFollower() {
    if (follower != null) {
      follower.close();
    }
    follower = StorageEngine.open(folder.resolve("n2"), folder.resolve("n2-snapshots"), SMALL);
  }

  @AfterEach
  void close() {
    leader.close();
    follower.close();
  }

  private void fillLeader() {
    ReplicaStore store = leader.group(1);
    store.createKeyspace(BANK);
    store.createKeyspace(FEED);
    WriteBatch batch = new WriteBatch();
    put(batch, Table.META, "state", "70");
    put(batch, Table.SESSIONS, "s1", "window");
    for (int i = 0; i < 1_000; i++) {
      put(batch, Table.data(BANK), "account-" + i, "balance-" + i);
    }
    put(batch, Table.data(FEED), "post", "of the leader");
    store.write(batch);
  }

  private void fillFollower() {
    ReplicaStore store = follower.group(1);
    store.createKeyspace(OLD_BANK);
    store.createKeyspace(OLD_FEED);
    store.createKeyspace(BANK);
    store.createKeyspace(FEED);
    WriteBatch batch = new WriteBatch();
    batch.hardState(new HardState(6, "n1"));
    batch.appendToLog(0, List.of(new Entry(1, 1, new byte[] {1}), new Entry(2, 1, new byte[9])));
    put(batch, Table.META, "state", "2");
    put(batch, Table.META, "gone", "since");
    put(batch, Table.SESSIONS, "s0", "expired");
    put(batch, Table.data(BANK), "account-0", "stale");
    put(batch, Table.data(BANK), "closed account", "stale");
    put(batch, Table.data(OLD_BANK), "account", "of a dropped keyspace");
    put(batch, Table.data(FEED), "post", "of the follower");
    put(batch, Table.clock(FEED), "clock", "of the follower");
    put(batch, Table.checkpoint(BANK), "opening", "stale");
    put(batch, Table.ledger(OLD_BANK), "loser", "of a dropped keyspace");
    store.write(batch);
  }

  private void discardOnFollower(WriteBatch batch, String what) {
    put(batch, Table.ledger(BANK), what, "lost to a later write");
  }

  private void assertLedgerOfFollower(String... discarded) {
    ReplicaStore store = follower.group(1);
    assertThat(rows(store, Table.ledger(BANK)))
        .containsExactlyInAnyOrder(
            java.util.Arrays.stream(discarded)
                .map(each -> each + "=lost to a later write")
                .toArray(String[]::new));
    assertThat(rows(store, Table.checkpoint(BANK))).isEmpty();
  }

  private static SnapshotManifest plan() {
    return SnapshotManifest.newBuilder()
        .setGroupId(1)
        .setExportId(0xABC)
        .setPosition(LogPositions.toProto(AT))
        .addKeyspaces(keyspace(BANK, Mode.MODE_CP))
        .addKeyspaces(keyspace(FEED, Mode.MODE_AP))
        .addKeyspaces(keyspace(9, Mode.MODE_AP))
        .addKeyspaces(keyspace(10, Mode.MODE_CP))
        .build();
  }

  private static SnapshotKeyspace keyspace(long id, Mode mode) {
    return SnapshotKeyspace.newBuilder().setId(id).setEpoch(1).setMode(mode).build();
  }

  /** Exports on the leader; keyspace 10 has tables without rows. */
  private SnapshotManifest exported() throws IOException {
    leader.group(1).createKeyspace(10);
    GroupSnapshots exports = leader.snapshots(1);
    return exports.write(exports.beginExport(plan()), () -> false);
  }

  /** Goes on where the staging place says it stands; returns where it stops. */
  private long transfer(SnapshotManifest manifest, long from, long to) throws IOException {
    GroupSnapshots exports = leader.snapshots(1);
    GroupSnapshots staging = follower.snapshots(1);
    long offset = staging.stage(manifest);
    assertThat(offset).isEqualTo(from);
    while (offset < to) {
      int length = (int) Math.min(1_000, lengthAt(manifest, offset));
      staging.store(offset, ByteBuffer.wrap(exports.read(manifest.getExportId(), offset, length)));
      offset += length;
    }
    return offset;
  }

  private static long lengthAt(SnapshotManifest manifest, long offset) {
    long end = 0;
    for (var file : manifest.getFilesList()) {
      end += file.getSizeBytes();
      if (offset < end) {
        return end - offset;
      }
    }
    throw new AssertionError("behind the end");
  }

  private static long size(SnapshotManifest manifest) {
    return manifest.getFilesList().stream().mapToLong(file -> file.getSizeBytes()).sum();
  }

  private void install(SnapshotManifest manifest) {
    WriteBatch batch = new WriteBatch();
    batch.hardState(new HardState(7, null));
    batch.installSnapshot(manifest);
    follower.group(1).write(batch);
  }

  private void assertInstalled() {
    ReplicaStore store = follower.group(1);
    assertThat(rows(store, Table.META)).containsExactly("state=70");
    assertThat(rows(store, Table.SESSIONS)).containsExactly("s1=window");
    assertThat(rows(store, Table.data(BANK))).hasSize(1_000).doesNotContain("account-0=stale");
    assertThat(rows(store, Table.data(FEED))).containsExactly("post=of the follower");
    assertThat(rows(store, Table.clock(FEED))).containsExactly("clock=of the follower");
    assertThat(store.keyspaces()).containsExactly(BANK, FEED, 9, 10);
    assertThat(store.log().firstIndex()).isEqualTo(71);
    assertThat(store.log().lastIndex()).isEqualTo(70);
    assertThat(store.log().snapshot()).isEqualTo(AT);
  }

  @Test
  @DisplayName("replaces the group's tables, CP keyspaces and the log, and no AP data nor the vote")
  void installsWhatItShouldAndNothingElse() throws IOException {
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    GroupSnapshots staging = follower.snapshots(1);
    staging.stage(manifest);
    assertThat(staging.verify()).isNull();

    install(manifest);

    assertInstalled();
    assertThat(follower.group(1).log().hardState()).isEqualTo(new HardState(7, null));
    reopenFollower();
    assertInstalled();
  }

  @Test
  @DisplayName("leaves the ledger of a keyspace as it is, with what its own batch still lists")
  void keepsTheLedger() throws IOException {
    WriteBatch before = new WriteBatch();
    discardOnFollower(before, "long ago");
    follower.group(1).write(before);
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    WriteBatch batch = new WriteBatch();
    batch.hardState(new HardState(7, null));
    discardOnFollower(batch, "just now");
    put(batch, Table.data(BANK), "account-0", "of the last moment");
    batch.installSnapshot(manifest);

    follower.group(1).write(batch);

    assertInstalled();
    assertLedgerOfFollower("long ago", "just now");
    reopenFollower();
    assertInstalled();
    assertLedgerOfFollower("long ago", "just now");
    // What comes after stands above what was deleted, also behind another start.
    WriteBatch after = new WriteBatch();
    put(after, Table.data(BANK), "account-0", "since");
    follower.group(1).write(after);
    reopenFollower();
    assertThat(rows(follower.group(1), Table.data(BANK)))
        .hasSize(1_000)
        .contains("account-0=since");
  }

  @Test
  @DisplayName("leaves the ledger as it is where a crash interrupted its install, at any point")
  void keepsTheLedgerThroughACrash() throws Exception {
    WriteBatch before = new WriteBatch();
    discardOnFollower(before, "long ago");
    follower.group(1).write(before);
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    RowKeys keys = new RowKeys(1);
    // Dead once the marker is durable; and dead once more with a table replaced and another not.
    for (boolean midway : new boolean[] {false, true}) {
      try (org.rocksdb.WriteBatch marker = new org.rocksdb.WriteBatch()) {
        marker.put(follower.metaFamily, keys.installingKey(), manifest.toByteArray());
        if (midway) {
          marker.deleteRange(
              follower.keyspacesOf(keys).get(BANK),
              keys.groupStart(),
              keys.rowKey(Table.ledger(BANK), new byte[0]));
        }
        follower.write(marker);
      }

      reopenFollower();

      assertInstalled();
      assertLedgerOfFollower("long ago");
      transfer(manifest, size(manifest), size(manifest));
    }
  }

  @Test
  @DisplayName("goes on where the transfer stopped, also after a restart of the receiver")
  void resumes() throws IOException {
    SnapshotManifest manifest = exported();
    long stopped = transfer(manifest, 0, 5_000);

    reopenFollower();
    transfer(manifest, stopped, size(manifest));
    GroupSnapshots staging = follower.snapshots(1);
    assertThat(staging.stage(manifest)).isEqualTo(size(manifest));
    assertThat(staging.verify()).isNull();
    install(manifest);

    assertInstalled();
  }

  @Test
  @DisplayName("is finished at the next start where a crash interrupted its install")
  void finishesAnInterruptedInstall() throws Exception {
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    RowKeys keys = new RowKeys(1);
    try (org.rocksdb.WriteBatch marker = new org.rocksdb.WriteBatch()) {
      marker.put(follower.metaFamily, keys.installingKey(), manifest.toByteArray());
      follower.write(marker);
    }

    reopenFollower();

    assertInstalled();
    reopenFollower();
    assertInstalled();
  }

  @Test
  @DisplayName("refuses to start where a crash interrupted its install and its files are gone")
  void refusesToStartWithoutTheFiles() throws Exception {
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    try (org.rocksdb.WriteBatch marker = new org.rocksdb.WriteBatch()) {
      marker.put(follower.metaFamily, new RowKeys(1).installingKey(), manifest.toByteArray());
      follower.write(marker);
    }
    follower.snapshots(1).discardStaging();

    reopenFollower();

    assertThatThrownBy(() -> follower.group(1))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("its files in the folder snapshots are gone");
  }

  @Test
  @DisplayName("refuses to start where a bit flipped in its files after a crash within its install")
  void refusesToStartWithDamagedFiles() throws Exception {
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    try (org.rocksdb.WriteBatch marker = new org.rocksdb.WriteBatch()) {
      marker.put(follower.metaFamily, new RowKeys(1).installingKey(), manifest.toByteArray());
      follower.write(marker);
    }
    Path file = folder.resolve("n2-snapshots").resolve("g1-staging").resolve("0.sst");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);

    reopenFollower();

    assertThatThrownBy(() -> follower.group(1))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("0.sst has not the checksum")
        .hasMessageContaining("to rebuild this node from its peers");
  }

  @Test
  @DisplayName("is refused where a bit of it has flipped on the way or on disk")
  void noticesDamage() throws IOException {
    SnapshotManifest manifest = exported();
    transfer(manifest, 0, size(manifest));
    Path file = folder.resolve("n2-snapshots").resolve("g1-staging").resolve("0.sst");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);

    GroupSnapshots staging = follower.snapshots(1);
    staging.stage(manifest);

    assertThat(staging.verify()).contains("0.sst has not the checksum");
  }

  @Test
  @DisplayName("holds the state of its moment, whatever is written meanwhile")
  void isOfOneMoment() throws IOException {
    GroupSnapshots exports = leader.snapshots(1);
    SnapshotExport export = exports.beginExport(plan().toBuilder().removeKeyspaces(3).build());
    WriteBatch later = new WriteBatch();
    put(later, Table.META, "state", "71");
    later.delete(Table.data(BANK), "account-1".getBytes(UTF_8));
    leader.group(1).write(later);

    SnapshotManifest manifest = exports.write(export, () -> false);
    transfer(manifest, 0, size(manifest));
    install(manifest);

    assertThat(rows(follower.group(1), Table.META)).containsExactly("state=70");
    assertThat(rows(follower.group(1), Table.data(BANK))).hasSize(1_000);
  }

  @Test
  @DisplayName("leaves at most two exports on the disk, and none when they are discarded")
  void keepsFewExports() throws IOException {
    leader.group(1).createKeyspace(10);
    GroupSnapshots exports = leader.snapshots(1);
    for (int i = 1; i <= 4; i++) {
      exports.write(exports.beginExport(plan().toBuilder().setExportId(i).build()), () -> false);
    }
    try (var listing = Files.list(folder.resolve("n1-snapshots"))) {
      assertThat(listing).hasSize(GroupSnapshots.EXPORTS_MAX);
    }
    exports.discardExports();
    try (var listing = Files.list(folder.resolve("n1-snapshots"))) {
      assertThat(listing).isEmpty();
    }
  }

  @Test
  @DisplayName("that is cancelled leaves nothing behind")
  void canBeCancelled() throws IOException {
    leader.group(1).createKeyspace(10);
    GroupSnapshots exports = leader.snapshots(1);
    SnapshotExport export = exports.beginExport(plan());

    assertThatThrownBy(() -> exports.write(export, () -> true))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cancelled");

    try (var listing = Files.list(folder.resolve("n1-snapshots"))) {
      assertThat(listing).isEmpty();
    }
  }

  private static void put(WriteBatch batch, Table table, String key, String value) {
    batch.put(table, key.getBytes(UTF_8), value.getBytes(UTF_8));
  }

  private static List<String> rows(ReplicaStore store, Table table) {
    List<String> rows = new ArrayList<>();
    store.scan(
        table,
        new byte[0],
        null,
        (key, value) -> rows.add(new String(key, UTF_8) + "=" + new String(value, UTF_8)));
    return rows;
  }
}
