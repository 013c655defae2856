package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.InvariantViolation;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.node.version.Sibling;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * This replica's side of a change from AP to CP, driven by the log: it sums up its rows, then
 * seals, then pulls what it lacks of the join of the sealed clocks.
 *
 * <p>Sealed, it confirms nothing that it does not hold already and takes in nothing, so that the
 * clock that it hands over stays its clock. Converging, it takes in only what comes from a replica
 * that is sealed for the same switch and holds nothing outside the join; so what it comes to is the
 * join of the counted replicas and nothing else, however late other messages arrive. A replica that
 * holds dots outside the join takes no part: it installs what the others have opened.
 */
public final class Sealing {
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final AntiEntropy antiEntropy;
  private final ConflictLedger ledger;
  private final StepTime time;
  private long switchId;
  private @Nullable NodeClock join;
  private boolean within;

  Sealing(
      ReplicaState state,
      KeyspaceWire wire,
      AntiEntropy antiEntropy,
      ConflictLedger ledger,
      StepTime time) {
    this.time = time;
    this.state = state;
    this.wire = wire;
    this.antiEntropy = antiEntropy;
    this.ledger = ledger;
  }

  /** From the log entry that is being applied on, no write of this epoch is taken. */
  public void seal() {
    state.freeze();
  }

  /** The clocks of enough sealed replicas are joined. */
  public void converge(long id, NodeClock joined) {
    seal();
    switchId = id;
    join = joined;
    within = joined.containsAll(state.clock());
    if (within) {
      wire.withinSwitch(id);
      antiEntropy.sendClocks();
    }
  }

  public boolean isSealed() {
    return state.isFrozen();
  }

  /** Whether the sum of the rows is known, so that a seal need not wait for it. */
  public boolean isReady() {
    return state.audit().isComplete();
  }

  /** Whether this replica holds dots that no counted replica had. */
  public boolean isOutside() {
    return join != null && !within;
  }

  /** How many dots of the join are yet to come. */
  public long lackingDots() {
    return join == null ? 0 : join.countMissingIn(state.clock());
  }

  /** Whether exactly the join of the counted replicas is held. */
  public boolean isConverged() {
    return within && lackingDots() == 0;
  }

  /** The sum of all rows; cheap once {@link #isReady}. */
  public RowHash root() {
    while (!state.audit().isComplete()) {
      state.audit().readSlice(state);
    }
    return state.audit().tree().root();
  }

  boolean mayTakeIn(long senderWithinSwitch) {
    return !state.isFrozen() || (within && senderWithinSwitch == switchId);
  }

  void takingIn(Runnable merge) {
    if (!state.isFrozen()) {
      merge.run();
      return;
    }
    state.thaw();
    try {
      merge.run();
    } finally {
      state.freeze();
    }
    NodeClock bound = join;
    if (bound == null || !bound.containsAll(state.clock())) {
      throw new InvariantViolation(
          "a sealed replica took in dots outside of the join of its switch: " + state.clock());
    }
  }

  /**
   * Puts what is held here and lies outside of the clock into the ledger: nobody was told that it
   * was written, and it will not be part of what the keyspace goes on with.
   *
   * @return how many writes these are
   */
  public int listOutside(NodeClock opened, long nowNanos, long wallMillis) {
    time.set(nowNanos, wallMillis);
    List<Dot> outside = new ArrayList<>();
    state
        .clock()
        .visitMissingIn(opened, null, (actor, counter) -> outside.add(new Dot(actor, counter)));
    int listed = 0;
    for (Dot dot : outside) {
      ByteString key = state.keyOf(dot);
      if (key == null) {
        continue;
      }
      DottedVersionVectorSet held = state.read(key);
      for (Sibling sibling : held.siblings()) {
        if (sibling.dot().equals(dot) && !sibling.isTombstone()) {
          ledger.unacknowledged(key, sibling);
          listed++;
        }
      }
    }
    return listed;
  }
}
