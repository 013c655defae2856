package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Lowers the limit on the size of files of a process that runs: writes beyond it fail, as on a disk
 * without room. Only the soft limit, so that it can be lifted again without privileges. Needs the
 * program prlimit (util-linux).
 */
final class FileSizeLimit {
  private static final long CHANGE_MAX_SECONDS = 5;

  private FileSizeLimit() {}

  /** Whether this machine can do it. */
  static boolean isAvailable() {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, "prlimit"))) {
        return true;
      }
    }
    return false;
  }

  static void set(long pid, long bytes) {
    change(pid, bytes + ":");
  }

  /** Lifts it; a process that has ended is none to care about. */
  static void lift(long pid) {
    try {
      change(pid, "unlimited:");
    } catch (ClusterException e) {
      if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
        throw e;
      }
    }
  }

  private static void change(long pid, String limit) {
    try {
      Process prlimit =
          new ProcessBuilder("prlimit", "--pid", Long.toString(pid), "--fsize=" + limit)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!prlimit.waitFor(CHANGE_MAX_SECONDS, TimeUnit.SECONDS) || prlimit.exitValue() != 0) {
        throw ClusterException.failed(
            "The limit on the size of files of process " + pid + " cannot be changed.", "");
      }
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The program \"prlimit\" is missing, so no disk can be filled.",
          "On Debian it is in the package util-linux.",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Interrupted while a disk was being filled.", "", e);
    }
  }
}
