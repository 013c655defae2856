package io.capstan.node.replica;

import io.capstan.proto.peer.v1.SnapshotAnswer;
import io.capstan.proto.peer.v1.SnapshotChunk;
import io.capstan.proto.peer.v1.SnapshotMessage;
import io.capstan.proto.peer.v1.SnapshotOffer;
import io.capstan.proto.store.v1.SnapshotManifest;
import org.jspecify.annotations.Nullable;

/**
 * The follower's half of a snapshot transfer: gathers the files in the staging place, in order, has
 * them compared with the manifest, and then offers them to Raft.
 *
 * <p>One snapshot at a time; an offer of another one replaces it. What is staged survives a lost
 * connection, a silent leader and a restart of the process.
 */
final class SnapshotReceiver {

  /** What the receiver reaches the rest of the replica through. */
  interface Exit {
    void send(String to, SnapshotMessage message);

    void emit(SnapshotEffect effect);

    /**
     * A complete, verified snapshot can be installed.
     *
     * @return whether it will be with the next flush; false where the log has come so far meanwhile
     */
    boolean complete(SnapshotManifest manifest, long leaderTerm, String from);
  }

  private enum Phase {
    STAGING,
    RECEIVING,
    VERIFYING,
    /** Raft wants it with its next output, unless the log comes so far before. */
    OFFERED,
    /** Written; nothing may replace it until that is durable. */
    INSTALLING
  }

  /** The snapshot that gathers. */
  private static final class Incoming {
    final SnapshotManifest manifest;
    final long stagingId;
    final long sizeBytes;
    String from;
    long transferId;
    long leaderTerm;
    Phase phase = Phase.STAGING;
    long storedOffset;
    long expectedOffset;

    Incoming(
        SnapshotManifest manifest, long stagingId, String from, long transferId, long leaderTerm) {
      this.manifest = manifest;
      this.stagingId = stagingId;
      this.sizeBytes = SnapshotFiles.sizeBytes(manifest);
      this.from = from;
      this.transferId = transferId;
      this.leaderTerm = leaderTerm;
    }
  }

  private final Exit exit;
  private @Nullable Incoming incoming;
  private long lastStaging;

  SnapshotReceiver(Exit exit) {
    this.exit = exit;
  }

  /**
   * A leader offers a snapshot, or asks how far it has come.
   *
   * @param commitIndex what this node knows to be committed: a snapshot of less is not needed
   */
  void offered(String from, long transferId, SnapshotOffer offer, long commitIndex) {
    SnapshotManifest manifest = offer.getManifest();
    if (manifest.getPosition().getIndex() <= commitIndex) {
      answer(from, transferId, SnapshotAnswer.State.STATE_DONE, 0);
      return;
    }
    Incoming current = incoming;
    if (current != null && (current.phase == Phase.OFFERED || current.phase == Phase.INSTALLING)) {
      return;
    }
    if (current == null || !current.manifest.equals(manifest)) {
      current = new Incoming(manifest, ++lastStaging, from, transferId, offer.getTerm());
      incoming = current;
      exit.emit(new SnapshotEffect.Stage(current.stagingId, manifest));
      return;
    }
    current.from = from;
    current.transferId = transferId;
    current.leaderTerm = offer.getTerm();
    if (current.phase != Phase.STAGING) {
      stand(current);
    }
  }

  void staged(SnapshotInput.Staged staged) {
    Incoming current = withId(staged.stagingId());
    if (current == null) {
      return;
    }
    if (staged.failure() != null) {
      fail(current);
      return;
    }
    current.phase = Phase.RECEIVING;
    current.storedOffset = staged.nextOffset();
    current.expectedOffset = staged.nextOffset();
    stand(current);
    verifyWhereComplete(current);
  }

  void chunk(String from, long transferId, SnapshotChunk chunk) {
    Incoming current = incoming;
    if (current == null
        || current.transferId != transferId
        || !current.from.equals(from)
        || current.phase != Phase.RECEIVING) {
      return;
    }
    boolean next = chunk.getOffset() == current.expectedOffset && !chunk.getData().isEmpty();
    boolean fits = chunk.getOffset() + chunk.getData().size() <= current.sizeBytes;
    if (!next || !fits || chunk.getCrc32C() != SnapshotFiles.checksum(chunk.getData())) {
      // Lost, repeated, out of order or damaged on the way: the answer says what is wanted.
      stand(current);
      return;
    }
    current.expectedOffset += chunk.getData().size();
    exit.emit(new SnapshotEffect.StoreChunk(current.stagingId, chunk.getOffset(), chunk.getData()));
  }

  void stored(SnapshotInput.ChunkStored stored) {
    Incoming current = withId(stored.stagingId());
    if (current == null) {
      return;
    }
    if (stored.failure() != null) {
      fail(current);
      return;
    }
    current.storedOffset = Math.max(current.storedOffset, stored.nextOffset());
    stand(current);
    verifyWhereComplete(current);
  }

  private void verifyWhereComplete(Incoming current) {
    if (current.storedOffset == current.sizeBytes && current.phase == Phase.RECEIVING) {
      current.phase = Phase.VERIFYING;
      exit.emit(new SnapshotEffect.Verify(current.stagingId));
    }
  }

  void verified(SnapshotInput.Verified verified) {
    Incoming current = withId(verified.stagingId());
    if (current == null) {
      return;
    }
    if (verified.failure() != null) {
      fail(current);
      return;
    }
    current.phase = Phase.OFFERED;
    if (!exit.complete(current.manifest, current.leaderTerm, current.from)) {
      installed();
    }
  }

  /** The manifest of the snapshot that is to be installed. */
  SnapshotManifest manifestToInstall() {
    Incoming current = incoming;
    if (current == null || current.phase != Phase.OFFERED) {
      throw new ReplicaInvariantViolation("no snapshot is there to be installed");
    }
    current.phase = Phase.INSTALLING;
    return current.manifest;
  }

  /** Raft's next output has come, and does not want it. */
  void notWanted() {
    Incoming current = incoming;
    if (current != null && current.phase == Phase.OFFERED) {
      installed();
    }
  }

  /** It is installed, durably, or not needed any more. */
  void installed() {
    Incoming current = incoming;
    if (current != null) {
      incoming = null;
      answer(current.from, current.transferId, SnapshotAnswer.State.STATE_DONE, current.sizeBytes);
      exit.emit(new SnapshotEffect.DiscardStaging(current.stagingId));
    }
  }

  private void fail(Incoming current) {
    incoming = null;
    exit.emit(new SnapshotEffect.DiscardStaging(current.stagingId));
    answer(current.from, current.transferId, SnapshotAnswer.State.STATE_FAILED, 0);
  }

  private void stand(Incoming current) {
    answer(
        current.from,
        current.transferId,
        SnapshotAnswer.State.STATE_RECEIVING,
        current.storedOffset);
  }

  private void answer(String to, long transferId, SnapshotAnswer.State state, long nextOffset) {
    exit.send(
        to,
        SnapshotMessage.newBuilder()
            .setTransferId(transferId)
            .setAnswer(SnapshotAnswer.newBuilder().setState(state).setNextOffset(nextOffset))
            .build());
  }

  private @Nullable Incoming withId(long stagingId) {
    return incoming != null && incoming.stagingId == stagingId ? incoming : null;
  }
}
