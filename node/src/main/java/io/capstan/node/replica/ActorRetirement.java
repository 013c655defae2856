package io.capstan.node.replica;

import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.Role;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.RetireActorsCommand;

/**
 * Proposes, while this node leads, that gaps of actors that write no more are declared lost. It
 * remembers nothing that matters: whoever leads next finds the same, and a decision that was taken
 * already changes nothing.
 */
final class ActorRetirement {

  /** How often it is looked for; a proposal that got lost is made again by then. */
  private static final long LOOK_NANOS = 500_000_000L;

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final ApKeyspaces apKeyspaces;
  private long nextLookNanos;

  ActorRetirement(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      ApKeyspaces apKeyspaces,
      Moment start) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.apKeyspaces = apKeyspaces;
    this.nextLookNanos = start.nanos();
  }

  void tick(Moment now) {
    if (raft.role() != Role.LEADER
        || now.nanos() - nextLookNanos < 0
        || machine.members().areChanging()) {
      return;
    }
    nextLookNanos = now.nanos() + LOOK_NANOS;
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      LeaderlessKeyspace leaderless = apKeyspaces.keyspace(keyspace.getId());
      if (keyspace.getMode() == Mode.MODE_AP && !keyspace.hasSwitch() && leaderless != null) {
        NodeClock held = leaderless.retirable();
        if (!held.isEmpty()) {
          propose(keyspace, held, now);
        }
      }
    }
  }

  private void propose(KeyspaceRecord keyspace, NodeClock held, Moment now) {
    LogCommand command =
        LogCommand.newBuilder()
            .setGroupId(config.groupId())
            .setProposedAtMillis(now.wallMillis())
            .setRetireActors(
                RetireActorsCommand.newBuilder()
                    .setKeyspaceId(keyspace.getId())
                    .setLineage(ModeSwitches.lineageOf(keyspace))
                    .addAllHeld(held.toProto().getEntriesList()))
            .build();
    raft.propose(command.toByteArray());
  }
}
