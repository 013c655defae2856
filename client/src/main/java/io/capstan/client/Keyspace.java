package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a keyspace.
 *
 * @param id never reused, even when the name is
 * @param mode null where the cluster names one that this client does not know
 * @param epoch starts at 1 and grows with every change of mode
 * @param phase "serving", or the phase of a change of mode
 * @param conflicts null in a CP keyspace without a policy
 * @param minWrites the smallest write level that the keyspace allows in AP; null where none is set
 * @param groupId the group of replicas that the keyspace lives in
 * @param divergenceDots AP, in a status only: dots that some replica is known to lack; null where
 *     unknown
 * @param discardedWrites AP, in a status only: writes that lost against a concurrent one so far
 * @param collapsedConflicts of these, how many the ledger of the node counts only
 * @param collectionWaitsFor AP, in a status only: nodes that have not confirmed all that the node
 *     holds, so that its tombstones wait for them
 * @param unconfirmedDots AP, in a status only: writes that are not known to be everywhere
 * @param disagreeing AP, in a status only: nodes that had seen the same and held other rows, which
 *     must not be
 * @param needingAntiEntropy AP, in a status only: nodes that missed more writes than this one keeps
 *     hints for; the exchange of clocks brings them what they lack
 * @param clockAheadMillis AP where the latest write wins, in a status only: by how much the wall
 *     clock of the node leads the others', where that is more than is allowed; it takes no new
 *     writes then. 0 otherwise
 * @param changes the changes of sides that it has gone through, latest last
 * @param waitsFor in a status of the leader only: what the change under way waits for
 * @param settling whether some replica has yet to install what the last change opened with
 * @param lostDots AP: writes of nodes that have left, or lost their disks, which no replica has and
 *     for which nobody waits any more; since the keyspace last became AP
 */
public record Keyspace(
    long id,
    String name,
    @Nullable Mode mode,
    long epoch,
    String phase,
    @Nullable ConflictPolicy conflicts,
    @Nullable Level minWrites,
    long groupId,
    @Nullable Long divergenceDots,
    long discardedWrites,
    long collapsedConflicts,
    List<String> collectionWaitsFor,
    long unconfirmedDots,
    List<String> disagreeing,
    List<String> needingAntiEntropy,
    long clockAheadMillis,
    List<ModeChange> changes,
    List<String> waitsFor,
    boolean settling,
    long lostDots) {

  public Keyspace {
    collectionWaitsFor = List.copyOf(collectionWaitsFor);
    disagreeing = List.copyOf(disagreeing);
    needingAntiEntropy = List.copyOf(needingAntiEntropy);
    changes = List.copyOf(changes);
    waitsFor = List.copyOf(waitsFor);
  }

  /** The last change of sides, or null where there was none. */
  public @Nullable ModeChange lastChange() {
    return changes.isEmpty() ? null : changes.get(changes.size() - 1);
  }
}
