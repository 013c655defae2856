package io.capstan.node.storage.rocks;

import io.capstan.proto.store.v1.SnapshotFile;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One snapshot as a folder: {@code manifest}, and its files {@code 0.sst}, {@code 1.sst} ... in the
 * order of the manifest. Offsets count over all files in that order.
 *
 * <p>Not thread-safe.
 */
final class SnapshotFolder {

  private static final String MANIFEST_FILE = "manifest";
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path folder;

  SnapshotFolder(Path folder) {
    this.folder = folder;
  }

  Path file(int number) {
    return folder.resolve(number + ".sst");
  }

  void create() throws IOException {
    Files.createDirectories(folder);
  }

  void writeManifest(SnapshotManifest manifest) throws IOException {
    DurableFile.replace(folder.resolve(MANIFEST_FILE), manifest.toByteArray());
  }

  /** The manifest, or null where there is none that can be read. */
  @Nullable SnapshotManifest manifest() throws IOException {
    try {
      return SnapshotManifest.parseFrom(Files.readAllBytes(folder.resolve(MANIFEST_FILE)));
    } catch (NoSuchFileException e) {
      return null;
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** Deletes the folder with everything in it; nothing happens where there is none. */
  void delete() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> children;
    try (Stream<Path> tree = Files.walk(folder)) {
      children = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path child : children) {
      Files.deleteIfExists(child);
    }
  }

  /**
   * How many bytes are there without a gap, from the start.
   *
   * @throws IOException when the folder cannot be read
   */
  long storedBytes(SnapshotManifest manifest) throws IOException {
    long stored = 0;
    for (int i = 0; i < manifest.getFilesCount(); i++) {
      Path file = file(i);
      long size = Files.exists(file) ? Files.size(file) : 0;
      stored += Math.min(size, manifest.getFiles(i).getSizeBytes());
      if (size < manifest.getFiles(i).getSizeBytes()) {
        break;
      }
    }
    return stored;
  }

  /** Reads a range that lies within one file. */
  byte[] read(SnapshotManifest manifest, long offset, int lengthBytes) throws IOException {
    long start = 0;
    for (int i = 0; i < manifest.getFilesCount(); i++) {
      long end = start + manifest.getFiles(i).getSizeBytes();
      if (offset < end) {
        ByteBuffer bytes = ByteBuffer.allocate(lengthBytes);
        try (FileChannel channel = FileChannel.open(file(i), StandardOpenOption.READ)) {
          while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset - start + bytes.position()) < 0) {
              throw new IOException(file(i) + " is shorter than its manifest says");
            }
          }
        }
        return bytes.array();
      }
      start = end;
    }
    throw new IOException("offset " + offset + " lies behind the end of the snapshot");
  }

  /** Writes a range that lies within one file; the files grow from the first to the last. */
  void write(SnapshotManifest manifest, long offset, ByteBuffer data) throws IOException {
    long start = 0;
    for (int i = 0; i < manifest.getFilesCount(); i++) {
      long end = start + manifest.getFiles(i).getSizeBytes();
      if (offset < end) {
        try (FileChannel channel =
            FileChannel.open(file(i), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
          long at = offset - start;
          while (data.hasRemaining()) {
            at += channel.write(data, at);
          }
        }
        return;
      }
      start = end;
    }
    throw new IOException("offset " + offset + " lies behind the end of the snapshot");
  }

  /**
   * Makes every file durable and compares it with the manifest.
   *
   * @return the first difference as a sentence, or null where there is none
   */
  @Nullable String verify(SnapshotManifest manifest) throws IOException {
    for (int i = 0; i < manifest.getFilesCount(); i++) {
      SnapshotFile expected = manifest.getFiles(i);
      if (!Files.exists(file(i)) || Files.size(file(i)) != expected.getSizeBytes()) {
        return file(i) + " has not the size that its manifest says";
      }
      if (checksumDurably(file(i)) != expected.getCrc32C()) {
        return file(i) + " has not the checksum that its manifest says";
      }
    }
    return null;
  }

  /** Makes the file durable and returns the CRC-32C of its content. */
  static int checksumDurably(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.force(true);
      while (channel.read(buffer) >= 0) {
        crc.update(buffer.flip());
        buffer.clear();
      }
    }
    return (int) crc.getValue();
  }

  /**
   * A second name for each file of a keyspace, which may be given away: the first one stays.
   *
   * @param keyspaceId 0 for the group's own tables
   */
  List<String> links(SnapshotManifest manifest, long keyspaceId) throws IOException {
    List<String> links = new ArrayList<>();
    for (int i = 0; i < manifest.getFilesCount(); i++) {
      if (manifest.getFiles(i).getKeyspaceId() == keyspaceId) {
        Path link = folder.resolve(i + ".install.sst");
        Files.deleteIfExists(link);
        try {
          Files.createLink(link, file(i));
        } catch (UnsupportedOperationException noHardLinks) {
          Files.copy(file(i), link);
        }
        links.add(link.toString());
      }
    }
    return links;
  }
}
