package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.node.replica.SnapshotEffect;
import io.capstan.node.replica.SnapshotInput;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotFile;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots on a simulated disk: exports and the staging place, as bytes. What is staged and
 * not yet verified is at the mercy of a crash, which may also leave damage.
 */
final class SimulatedSnapshots {

  private static final int EXPORTS_MAX = 2;
  private static final List<Table.Kind> KEYSPACE_KINDS =
      List.of(
          Table.Kind.DATA,
          Table.Kind.DOTS,
          Table.Kind.CLOCK,
          Table.Kind.HINTS,
          Table.Kind.CHECKPOINT);

  /** Receives the rows of an installed snapshot. */
  interface RowSink {
    void row(Table table, byte[] key, byte[] value);
  }

  private record Export(SnapshotManifest manifest, byte[] bytes) {}

  private final Function<Table, NavigableMap<byte[], byte[]>> tables;
  private final TreeMap<Integer, Export> exports = new TreeMap<>();
  private int lastExport;
  private @Nullable SnapshotManifest staging;
  private byte[] staged = new byte[0];
  private boolean verified;

  /**
   * @param tables the rows of a table as the process sees them
   */
  SimulatedSnapshots(Function<Table, NavigableMap<byte[], byte[]>> tables) {
    this.tables = tables;
  }

  /** Carries the effect out at once; the answer is to arrive some time later. */
  @Nullable SnapshotInput perform(SnapshotEffect effect) {
    return switch (effect) {
      case SnapshotEffect.Export wanted -> new SnapshotInput.Exported(export(wanted.plan()), null);
      case SnapshotEffect.ReadChunk wanted -> read(wanted);
      case SnapshotEffect.DiscardExports discard -> {
        exports.clear();
        yield null;
      }
      case SnapshotEffect.Stage wanted -> {
        if (!wanted.manifest().equals(staging)) {
          staging = wanted.manifest();
          staged = new byte[0];
        }
        verified = false;
        yield new SnapshotInput.Staged(wanted.stagingId(), staged.length, null);
      }
      case SnapshotEffect.StoreChunk wanted -> store(wanted);
      case SnapshotEffect.Verify wanted -> {
        String difference = difference();
        verified = difference == null;
        yield new SnapshotInput.Verified(wanted.stagingId(), difference);
      }
      case SnapshotEffect.DiscardStaging discard -> {
        staging = null;
        staged = new byte[0];
        yield null;
      }
    };
  }

  private SnapshotManifest export(SnapshotManifest plan) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    SnapshotManifest.Builder manifest = plan.toBuilder().clearFiles();
    addFile(manifest, all, 0, List.of(Table.META, Table.SESSIONS));
    for (SnapshotKeyspace keyspace : plan.getKeyspacesList()) {
      if (keyspace.getMode() == Mode.MODE_CP) {
        addFile(
            manifest,
            all,
            keyspace.getId(),
            KEYSPACE_KINDS.stream().map(kind -> new Table(keyspace.getId(), kind)).toList());
      }
    }
    SnapshotManifest complete = manifest.build();
    exports.put(++lastExport, new Export(complete, all.toByteArray()));
    while (exports.size() > EXPORTS_MAX) {
      exports.pollFirstEntry();
    }
    return complete;
  }

  private void addFile(
      SnapshotManifest.Builder manifest,
      ByteArrayOutputStream all,
      long keyspaceId,
      List<Table> ofFile) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream rows = new DataOutputStream(bytes)) {
      for (Table table : ofFile) {
        for (Map.Entry<byte[], byte[]> row : tables.apply(table).entrySet()) {
          rows.writeLong(table.keyspaceId());
          rows.writeInt(table.kind().ordinal());
          rows.writeInt(row.getKey().length);
          rows.write(row.getKey());
          rows.writeInt(row.getValue().length);
          rows.write(row.getValue());
        }
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    if (bytes.size() == 0) {
      return;
    }
    manifest.addFiles(
        SnapshotFile.newBuilder()
            .setKeyspaceId(keyspaceId)
            .setSizeBytes(bytes.size())
            .setCrc32C(checksum(bytes.toByteArray(), 0, bytes.size())));
    all.writeBytes(bytes.toByteArray());
  }

  private SnapshotInput read(SnapshotEffect.ReadChunk wanted) {
    for (Export export : exports.values()) {
      if (export.manifest().getExportId() == wanted.exportId()) {
        return new SnapshotInput.ChunkRead(
            wanted.transferId(),
            wanted.offset(),
            ByteString.copyFrom(export.bytes(), (int) wanted.offset(), wanted.lengthBytes()),
            null);
      }
    }
    return new SnapshotInput.ChunkRead(
        wanted.transferId(), wanted.offset(), ByteString.EMPTY, "there is no such export");
  }

  private SnapshotInput store(SnapshotEffect.StoreChunk wanted) {
    if (staging == null || wanted.offset() > staged.length) {
      return new SnapshotInput.ChunkStored(wanted.stagingId(), 0, "there would be a gap");
    }
    byte[] longer = java.util.Arrays.copyOf(staged, (int) wanted.offset() + wanted.data().size());
    wanted.data().copyTo(longer, (int) wanted.offset());
    staged = longer;
    return new SnapshotInput.ChunkStored(wanted.stagingId(), staged.length, null);
  }

  private @Nullable String difference() {
    SnapshotManifest manifest = staging;
    if (manifest == null) {
      return "nothing is staged";
    }
    int start = 0;
    for (SnapshotFile file : manifest.getFilesList()) {
      int size = (int) file.getSizeBytes();
      if (start + size > staged.length || checksum(staged, start, size) != file.getCrc32C()) {
        return "a file is damaged";
      }
      start += size;
    }
    return null;
  }

  private static int checksum(byte[] bytes, int from, int size) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, size);
    return (int) crc.getValue();
  }

  /** What is staged, to become part of the write that installs it. */
  byte[] staged(SnapshotManifest manifest) {
    if (!manifest.equals(staging) || !verified) {
      throw new SimulationFailure(
          "only a verified snapshot is installed", "one that is not staged and verified was");
    }
    return staged;
  }

  static void read(byte[] bytes, RowSink sink) {
    try (DataInputStream rows = new DataInputStream(new ByteArrayInputStream(bytes))) {
      while (rows.available() > 0) {
        long keyspaceId = rows.readLong();
        Table.Kind kind = Table.Kind.values()[rows.readInt()];
        byte[] key = new byte[rows.readInt()];
        rows.readFully(key);
        byte[] value = new byte[rows.readInt()];
        rows.readFully(value);
        sink.row(new Table(keyspaceId, kind), key, value);
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  /** The machine dies: what is not verified may have an end that never reached the disk. */
  void crash(RandomGenerator random) {
    if (!verified && staged.length > 0) {
      staged = java.util.Arrays.copyOf(staged, random.nextInt(staged.length + 1));
      if (staged.length > 0 && random.nextInt(4) == 0) {
        staged[random.nextInt(staged.length)] ^= 1;
      }
    }
    // A start deletes exports: whoever fetched one begins again.
    exports.clear();
  }
}
