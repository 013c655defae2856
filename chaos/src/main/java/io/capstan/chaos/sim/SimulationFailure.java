package io.capstan.chaos.sim;

/** A claim is broken: a bug in what is simulated, or in the simulator. */
public final class SimulationFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String claim;
  private final long atMillis;

  SimulationFailure(String claim, String message) {
    this(claim, message, -1, null);
  }

  SimulationFailure(
      String claim,
      String message,
      long atMillis,
      @org.jspecify.annotations.Nullable Throwable cause) {
    super(message, cause);
    this.claim = claim;
    this.atMillis = atMillis;
  }

  /** Which claim, in a few words that are the same for every run that breaks it. */
  public String claim() {
    return claim;
  }

  /** Virtual time of the discovery, counted from the beginning of the run; -1 where not known. */
  public long atMillis() {
    return atMillis;
  }
}
