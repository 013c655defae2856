package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a second process, or a second node of this one, out of a data folder. The operating system
 * releases the lock when the process ends, however it ends; the process id in the file is only
 * there to be shown.
 */
final class FolderLock implements AutoCloseable {

  private static final String FILE_NAME = "capstan.lock";

  private final FileChannel channel;

  private FolderLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock, without waiting.
   *
   * @throws StorageException when somebody else holds it
   */
  static FolderLock take(Path folder) throws IOException {
    Path file = folder.resolve(FILE_NAME);
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      taken = tryLock(channel) != null;
      if (!taken) {
        throw new StorageException(
            "The data folder "
                + folder
                + " is in use by "
                + holder(file)
                + ". Stop that node first, or give this one another folder.",
            null);
      }
      byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(pid), 0);
      return new FolderLock(channel);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException heldByThisProcess) {
      return null;
    }
  }

  private static String holder(Path file) {
    try {
      String pid = Files.readString(file).strip();
      if (pid.equals(Long.toString(ProcessHandle.current().pid()))) {
        return "another node of this process (process " + pid + ")";
      }
      return pid.isEmpty() ? "another process" : "process " + pid;
    } catch (IOException unreadable) {
      return "another process";
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
