package io.capstan.node.storage.rocks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Small files that a crash leaves whole or absent. */
final class DurableFile {

  private DurableFile() {}

  /**
   * Writes the file beside its place, makes it durable and renames it: whoever reads sees the old
   * content or the new one.
   */
  static void replace(Path file, byte[] content) throws IOException {
    Path written = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            written,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncFolderOf(file);
  }

  /** Deletes the file, durably; nothing happens where there is none. */
  static void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      syncFolderOf(file);
    }
  }

  private static void syncFolderOf(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || System.getProperty("os.name", "").startsWith("Windows")) {
      // Windows has no sync of folders; its file systems journal names themselves.
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
