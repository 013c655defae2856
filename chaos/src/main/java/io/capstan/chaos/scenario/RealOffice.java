package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.AddedNode;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.MemberChange;
import io.capstan.client.MemberList;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Changes members and modes of a real cluster, through whichever node answers. */
final class RealOffice implements ClusterOffice {
  private static final Duration REPLACE_MAX = Duration.ofSeconds(60);
  private static final long ASK_AGAIN_MILLIS = 100;

  private final Cluster cluster;
  private final CapstanScenarioClients clients;
  private final List<KeyspacePlan> keyspaces;
  private int turn;

  RealOffice(Cluster cluster, CapstanScenarioClients clients, List<KeyspacePlan> keyspaces) {
    this.cluster = cluster;
    this.clients = clients;
    this.keyspaces = keyspaces;
  }

  private List<String> running() {
    return clients.nodeIds().stream()
        .filter(node -> cluster.state(node) == NodeState.RUNNING)
        .toList();
  }

  /** A node that runs, each time another one: some may be cut off. */
  private CapstanClient anybody() {
    List<String> running = running();
    if (running.isEmpty()) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "No node runs that could change the cluster.", "");
    }
    return clients.client(running.get(Math.floorMod(turn++, running.size())));
  }

  private static MemberChange change(String removed, AddedNode added) {
    return new MemberChange.Replace(
        removed, new MemberChange.Add(added.node(), added.peer(), added.client()));
  }

  @Override
  public void askToReplace(String removed, AddedNode added) {
    if (running().isEmpty()) {
      return;
    }
    // Whether it is heard shows when replace() looks.
    CompletableFuture<Long> unused = anybody().changeMembers(change(removed, added));
  }

  @Override
  public void replace(String removed, AddedNode added) {
    long deadlineNanos = System.nanoTime() + REPLACE_MAX.toNanos();
    String problem = "";
    while (System.nanoTime() - deadlineNanos < 0) {
      try {
        CapstanClient client = anybody();
        MemberList members = client.blocking().members();
        if (members.isSettledVoter(added.node()) && members.isGone(removed)) {
          return;
        }
        if (!members.changing()) {
          client.blocking().changeMembers(change(removed, added), members);
        }
      } catch (CapstanException e) {
        // An election may be under way, or the answer to an earlier question was lost.
        problem = String.valueOf(e.getMessage());
      }
      pause();
    }
    throw new ClusterException(
        ClusterException.Kind.FAILED,
        added.node()
            + " did not take the place of "
            + removed
            + " within "
            + REPLACE_MAX.toSeconds()
            + " s. "
            + problem,
        "");
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Interrupted while a member was replaced.", "", e);
    }
  }

  @Override
  public void switchModes(boolean back) {
    for (KeyspacePlan keyspace : keyspaces) {
      Mode other = keyspace.mode() == Mode.CP ? Mode.AP : Mode.CP;
      try {
        anybody().blocking().setMode(keyspace.keyspace(), back ? keyspace.mode() : other);
      } catch (CapstanException e) {
        if (e.code().equals(ErrorCode.NOT_AVAILABLE_YET)) {
          throw new ClusterException(
              ClusterException.Kind.USAGE, String.valueOf(e.getMessage()), e.hint(), e);
        }
        // In a split a switch may well have to wait: what it does to the data is what counts.
      }
    }
  }

  /** Returns why this build cannot change modes; empty if it can. */
  String modeSwitchProblem(String keyspace) {
    try {
      anybody().blocking().setMode(keyspace, Mode.AP);
      return "";
    } catch (CapstanException e) {
      return e.code().equals(ErrorCode.NOT_AVAILABLE_YET) ? String.valueOf(e.getMessage()) : "";
    }
  }
}
