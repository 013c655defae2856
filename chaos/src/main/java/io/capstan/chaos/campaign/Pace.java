package io.capstan.chaos.campaign;

/**
 * How much was simulated in how much time.
 *
 * @param virtualMillis virtual time of all runs
 * @param events events of the simulator
 * @param wallMillis real time
 * @param threadMillis processor time of the threads that simulated
 * @param processMillis processor time of the whole process, its compiler and garbage collector
 *     included; 0 where the system does not tell
 */
public record Pace(
    long virtualMillis, long events, long wallMillis, long threadMillis, long processMillis) {

  /** Virtual time for each unit of real time. */
  public double speed() {
    return ratio(virtualMillis, wallMillis);
  }

  /** Virtual time for each unit of processor time of the simulating threads. */
  public double speedPerThread() {
    return ratio(virtualMillis, threadMillis);
  }

  /** Virtual time for each unit of processor time: what one core to itself would reach. */
  public double speedPerCore() {
    return ratio(virtualMillis, processMillis);
  }

  /** Events for each second of real time. */
  public double eventsPerSecond() {
    return ratio(events * 1_000, wallMillis);
  }

  /** Events for each second of processor time of the simulating threads. */
  public double eventsPerThreadSecond() {
    return ratio(events * 1_000, threadMillis);
  }

  /** Events for each second of processor time: what one core to itself would reach. */
  public double eventsPerCoreSecond() {
    return ratio(events * 1_000, processMillis);
  }

  private static double ratio(long amount, long millis) {
    return amount / (double) Math.max(1, millis);
  }

  /** What came after an earlier moment of the same campaign. */
  Pace since(Pace earlier) {
    return new Pace(
        virtualMillis - earlier.virtualMillis,
        events - earlier.events,
        wallMillis - earlier.wallMillis,
        threadMillis - earlier.threadMillis,
        processMillis - earlier.processMillis);
  }
}
