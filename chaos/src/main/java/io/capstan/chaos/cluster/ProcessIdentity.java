package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * Names one process for good: its id alone is used again by the operating system sooner or later,
 * so the start time goes with it.
 *
 * @param pid the id
 * @param startedMillis start time in milliseconds since 1970; 0 where the system does not tell
 */
record ProcessIdentity(long pid, long startedMillis) {
  /** The system derives start times from its boot time, which moves a little with its clock. */
  private static final long START_TOLERANCE_MILLIS = 3_000;

  static ProcessIdentity of(ProcessHandle process) {
    return new ProcessIdentity(
        process.pid(), process.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
  }

  /** Returns the process if it still runs and is the same one. */
  Optional<ProcessHandle> find() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process -> runState(pid) != 'Z')
        .filter(this::startedWhenExpected);
  }

  private boolean startedWhenExpected(ProcessHandle process) {
    long actualMillis = of(process).startedMillis();
    return startedMillis == 0
        ? actualMillis == 0
        : Math.abs(actualMillis - startedMillis) <= START_TOLERANCE_MILLIS;
  }

  /**
   * Returns the state letter of a process where the system has /proc: 'T' held still, 'Z' dead but
   * not yet collected by its parent.
   *
   * @return ' ' where it cannot be learnt
   */
  static char runState(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      int afterName = stat.lastIndexOf(')') + 2;
      return afterName > 1 && afterName < stat.length() ? stat.charAt(afterName) : ' ';
    } catch (IOException e) {
      return ' ';
    }
  }
}
