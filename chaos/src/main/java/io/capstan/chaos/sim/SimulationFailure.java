package io.capstan.chaos.sim;

/** A claim that the simulated cluster broke. */
public final class SimulationFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Tells which claim, at which virtual moment, with the evidence. */
  public SimulationFailure(String message) {
    super(message);
  }
}
