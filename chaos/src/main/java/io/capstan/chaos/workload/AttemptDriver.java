package io.capstan.chaos.workload;

/** Makes the attempts of all clients at their times, whatever becomes of them. */
public interface AttemptDriver extends AutoCloseable {

  /** Starts; the schedule begins now. */
  void start();

  /** Tells the clients where the run is. */
  void phase(Phase next);

  /** Leaves attempts out, or makes them again. */
  void quiet(boolean wanted);

  /**
   * Waits until no attempt is under way any more, for an attempt timeout and a little at most.
   *
   * @throws InterruptedException if the waiting thread is interrupted
   */
  void drain() throws InterruptedException;

  /**
   * Makes no further attempt. Those under way end by themselves.
   *
   * @throws IllegalStateException if the driver broke down before, so that attempts are missing
   */
  @Override
  void close();
}
