package io.capstan.chaos.sim;

import java.util.Locale;

/** Which keyspaces the clients of a run use. */
public enum SimulationMode {
  /** The CP keyspace only. */
  CP,
  /** An AP keyspace, beside the log that carries the catalogue. */
  AP,
  /** Both. */
  MIXED;

  boolean hasCp() {
    return this != AP;
  }

  boolean hasAp() {
    return this != CP;
  }

  /** The name on the command line and in schedule files. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
