package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.AddedNode;

/** What some faults ask of the cluster itself rather than of its machines. */
public interface ClusterOffice {

  /**
   * Asks that a new node become a member in the place of another one, and does not wait: other
   * faults may keep that from happening for now.
   */
  void askToReplace(String removed, AddedNode added);

  /**
   * Makes a new node a member in the place of another one, and waits until it is.
   *
   * @throws io.capstan.chaos.cluster.ClusterException if that does not happen in time
   */
  void replace(String removed, AddedNode added);

  /**
   * Asks every keyspace of the run to change sides.
   *
   * @param back whether they are to come back to where they began
   * @throws io.capstan.chaos.cluster.ClusterException if the cluster refuses for another reason
   *     than that it cannot now
   */
  void switchModes(boolean back);
}
