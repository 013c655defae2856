package io.capstan.node.quorum;

import io.capstan.node.version.Actor;
import java.util.List;

/**
 * The settings of one AP keyspace on one replica.
 *
 * @param nodeId the node that the replica lives on
 * @param incarnation random, made when the data folder was empty; with nodeId the actor of its dots
 * @param replicas all replicas, this one included
 * @param antiEntropyIntervalMillis how often the clock is sent to each peer. Too large: replicas
 *     differ for longer after a heal, and a silent peer is noticed late; too small: idle traffic
 * @param peerSilentMillis a peer unheard for so long counts as unreachable when a level is judged;
 *     at least twice the interval above
 * @param resendAfterMillis a replica that did not answer is asked again after this long, then after
 *     twice as long, and so on
 * @param limits bounds on memory and messages
 */
public record QuorumConfig(
    String nodeId,
    long incarnation,
    ReplicaSet replicas,
    long antiEntropyIntervalMillis,
    long peerSilentMillis,
    long resendAfterMillis,
    Limits limits) {

  /** Some 50,000 writes for each peer that is away. */
  public static final long HINTS_MAX_BYTES_DEFAULT = 4L << 20;

  /**
   * Bounds.
   *
   * @param callsMax client calls that may wait for replicas at once; more are refused
   * @param lateReadsMax answered reads whose missing answers are still waited for, to repair them
   *     in the background; the oldest is forgotten beyond that
   * @param keySizeMaxBytes a write that would leave a key with siblings larger than this is refused
   *     until somebody resolves them. What other coordinators took in always merges
   * @param scanRowsDefault rows of a page where the client names no number
   * @param scanRowsMax rows of a page at most
   * @param scanPageMaxBytes a page ends after so many bytes, but has at least one row
   * @param scanVisitedRowsMax a page ends after so many rows, deleted ones included
   * @param missingDotsMax dots in one answer of anti-entropy
   * @param missingRowsMaxBytes an answer of anti-entropy ends after so many bytes of rows, but has
   *     at least one row
   * @param collectedDotsMax dots that are looked at in one slice of collection
   * @param takeoverRowsMax rows of a page when a replica takes a keyspace over, on either side
   * @param clockDriftMaxMillis how far a received timestamp may push the local hybrid clock ahead
   *     of the wall clock
   * @param hintsMaxBytes hints kept for one peer; beyond that they go and the peer is left to
   *     anti-entropy
   */
  public record Limits(
      int callsMax,
      int lateReadsMax,
      long keySizeMaxBytes,
      int scanRowsDefault,
      int scanRowsMax,
      long scanPageMaxBytes,
      int scanVisitedRowsMax,
      int missingDotsMax,
      long missingRowsMaxBytes,
      int collectedDotsMax,
      int takeoverRowsMax,
      long clockDriftMaxMillis,
      long hintsMaxBytes) {

    /** What a server starts with. */
    public static final Limits DEFAULT =
        new Limits(
            20_000, 1_024, 4L << 20, 100, 1_000, 1L << 20, 5_000, 4_096, 1L << 20, 256, 1_000,
            60_000);

    /** With the usual bound on hints. */
    public Limits(
        int callsMax,
        int lateReadsMax,
        long keySizeMaxBytes,
        int scanRowsDefault,
        int scanRowsMax,
        long scanPageMaxBytes,
        int scanVisitedRowsMax,
        int missingDotsMax,
        long missingRowsMaxBytes,
        int collectedDotsMax,
        int takeoverRowsMax,
        long clockDriftMaxMillis) {
      this(
          callsMax,
          lateReadsMax,
          keySizeMaxBytes,
          scanRowsDefault,
          scanRowsMax,
          scanPageMaxBytes,
          scanVisitedRowsMax,
          missingDotsMax,
          missingRowsMaxBytes,
          collectedDotsMax,
          takeoverRowsMax,
          clockDriftMaxMillis,
          HINTS_MAX_BYTES_DEFAULT);
    }

    /** The same with another bound on hints. */
    public Limits withHintsMaxBytes(long maxBytes) {
      return new Limits(
          callsMax,
          lateReadsMax,
          keySizeMaxBytes,
          scanRowsDefault,
          scanRowsMax,
          scanPageMaxBytes,
          scanVisitedRowsMax,
          missingDotsMax,
          missingRowsMaxBytes,
          collectedDotsMax,
          takeoverRowsMax,
          clockDriftMaxMillis,
          maxBytes);
    }

    public Limits {
      if (callsMax < 1
          || lateReadsMax < 1
          || collectedDotsMax < 1
          || takeoverRowsMax < 1
          || keySizeMaxBytes < 1
          || scanRowsDefault < 1
          || scanRowsMax < scanRowsDefault
          || scanPageMaxBytes < 1
          || scanVisitedRowsMax < 1
          || missingDotsMax < 1
          || missingRowsMaxBytes < 1
          || clockDriftMaxMillis < 0
          || hintsMaxBytes < 1) {
        throw new IllegalArgumentException("every limit must be positive");
      }
    }
  }

  public QuorumConfig {
    if (!replicas.contains(nodeId)) {
      throw new IllegalArgumentException(replicas + " must contain the node itself, " + nodeId);
    }
    if (antiEntropyIntervalMillis < 1
        || resendAfterMillis < 1
        || peerSilentMillis < 2 * antiEntropyIntervalMillis) {
      throw new IllegalArgumentException(
          "peerSilentMillis "
              + peerSilentMillis
              + " must be at least twice antiEntropyIntervalMillis "
              + antiEntropyIntervalMillis
              + ", and intervals at least 1");
    }
  }

  /** Of replicas that a group begins with. */
  public QuorumConfig(
      String nodeId,
      long incarnation,
      List<String> replicas,
      long antiEntropyIntervalMillis,
      long peerSilentMillis,
      long resendAfterMillis,
      Limits limits) {
    this(
        nodeId,
        incarnation,
        ReplicaSet.of(replicas),
        antiEntropyIntervalMillis,
        peerSilentMillis,
        resendAfterMillis,
        limits);
  }

  /** The settings that a cluster on one machine or in one data centre is started with. */
  public static QuorumConfig defaults(String nodeId, long incarnation, ReplicaSet replicas) {
    return new QuorumConfig(nodeId, incarnation, replicas, 500, 1_500, 300, Limits.DEFAULT);
  }

  Actor self() {
    return new Actor(nodeId, incarnation);
  }
}
