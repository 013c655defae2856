package io.capstan.node.replica;

import io.capstan.node.raft.Output;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.Role;
import io.capstan.node.raft.SnapshotOffer;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogPositions;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.SnapshotMessage;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.random.RandomGenerator;

/**
 * Keeps the log short, and carries the state to followers that a short log no longer reaches: what
 * connects {@link SnapshotSender}, {@link SnapshotReceiver} and {@link LogGrowth} with Raft, the
 * state machine and the store.
 *
 * <p>The state machine is durable by itself, so cutting the log needs no snapshot; one is exported
 * when a follower needs it, from the state as it is then.
 */
final class Snapshots {

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final ReplicaStore store;
  private final Outbox outbox;
  private final RandomGenerator random;
  private final LogGrowth growth;
  private final SnapshotSender sender;
  private final SnapshotReceiver receiver;
  private SnapshotManifest installing = SnapshotManifest.getDefaultInstance();
  private long installed;
  private Moment now;

  Snapshots(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      ReplicaStore store,
      Outbox outbox,
      RandomGenerator random,
      Moment start) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.store = store;
    this.outbox = outbox;
    this.random = random;
    this.now = start;
    this.growth = new LogGrowth(config.snapshots());
    this.sender = new SnapshotSender(config.snapshots(), new SenderExit(), start.nanos());
    this.receiver = new SnapshotReceiver(new ReceiverExit());
  }

  // ---- inputs ----

  void tick(Moment moment) {
    now = moment;
    sender.tick(now.nanos());
  }

  /** The earliest moment at which {@link #tick} has something to do. */
  long nextTickNanos(long otherwiseNanos) {
    return sender.nextTickNanos(otherwiseNanos);
  }

  void fromPeer(String from, SnapshotMessage message, Moment moment) {
    now = moment;
    long transferId = message.getTransferId();
    switch (message.getMessageCase()) {
      case OFFER -> {
        boolean fromLeader =
            from.equals(raft.leaderId()) && message.getOffer().getTerm() == raft.term();
        if (fromLeader && raft.role() != Role.LEADER) {
          receiver.offered(from, transferId, message.getOffer(), raft.commitIndex());
        }
      }
      case CHUNK -> receiver.chunk(from, transferId, message.getChunk());
      case ANSWER -> sender.answered(from, transferId, message.getAnswer(), now.nanos());
      case MESSAGE_NOT_SET -> {}
    }
  }

  void answered(SnapshotInput input, Moment moment) {
    now = moment;
    switch (input) {
      case SnapshotInput.Exported exported -> sender.exported(exported, now.nanos());
      case SnapshotInput.ChunkRead chunk -> sender.chunkRead(chunk, now.nanos());
      case SnapshotInput.Staged staged -> receiver.staged(staged);
      case SnapshotInput.ChunkStored stored -> receiver.stored(stored);
      case SnapshotInput.Verified verified -> receiver.verified(verified);
    }
  }

  // ---- the flush ----

  /** Adds to the batch what Raft wants done to the log beside appending. */
  void stage(Output output, WriteBatch batch) {
    growth.appended(output.truncateFrom(), output.entries());
    SnapshotPosition compactTo = output.compactTo();
    if (compactTo != null) {
      batch.compactLog(compactTo);
      growth.cut(compactTo.index());
    }
    SnapshotPosition install = output.install();
    if (install != null) {
      SnapshotManifest manifest = receiver.manifestToInstall();
      if (!LogPositions.of(manifest.getPosition()).equals(install)) {
        throw new ReplicaInvariantViolation(
            "Raft wants a snapshot at " + install + " installed, staged is another one");
      }
      installing = manifest;
      batch.installSnapshot(manifest);
      growth.cut(install.index());
    }
  }

  /** The snapshot that the batch of this flush installs. */
  SnapshotManifest installing() {
    return installing;
  }

  /** A batch that installs a snapshot was written: takes up what it changed. */
  void installed(SnapshotPosition position) {
    machine.reload();
    if (machine.appliedIndex() != position.index()) {
      throw new ReplicaInvariantViolation(
          "a snapshot at " + position.index() + " holds the state at " + machine.appliedIndex());
    }
    installed++;
    raft.installed(position);
    outbox.whenDurable(receiver::installed);
  }

  /** What Raft wants done to other nodes. */
  void serve(Output output, Moment moment) {
    now = moment;
    receiver.notWanted();
    if (output.roleChange() != null) {
      sender.leadershipLost();
    }
    if (output.snapshotsNeeded().isEmpty()) {
      return; // after nearly every input
    }
    // An export that ends before the last opening would bring a learner to entries that Raft does
    // not send it, and so be asked for again for ever.
    long nextIndex = Math.max(store.log().firstIndex(), machine.openedIndex() + 1);
    for (String follower : output.snapshotsNeeded()) {
      sender.need(follower, raft.term(), nextIndex, now.nanos());
    }
  }

  /**
   * Everything of this flush is written.
   *
   * @return whether another pass has something to do
   */
  boolean endOfFlush(Moment moment) {
    now = moment;
    long firstIndex = store.log().firstIndex();
    long upTo = growth.cutUpTo(firstIndex, machine.appliedIndex(), sender.oldestIndexInUse());
    if (upTo >= firstIndex) {
      raft.compactTo(upTo);
      return true;
    }
    if (sender.wantsExport(now.nanos())) {
      // The last thing: nothing may be written between the plan and the view that it describes.
      sender.exportNow(plan());
    }
    return false;
  }

  private SnapshotManifest plan() {
    SnapshotManifest.Builder plan =
        SnapshotManifest.newBuilder()
            .setGroupId(config.groupId())
            .setPosition(LogPositions.toProto(raft.positionAt(machine.appliedIndex())))
            .setExportId(random.nextLong());
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      plan.addKeyspaces(
          SnapshotKeyspace.newBuilder()
              .setId(keyspace.getId())
              .setEpoch(keyspace.getEpoch())
              .setMode(keyspace.getMode())
              .setBaseClock(keyspace.getBaseClock()));
    }
    return plan.build();
  }

  /** Snapshots that this replica has installed since it started. */
  long installed() {
    return installed;
  }

  /** Snapshots that this replica has sent to the end since it started. */
  long delivered() {
    return sender.delivered();
  }

  private void send(String to, SnapshotMessage message) {
    outbox.emit(
        new Effect.Send(
            to,
            PeerMessage.newBuilder().setGroupId(config.groupId()).setSnapshot(message).build()));
  }

  private final class SenderExit implements SnapshotSender.Exit {
    @Override
    public void send(String to, SnapshotMessage message) {
      Snapshots.this.send(to, message);
    }

    @Override
    public void emit(SnapshotEffect effect) {
      outbox.emit(effect);
    }

    @Override
    public void finished(
        String follower, io.capstan.proto.store.v1.SnapshotPosition position, boolean delivered) {
      raft.snapshotFinished(follower, LogPositions.of(position), delivered);
    }
  }

  private final class ReceiverExit implements SnapshotReceiver.Exit {
    @Override
    public void send(String to, SnapshotMessage message) {
      Snapshots.this.send(to, message);
    }

    @Override
    public void emit(SnapshotEffect effect) {
      outbox.emit(effect);
    }

    @Override
    public boolean complete(SnapshotManifest manifest, long leaderTerm, String from) {
      SnapshotPosition position = LogPositions.of(manifest.getPosition());
      return raft.offerSnapshot(position, leaderTerm, from, now.nanos()) == SnapshotOffer.INSTALL;
    }
  }
}
