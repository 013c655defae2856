package io.capstan.node.replica;

import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.RaftStatus;
import io.capstan.node.raft.Role;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.PeerStatus;
import io.capstan.proto.v1.StatusResponse;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** What a replica tells of itself and of its peers to somebody who asks for its status. */
final class StatusPage {

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final ApKeyspaces apKeyspaces;
  private final ModeSwitching switching;
  // One element each: it changes with every message, and that makes no object.
  private final Map<String, long[]> heardNanos = new HashMap<>();

  StatusPage(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      ApKeyspaces apKeyspaces,
      ModeSwitching switching) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.apKeyspaces = apKeyspaces;
    this.switching = switching;
  }

  /** A message of this peer came. */
  void heard(String peer, Moment now) {
    long[] heard = heardNanos.get(peer);
    if (heard == null) {
      heardNanos.put(peer, new long[] {now.nanos()});
    } else {
      heard[0] = now.nanos();
    }
  }

  /** The page as of now. */
  StatusResponse.Builder at(Moment moment) {
    RaftStatus status = raft.status();
    StatusResponse.Builder response =
        StatusResponse.newBuilder()
            .setId(config.nodeId())
            .setRole(roleName(status.role()))
            .setTerm(status.term())
            .setCommitIndex(status.commitIndex())
            .setAppliedIndex(machine.appliedIndex())
            .setLastLogIndex(status.lastIndex())
            .setIncarnation(config.incarnation());
    String leader = status.leaderId();
    if (leader != null) {
      response.setLeader(leader);
    }
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      KeyspaceStatus.Builder row =
          KeyspaceStatus.newBuilder().setKeyspace(CpAnswers.describe(keyspace));
      row.addAllSwitchWaitsFor(switching.waitsFor(keyspace, moment));
      LeaderlessKeyspace leaderless = apKeyspaces.keyspace(keyspace.getId());
      if (leaderless != null) {
        leaderless.describe(row);
        response.setHintsWaiting(response.getHintsWaiting() + leaderless.hintsWaiting());
      }
      response.addKeyspaces(row);
    }
    for (String member : raft.configuration().members()) {
      if (member.equals(config.nodeId())) {
        continue;
      }
      PeerStatus.Builder peer = PeerStatus.newBuilder().setId(member);
      long[] heard = heardNanos.get(member);
      peer.setReachable(
          heard != null && moment.nanos() - heard[0] < config.peerSilentMillis() * 1_000_000L);
      for (RaftStatus.FollowerStatus follower : status.followers()) {
        if (follower.nodeId().equals(member)) {
          peer.setMatchIndex(follower.matchIndex());
        }
      }
      response.addPeers(peer);
    }
    return response;
  }

  private static String roleName(Role role) {
    return switch (role) {
      case PRE_CANDIDATE, CANDIDATE -> "candidate";
      default -> role.name().toLowerCase(Locale.ROOT);
    };
  }
}
