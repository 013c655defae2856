package io.capstan.node.raft;

/**
 * Settings of one Raft group on one node. All nodes of a group should run with the same values;
 * what happens otherwise is said for each. "Size" always means {@link Entry#sizeBytes()}.
 *
 * @param nodeId id of this node, unique in the group. Two nodes with one id vote twice with one
 *     name: two leaders in a term become possible
 * @param bootstrap members with which a new group begins, the same on each of them; nodes that
 *     begin with different voters may elect two leaders. {@link Configuration#NONE} for a node that
 *     joins a group: it waits to be added and never votes before. Without meaning once anything was
 *     written: then the log knows the members
 * @param electionTimeoutMillis how long a node waits for its leader; the actual wait is drawn from
 *     [this, twice this). Too short (near the round trip plus the longest pause): elections without
 *     need, no progress. Too long: a dead leader is missed that much later. Very different values
 *     on the nodes: a node with a short one keeps asking and is refused, and a vote may be given
 *     while another node still trusts its leader's lease
 * @param heartbeatIntervalMillis how often an idle leader speaks. More than a third of the election
 *     timeout: one lost message starts an election. Very short: idle traffic
 * @param commitNewsDelayMillis how long a leader waits for something else to send before it tells a
 *     follower, in a message of its own, that entries are committed; memberships are told at once.
 *     Zero: twice as many messages for each write where few clients write. Long: an idle follower
 *     applies, and shows to stale reads, that much later
 * @param inflightMessagesMax unanswered appends with entries per follower. Too small: throughput is
 *     bound by the round trip. Too large: a stuck follower costs memory in queues
 * @param inflightBytesMax unanswered bytes per follower; one message may exceed it. As above
 * @param appendBytesMax entries per message; one larger entry still goes, alone. Too large:
 *     heartbeats queue behind big messages and elections start. Too small: overhead per message
 * @param uncommittedBytesMax proposals that wait for a quorum. Too small: {@code OVERLOADED} at the
 *     first slow moment. Too large: a leader cut off from its followers collects that much memory
 * @param applyBytesMax committed entries handed out per drain. Too large: the event loop applies
 *     for long stretches and misses heartbeats. Too small: overhead per drain
 * @param readsPendingMax linearizable reads that wait for confirmation; more are rejected. Too
 *     large: memory in a leader that is cut off
 * @param readRoundsMax confirmation rounds under way at once; reads that come meanwhile share the
 *     next one. One: least traffic, up to two round trips for a read. Many: more messages for less
 *     waiting
 * @param cacheBytesMax tail of the log that is kept in memory although written. Too small:
 *     replication reads from storage. Entries not yet written are held beyond it, bounded by the
 *     two limits above
 * @param applyLagEntriesMax committed entries that may wait for the state machine; beyond it a
 *     leader refuses proposals. Too small: refusals at every long apply. Too large: reads wait, and
 *     a restart has much to apply
 * @param applyLagBytesMax the same in bytes, for the entries of this leader's own term
 * @param leaseReads whether a leader answers linearizable reads without asking, as long as the
 *     answers of a quorum are young enough. Dangerous where clocks run at rates further apart than
 *     the next setting says, where the caller's instants are older than the inputs, or where the
 *     nodes' election timeouts differ: then a read can be stale. It must be set on all nodes
 * @param clockDriftMaxPartsPerMillion how far the rate of any node's clock may be off, for leases.
 *     500 is far beyond a healthy quartz clock; the lease is shorter by about twice that
 * @param automaticLeave whether a leader leaves a joint configuration as soon as it is committed.
 *     Off: somebody has to ask for {@link MembershipChange.LeaveJoint}, and until then every
 *     decision needs two majorities
 */
public record RaftConfig(
    String nodeId,
    Configuration bootstrap,
    long electionTimeoutMillis,
    long heartbeatIntervalMillis,
    long commitNewsDelayMillis,
    int inflightMessagesMax,
    long inflightBytesMax,
    long appendBytesMax,
    long uncommittedBytesMax,
    long applyBytesMax,
    int readsPendingMax,
    int readRoundsMax,
    long cacheBytesMax,
    long applyLagEntriesMax,
    long applyLagBytesMax,
    boolean leaseReads,
    int clockDriftMaxPartsPerMillion,
    boolean automaticLeave) {

  private static final int DRIFT_LIMIT_PARTS_PER_MILLION = 100_000;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the setting, its value and what is allowed
   */
  public RaftConfig {
    if (nodeId.isEmpty()) {
      throw new IllegalArgumentException("nodeId must not be empty");
    }
    atLeast("electionTimeoutMillis", electionTimeoutMillis, 2);
    atLeast("heartbeatIntervalMillis", heartbeatIntervalMillis, 1);
    if (heartbeatIntervalMillis * 2 > electionTimeoutMillis) {
      throw new IllegalArgumentException(
          "heartbeatIntervalMillis is "
              + heartbeatIntervalMillis
              + ", allowed is at most half of electionTimeoutMillis ("
              + electionTimeoutMillis
              + ")");
    }
    atLeast("commitNewsDelayMillis", commitNewsDelayMillis, 0);
    atLeast("inflightMessagesMax", inflightMessagesMax, 1);
    atLeast("inflightBytesMax", inflightBytesMax, 1);
    atLeast("appendBytesMax", appendBytesMax, 1);
    atLeast("uncommittedBytesMax", uncommittedBytesMax, 1);
    atLeast("applyBytesMax", applyBytesMax, 1);
    atLeast("readsPendingMax", readsPendingMax, 1);
    atLeast("readRoundsMax", readRoundsMax, 1);
    atLeast("cacheBytesMax", cacheBytesMax, 0);
    atLeast("applyLagEntriesMax", applyLagEntriesMax, 1);
    atLeast("applyLagBytesMax", applyLagBytesMax, 1);
    atLeast("clockDriftMaxPartsPerMillion", clockDriftMaxPartsPerMillion, 0);
    if (clockDriftMaxPartsPerMillion > DRIFT_LIMIT_PARTS_PER_MILLION) {
      throw new IllegalArgumentException(
          "clockDriftMaxPartsPerMillion is "
              + clockDriftMaxPartsPerMillion
              + ", allowed is "
              + DRIFT_LIMIT_PARTS_PER_MILLION
              + " or less: a lease under worse clocks is worth nothing");
    }
  }

  /** Values for a local network and entries of a few hundred bytes. */
  public static RaftConfig defaults(String nodeId, Configuration bootstrap) {
    return builder(nodeId, bootstrap).build();
  }

  /** Starts from {@link #defaults}. */
  public static Builder builder(String nodeId, Configuration bootstrap) {
    return new Builder(nodeId, bootstrap);
  }

  long electionTimeoutNanos() {
    return electionTimeoutMillis * 1_000_000L;
  }

  long heartbeatIntervalNanos() {
    return heartbeatIntervalMillis * 1_000_000L;
  }

  long commitNewsDelayNanos() {
    return commitNewsDelayMillis * 1_000_000L;
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + " is " + value + ", allowed is " + least + " or more");
    }
  }

  /** Settings by name; see {@link RaftConfig} for each. Checked by {@link #build}. */
  public static final class Builder {
    private final String nodeId;
    private final Configuration bootstrap;
    private long electionTimeoutMillis = 1_000;
    private long heartbeatIntervalMillis = 100;
    private long commitNewsDelayMillis = 0;
    private int inflightMessagesMax = 256;
    private long inflightBytesMax = 16 << 20;
    private long appendBytesMax = 1 << 20;
    private long uncommittedBytesMax = 64 << 20;
    private long applyBytesMax = 4 << 20;
    private int readsPendingMax = 65_536;
    private int readRoundsMax = 2;
    private long cacheBytesMax = 32 << 20;
    private long applyLagEntriesMax = 1_000_000;
    private long applyLagBytesMax = 256 << 20;
    private boolean leaseReads = false;
    private int clockDriftMaxPartsPerMillion = 500;
    private boolean automaticLeave = true;

    private Builder(String nodeId, Configuration bootstrap) {
      this.nodeId = nodeId;
      this.bootstrap = bootstrap;
    }

    /** See {@link RaftConfig#electionTimeoutMillis}. */
    public Builder electionTimeoutMillis(long value) {
      electionTimeoutMillis = value;
      return this;
    }

    /** See {@link RaftConfig#heartbeatIntervalMillis}. */
    public Builder heartbeatIntervalMillis(long value) {
      heartbeatIntervalMillis = value;
      return this;
    }

    /** See {@link RaftConfig#commitNewsDelayMillis}. */
    public Builder commitNewsDelayMillis(long value) {
      commitNewsDelayMillis = value;
      return this;
    }

    /** See {@link RaftConfig#inflightMessagesMax}. */
    public Builder inflightMessagesMax(int value) {
      inflightMessagesMax = value;
      return this;
    }

    /** See {@link RaftConfig#inflightBytesMax}. */
    public Builder inflightBytesMax(long value) {
      inflightBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#appendBytesMax}. */
    public Builder appendBytesMax(long value) {
      appendBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#uncommittedBytesMax}. */
    public Builder uncommittedBytesMax(long value) {
      uncommittedBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#applyBytesMax}. */
    public Builder applyBytesMax(long value) {
      applyBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#readsPendingMax}. */
    public Builder readsPendingMax(int value) {
      readsPendingMax = value;
      return this;
    }

    /** See {@link RaftConfig#readRoundsMax}. */
    public Builder readRoundsMax(int value) {
      readRoundsMax = value;
      return this;
    }

    /** See {@link RaftConfig#cacheBytesMax}. */
    public Builder cacheBytesMax(long value) {
      cacheBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#applyLagEntriesMax}. */
    public Builder applyLagEntriesMax(long value) {
      applyLagEntriesMax = value;
      return this;
    }

    /** See {@link RaftConfig#applyLagBytesMax}. */
    public Builder applyLagBytesMax(long value) {
      applyLagBytesMax = value;
      return this;
    }

    /** See {@link RaftConfig#leaseReads}. */
    public Builder leaseReads(boolean value) {
      leaseReads = value;
      return this;
    }

    /** See {@link RaftConfig#clockDriftMaxPartsPerMillion}. */
    public Builder clockDriftMaxPartsPerMillion(int value) {
      clockDriftMaxPartsPerMillion = value;
      return this;
    }

    /** See {@link RaftConfig#automaticLeave}. */
    public Builder automaticLeave(boolean value) {
      automaticLeave = value;
      return this;
    }

    /**
     * The settings.
     *
     * @throws IllegalArgumentException naming the setting, its value and what is allowed
     */
    public RaftConfig build() {
      return new RaftConfig(
          nodeId,
          bootstrap,
          electionTimeoutMillis,
          heartbeatIntervalMillis,
          commitNewsDelayMillis,
          inflightMessagesMax,
          inflightBytesMax,
          appendBytesMax,
          uncommittedBytesMax,
          applyBytesMax,
          readsPendingMax,
          readRoundsMax,
          cacheBytesMax,
          applyLagEntriesMax,
          applyLagBytesMax,
          leaseReads,
          clockDriftMaxPartsPerMillion,
          automaticLeave);
    }
  }
}
