package io.capstan.node.quorum;

import io.capstan.node.version.Actor;
import io.capstan.node.version.NodeClock;
import java.util.HashSet;
import java.util.Set;

/**
 * Finds actors that write no more and have left gaps which nobody can fill: those of nodes that
 * were removed, and of former incarnations.
 *
 * <p>All replicas must have said, knowing the present configuration, that they hold the same dots
 * of the actor. From then on none of them listens to whoever was the actor, and none has a dot that
 * another lacks: the gaps stay for ever, and may be declared lost.
 */
final class Retirement {
  private final Replicas replicas;
  private final PeerReports reports;
  private final Rebuilding rebuilding;
  private final ReplicaState state;

  Retirement(Replicas replicas, PeerReports reports, Rebuilding rebuilding, ReplicaState state) {
    this.replicas = replicas;
    this.reports = reports;
    this.rebuilding = rebuilding;
    this.state = state;
  }

  /** Of each actor whose gaps may be declared lost, the dots that every replica holds. */
  NodeClock due() {
    NodeClock due = new NodeClock();
    if (!anyGaps() || replicas.now().isJoint() || rebuilding.isRebuilding()) {
      return due;
    }
    Set<Actor> writing = new HashSet<>();
    writing.add(state.self());
    for (String peer : replicas.peers()) {
      PeerReports.Report report = reports.of(peer, replicas.now().configurationIndex());
      if (report == null || report.rebuilding() || report.actorIncarnation() == 0) {
        return due;
      }
      writing.add(new Actor(peer, report.actorIncarnation()));
    }
    for (Actor actor : state.clock().actors()) {
      if (state.clock().hasGaps(actor) && !writing.contains(actor) && isEverywhereTheSame(actor)) {
        due.join(state.clock().only(actor));
      }
    }
    return due;
  }

  private boolean anyGaps() {
    for (Actor actor : state.clock().actors()) {
      if (state.clock().hasGaps(actor)) {
        return true;
      }
    }
    return false;
  }

  private boolean isEverywhereTheSame(Actor actor) {
    NodeClock own = state.clock().only(actor);
    for (PeerReports.Report report : reports.all()) {
      if (!report.clock().only(actor).equals(own)) {
        return false;
      }
    }
    return true;
  }
}
