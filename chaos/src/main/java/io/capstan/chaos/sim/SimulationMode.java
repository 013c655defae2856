package io.capstan.chaos.sim;

import java.util.Locale;

/** Which keyspaces the clients of a run use. */
public enum SimulationMode {
  /** The CP keyspace only. */
  CP,
  /** An AP keyspace, beside the log that carries the catalogue. */
  AP,
  /** Both. */
  MIXED,
  /** A keyspace that changes sides again and again while clients write to it. */
  SWITCH;

  boolean hasCp() {
    return this == CP || this == MIXED;
  }

  boolean hasAp() {
    return this == AP || this == MIXED;
  }

  /** The name on the command line and in schedule files. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
