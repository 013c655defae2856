package io.capstan.chaos.scenario;

import io.capstan.client.Mode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a scenario can claim about a keyspace, by the name in scenario files. */
public enum ClaimKind {
  /** As if there were one copy. */
  LINEARIZABLE("linearizable"),
  /** One order of all operations respects what each client did. */
  SEQUENTIAL("sequential"),
  /** Nobody misses what causally precedes what it knows. */
  CAUSAL("causal"),
  /** A client sees its own writes. */
  READ_YOUR_WRITES("read-your-writes"),
  /** A client never sees older than it saw. */
  MONOTONIC_READS("monotonic-reads"),
  /** Who sees a client's write sees its earlier ones. */
  MONOTONIC_WRITES("monotonic-writes"),
  /** Who sees a write sees what its client had read. */
  WRITES_FOLLOW_READS("writes-follow-reads"),
  /** Transactions over lists are serializable: no cycle of dependencies. */
  SERIALIZABLE("serializable"),
  /** The accounts of a bank add up in every read. */
  BANK_TOTAL("bank-total"),
  /** A counter counts every acknowledged addition once, and no refused one. */
  COUNTER_EXACT("counter-exact"),
  /** Every element whose addition was acknowledged is in its set. */
  ELEMENTS_KEPT("elements-kept"),
  /** No number is given to two clients. */
  UNIQUE("unique"),
  /** Clients that can reach a majority are served. */
  MAJORITY_AVAILABLE("available-majority"),
  /** Clients on both sides are served. */
  BOTH_SIDES_AVAILABLE("available-everywhere"),
  /** After the last heal every node serves again in time. */
  RECOVERED("recovered"),
  /** After the last heal all replicas are equal in time. */
  CONVERGED("converged"),
  /** Every acknowledged write is there, or was replaced, or is listed as discarded. */
  NOTHING_LOST("nothing-lost"),
  /** No acknowledged write was dropped because another one was later. */
  NOTHING_DISCARDED("nothing-discarded");

  private final String label;

  ClaimKind(String label) {
    this.label = label;
  }

  /** Returns the name in scenario files. */
  public String label() {
    return label;
  }

  /** Returns the claim of this name. */
  public static Optional<ClaimKind> ofLabel(String label) {
    return Arrays.stream(values()).filter(claim -> claim.label.equals(label)).findFirst();
  }

  /** Returns all names. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(ClaimKind::label).toList();
  }

  /** Returns the only mode in which it makes sense; null where both do. */
  public @Nullable Mode onlyMode() {
    return switch (this) {
      case MAJORITY_AVAILABLE -> Mode.CP;
      case BOTH_SIDES_AVAILABLE, CONVERGED, NOTHING_LOST, NOTHING_DISCARDED -> Mode.AP;
      default -> null;
    };
  }
}
