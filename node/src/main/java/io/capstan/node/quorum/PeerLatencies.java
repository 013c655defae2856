package io.capstan.node.quorum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How long peers take to answer reads: the 95th percentile of the latest answers of each, by which
 * a coordinator decides whom to ask first and when to ask one more (Dean, Barroso: The Tail at
 * Scale, 2013, "hedged requests").
 */
final class PeerLatencies {

  /** Answers that are remembered of each peer. */
  static final int SAMPLES_MAX = 64;

  /** Fewer answers say nothing. */
  static final int SAMPLES_MIN = 32;

  /** A hedge sooner than this would be sent before a healthy answer has had its time. */
  static final long HEDGE_MIN_NANOS = 1_000_000;

  private static final class Samples {
    final long[] nanos = new long[SAMPLES_MAX];
    int count;
    long p95Nanos;
  }

  // Looked up only; never iterated.
  private final Map<String, Samples> byPeer = new HashMap<>();

  void answered(String peer, long tookNanos) {
    Samples samples = byPeer.computeIfAbsent(peer, p -> new Samples());
    samples.nanos[samples.count++ % SAMPLES_MAX] = tookNanos;
    if (samples.count % (SAMPLES_MAX / 4) == 0) {
      long[] sorted = Arrays.copyOf(samples.nanos, Math.min(samples.count, SAMPLES_MAX));
      Arrays.sort(sorted);
      samples.p95Nanos = sorted[(sorted.length * 95 - 1) / 100];
    }
  }

  boolean isKnown(String peer) {
    Samples samples = byPeer.get(peer);
    return samples != null && samples.count >= SAMPLES_MIN;
  }

  /** The 95th percentile; only where it is known. */
  long p95Nanos(String peer) {
    Samples samples = byPeer.get(peer);
    if (samples == null) {
      throw new IllegalStateException("no answer of " + peer + " was timed yet");
    }
    return Math.max(HEDGE_MIN_NANOS, samples.p95Nanos);
  }

  /** The peers, fastest first; in the given order where they are as fast. */
  List<String> fastestFirst(List<String> peers) {
    List<String> sorted = new ArrayList<>(peers);
    sorted.sort(Comparator.comparingLong(this::p95Nanos));
    return sorted;
  }
}
