/**
 * Leaderless replication of one AP keyspace on one replica: any node coordinates, concurrent writes
 * are all kept, and replicas converge whether or not anybody reads.
 *
 * <p>Pure: messages, time and randomness are handed in, storage is {@link
 * io.capstan.node.quorum.KeyspaceTables}, everything else leaves through {@link
 * io.capstan.node.quorum.QuorumOutput}. The same inputs give the same outputs, byte for byte.
 *
 * <p>What must hold, and where it is kept:
 *
 * <ol>
 *   <li><b>Clock invariant</b> ({@link io.capstan.node.quorum.ReplicaState}): the clock contains a
 *       dot only if the dot's effect is reflected in the stored state, as a sibling or as covered
 *       by the context of the key that it was written to. Row, dot log and clock reach the disk in
 *       one batch. Dots enter the clock in four places only: an own write; the siblings of a key
 *       that was merged; the dots that anti-entropy names together with their key; and those that
 *       the log has declared lost, which have no effect anywhere ({@code Retirement}). The clock of
 *       a peer is joined into the own one only at the end of a {@link
 *       io.capstan.node.quorum.Takeover}, when all that it says has arrived.
 *   <li><b>What a clock says, rows leave out</b>: stored contexts are stripped of what the bases of
 *       the clock cover and filled again when they are read. So nothing needs to be left of a key
 *       whose deletion every replica has seen ({@link io.capstan.node.quorum.Collector}), and no
 *       late message brings it back. Never by time: a replica that is away holds it up, visibly.
 *   <li><b>Nothing leaves before it is durable</b>: an acknowledgement, a read's answer, a clock or
 *       a key leaves a replica only when everything in it is on that replica's disk. For an own
 *       write that means: sync first, then replicate. Sending in parallel with the sync, as a Raft
 *       leader does, would be wrong here. A coordinator that crashed in between would forget its
 *       dot {@code (a, 5)} while others keep it; its next write of the key would either spend the
 *       dot twice or claim, with context {@code a:6}, that {@code (a, 5)} is superseded, and an
 *       acknowledged write would vanish without a trace. The price is one sync (a fraction of a
 *       millisecond, shared by a whole batch) on the latency of a write.
 *   <li><b>Whole keys travel</b>, never deltas; see {@link io.capstan.node.version}.
 *   <li><b>A read at quorum never goes back in time</b> ({@link
 *       io.capstan.node.quorum.ReadCoordinator}): the answer waits until what it says is on disk on
 *       as many replicas as the level asks.
 *   <li><b>Fewer than W acknowledgements is UNKNOWN</b>, never "failed": the write may surface
 *       later. FAILED is said only where nothing was written.
 *   <li><b>An operation is executed once</b> wherever it is known to have been: a replica whose
 *       clock contains a write has it as a sibling, or the operation in the row ({@link
 *       io.capstan.node.version.SupersededOperations}), or in the {@code OperationLedger}, where it
 *       goes once every replica has the write. What is no longer known is UNKNOWN.
 *   <li><b>What a quorum has confirmed stays on a quorum</b> when replicas change ({@code
 *       ChangeProgress}), so that the next change, or the next loss, meets it too.
 *   <li><b>Another epoch is refused</b>, never merged.
 * </ol>
 *
 * <p>Every bound is in {@link io.capstan.node.quorum.QuorumConfig}. Start reading at {@link
 * io.capstan.node.quorum.LeaderlessKeyspace}, then {@link io.capstan.node.quorum.WriteCoordinator}.
 */
@NullMarked
package io.capstan.node.quorum;

import org.jspecify.annotations.NullMarked;
