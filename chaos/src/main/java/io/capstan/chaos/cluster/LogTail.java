package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The end of a log file, to be shown when something went wrong; and a bound on its size. */
final class LogTail {
  private static final int TAIL_BYTES = 16 * 1024;
  private static final int LINES_MAX = 15;
  private static final long KEPT_BYTES_MAX = 16L << 20;

  private LogTail() {}

  /** Returns the last lines, each indented; says so where there is nothing to show. */
  static String lastLines(Path log) {
    try (FileChannel channel = FileChannel.open(log)) {
      long from = Math.max(0, channel.size() - TAIL_BYTES);
      ByteBuffer bytes = ByteBuffer.allocate(TAIL_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
        // Reads on until the end of the file or a full buffer.
      }
      List<String> lines =
          StandardCharsets.UTF_8.decode(bytes.flip()).toString().strip().lines().toList();
      if (lines.isEmpty()) {
        return "  (" + log + " is empty)";
      }
      List<String> last = lines.subList(Math.max(0, lines.size() - LINES_MAX), lines.size());
      return "  " + String.join("\n  ", last);
    } catch (IOException e) {
      return "  (" + log + " cannot be read)";
    }
  }

  /** Returns where {@link #rotate} moves a log. */
  static Path movedAside(Path log) {
    return log.resolveSibling(log.getFileName() + ".1");
  }

  /** Moves a log that has grown large aside, in place of the one moved aside before. */
  static void rotate(Path log) throws IOException {
    if (Files.exists(log) && Files.size(log) > KEPT_BYTES_MAX) {
      Files.move(
          log,
          movedAside(log),
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.ATOMIC_MOVE);
    }
  }
}
