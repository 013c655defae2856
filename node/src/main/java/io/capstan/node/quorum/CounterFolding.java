package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.type.Counters;
import io.capstan.node.type.TypeLimits;
import io.capstan.node.type.TypedChange;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Folds the increments of counters that this node took in, once every replica has them; see {@link
 * Counters} for why that is safe. What is folded travels by anti-entropy, nobody waits for it.
 *
 * <p>Which keys have increments to fold is remembered in memory only: after a restart a counter is
 * folded once it is used again through this node.
 */
final class CounterFolding {

  /** Keys remembered; the one that was added to longest ago is forgotten beyond that. */
  private static final int KEYS_MAX = 10_000;

  /** Keys looked at in one step. */
  private static final int KEYS_AT_ONCE_MAX = 128;

  private final QuorumConfig config;
  private final ReplicaState state;
  private final Stability stability;
  private final StepTime time;
  private final Set<ByteString> keys = new LinkedHashSet<>();
  private long nextNanos;

  CounterFolding(QuorumConfig config, ReplicaState state, Stability stability, StepTime time) {
    this.config = config;
    this.state = state;
    this.stability = stability;
    this.time = time;
  }

  /** A client uses the counter through this node. */
  void used(ByteString key, DottedVersionVectorSet held) {
    if (Counters.unfolded(held, state.self()) == 0) {
      return;
    }
    if (keys.isEmpty()) {
      nextNanos = time.nowNanos() + intervalNanos();
    }
    keys.remove(key);
    keys.add(key);
    if (keys.size() > KEYS_MAX) {
      keys.remove(keys.iterator().next());
    }
  }

  private long intervalNanos() {
    return Math.max(1, config.antiEntropyIntervalMillis() / 2) * 1_000_000;
  }

  OptionalLong nextTickNanos() {
    return keys.isEmpty() ? OptionalLong.empty() : OptionalLong.of(nextNanos);
  }

  void tick() {
    if (keys.isEmpty() || time.nowNanos() - nextNanos < 0) {
      return;
    }
    nextNanos = time.nowNanos() + intervalNanos();
    List<ByteString> due = new ArrayList<>(KEYS_AT_ONCE_MAX);
    for (Iterator<ByteString> each = keys.iterator();
        each.hasNext() && due.size() < KEYS_AT_ONCE_MAX; ) {
      due.add(each.next());
      each.remove();
    }
    for (ByteString key : due) {
      if (fold(key) >= TypeLimits.COUNTER_FOLD_MIN) {
        keys.add(key);
      }
    }
  }

  /** Folds what is stable of the key; the number of own increments that are left. */
  private int fold(ByteString key) {
    DottedVersionVectorSet held = state.read(key);
    Dot dot = state.nextDot();
    DottedVersionVectorSet folded =
        Counters.fold(
            held,
            new TypedChange.Moment(
                state.self(),
                dot.counter(),
                state.nextTimestamp(held, HybridTimestamp.ZERO),
                time.wallMillis()),
            stability::contains,
            TypeLimits.COUNTER_FOLD_MIN);
    if (folded != null) {
      state.writeOwn(key, held, folded, dot);
    }
    return Counters.unfolded(folded == null ? held : folded, state.self());
  }

  /** The replicas that have not confirmed everything that this one has. */
  List<String> waitsFor() {
    return stability.behind();
  }
}
