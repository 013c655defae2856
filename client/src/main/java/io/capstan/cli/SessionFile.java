package io.capstan.cli;

import io.capstan.client.CapstanClient;
import io.capstan.client.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The file that carries a session from one command to the next: written whole under another name,
 * synced and renamed, so that it holds one state or the next one. Commands that run at once each
 * add what they have seen, under a lock on a file beside it.
 */
final class SessionFile {
  /** A larger one was not written by a session. */
  static final long SIZE_MAX_BYTES = 64 << 20;

  private final Path path;
  private byte[] read = new byte[0];

  SessionFile(Path path) {
    this.path = path.toAbsolutePath();
  }

  /**
   * Goes on with the session of the file, or begins one where there is none.
   *
   * @throws IllegalArgumentException where the file holds something else; the message says why
   */
  Session begin(CapstanClient client) {
    read = content();
    return read.length == 0 ? client.session() : client.session(read);
  }

  private byte[] content() {
    try {
      if (!Files.exists(path)) {
        return new byte[0];
      }
      if (!Files.isRegularFile(path) || Files.size(path) > SIZE_MAX_BYTES) {
        throw new IllegalArgumentException("no file that a session was written to");
      }
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UncheckedIOException("the session file cannot be read: " + e, e);
    }
  }

  /** Adds what the session has seen to what the file holds by now. */
  void save(Session session) {
    if (Arrays.equals(session.export(), read)) {
      return;
    }
    Path lockPath = path.resolveSibling(path.getFileName() + ".lock");
    try (FileChannel lockFile =
            FileChannel.open(lockPath, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = lockFile.lock()) {
      byte[] now = content();
      if (now.length > 0 && !Arrays.equals(now, read)) {
        session.join(now);
      }
      replace(session.export());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the session file "
              + path
              + " cannot be written, so the next command would not know of this one: "
              + e,
          e);
    }
  }

  private void replace(byte[] content) throws IOException {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    try (FileChannel file =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
