/**
 * The catalogue: which keyspaces there are, on which side of the CAP theorem each stands, and in
 * which epoch.
 *
 * <p>Pure. The catalogue changes only by applying log entries of its group, so every replica goes
 * through the same catalogues in the same order, and a keyspace id (the log index that created it)
 * is never used again. One mode and one epoch per keyspace at any applied index.
 *
 * <p>A keyspace may change sides while it serves ({@link io.capstan.node.keyspace.ModeSwitches}).
 * What must hold, and where it is kept:
 *
 * <ol>
 *   <li><b>One mode and epoch a keyspace and node</b>: both are fields of its record, which only
 *       applied entries change.
 *   <li><b>Acknowledgements never mix epochs</b>: AP messages carry the epoch, and another one is
 *       refused ({@code quorum.LeaderlessKeyspace}); log entries carry it, and apply refuses
 *       another one ({@code replica.CpData}).
 *   <li><b>Every write acknowledged in e is present or dominated when e+1 opens</b>: {@link
 *       io.capstan.node.keyspace.ModeSwitches#sealsNeeded} seals meet each of them, the log holds
 *       the join of their clocks, and OPEN needs a majority that holds it.
 *   <li><b>No acknowledgement in e after that</b>: a sealed replica confirms only what it holds
 *       ({@code quorum.ReplicaRole}), and fewer than Wmin replicas are not sealed.
 *   <li><b>Epochs are durable before any reply</b>: replies wait for the batch that holds the
 *       applied index and the record ({@code replica.Outbox}).
 *   <li><b>A sibling disappears only through a client's write or a ledger entry</b>: opening
 *       rewrites no row, and who holds writes outside the join lists them before they go ({@code
 *       quorum.Sealing}).
 *   <li><b>The log goes on only from the state that it opened with</b>: a replica that does not
 *       hold it stops before the entry ({@code replica.ModeSwitching}).
 *   <li><b>Sessions stay satisfiable</b>: what was seen before an opening is in it, or the answer
 *       names it as left behind ({@link io.capstan.node.keyspace.SessionClaims}).
 * </ol>
 *
 * <p>Start reading at {@link io.capstan.node.keyspace.Catalogue}; {@link
 * io.capstan.node.keyspace.LevelRule} says which level may be asked of which mode.
 */
@NullMarked
package io.capstan.node.keyspace;

import org.jspecify.annotations.NullMarked;
