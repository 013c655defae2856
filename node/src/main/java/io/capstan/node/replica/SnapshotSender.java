package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.SnapshotAnswer;
import io.capstan.proto.peer.v1.SnapshotChunk;
import io.capstan.proto.peer.v1.SnapshotMessage;
import io.capstan.proto.peer.v1.SnapshotOffer;
import io.capstan.proto.store.v1.SnapshotManifest;
import io.capstan.proto.store.v1.SnapshotPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The leader's half of a snapshot transfer: has the state exported where no export serves, and
 * sends it to each follower that the log no longer reaches (Raft dissertation, section 5).
 *
 * <p>One export serves every follower that needs one meanwhile. Per follower there are at most
 * {@code windowChunks} chunks under way; all transfers share {@code bytesPerSecondMax}. A lost
 * message is noticed by silence: the receiver is then asked where it stands, and the transfer goes
 * on from there, on a new connection as well as on the old one.
 */
final class SnapshotSender {

  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final long ALLOWANCE_STEP_NANOS = 5_000_000L;

  /** What the sender reaches the rest of the replica through. */
  interface Exit {
    void send(String to, SnapshotMessage message);

    void emit(SnapshotEffect effect);

    /** The transfer has ended, and the follower has the snapshot or not. */
    void finished(String follower, SnapshotPosition position, boolean delivered);
  }

  private final SnapshotConfig config;
  private final Exit exit;
  private final Map<String, SnapshotTransfer> transfers = new TreeMap<>();
  private @Nullable SnapshotManifest export;
  private boolean exporting;
  private boolean exportWanted;
  private long exportUsedNanos;
  private long exportFailedNanos;
  private boolean exportFailed;
  private long lastTransfer;
  private long allowanceBytes;
  private long allowanceNanos;
  private long term;
  private long delivered;

  SnapshotSender(SnapshotConfig config, Exit exit, long nowNanos) {
    this.config = config;
    this.exit = exit;
    this.allowanceNanos = nowNanos;
    this.exportUsedNanos = nowNanos;
  }

  /**
   * The follower needs a snapshot. Nothing happens where one is on its way.
   *
   * @param leaderTerm the term that this node leads
   * @param nextIndex the first entry that the follower can be sent: an export must reach up to it
   */
  void need(String follower, long leaderTerm, long nextIndex, long nowNanos) {
    term = leaderTerm;
    if (transfers.containsKey(follower)) {
      return;
    }
    SnapshotTransfer transfer = new SnapshotTransfer(++lastTransfer, follower);
    transfers.put(follower, transfer);
    SnapshotManifest ready = export;
    if (ready != null && ready.getPosition().getIndex() >= nextIndex - 1) {
      begin(transfer, ready, nowNanos);
    } else if (!exporting) {
      exportWanted = true;
    }
  }

  /** Whether {@link #exportNow} is to be called at the end of this flush. */
  boolean wantsExport(long nowNanos) {
    return exportWanted
        && (!exportFailed
            || nowNanos - exportFailedNanos >= config.answerTimeoutMillis() * 1_000_000L);
  }

  /** The state that was just written is that of the plan's position. */
  void exportNow(SnapshotManifest plan) {
    exportWanted = false;
    exporting = true;
    exit.emit(new SnapshotEffect.Export(plan));
  }

  void exported(SnapshotInput.Exported made, long nowNanos) {
    exporting = false;
    exportFailed = made.failure() != null;
    if (exportFailed) {
      exportFailedNanos = nowNanos;
      exportWanted = !transfers.isEmpty();
      return;
    }
    export = made.manifest();
    exportUsedNanos = nowNanos;
    for (SnapshotTransfer transfer : transfers.values()) {
      if (transfer.manifest == null) {
        begin(transfer, made.manifest(), nowNanos);
      }
    }
  }

  private void begin(SnapshotTransfer transfer, SnapshotManifest manifest, long nowNanos) {
    transfer.begin(manifest, nowNanos);
    ask(transfer, manifest, nowNanos);
  }

  private int ask(SnapshotTransfer transfer, SnapshotManifest manifest, long nowNanos) {
    exit.send(
        transfer.follower,
        SnapshotMessage.newBuilder()
            .setTransferId(transfer.id)
            .setOffer(SnapshotOffer.newBuilder().setTerm(term).setManifest(manifest))
            .build());
    return transfer.ask(nowNanos);
  }

  void answered(String from, long transferId, SnapshotAnswer answer, long nowNanos) {
    SnapshotTransfer transfer = transfers.get(from);
    if (transfer == null || transfer.id != transferId || transfer.manifest == null) {
      return;
    }
    switch (answer.getState()) {
      case STATE_RECEIVING -> {
        transfer.answered(answer, nowNanos);
        pump(transfer, nowNanos);
      }
      case STATE_DONE -> {
        delivered++;
        end(transfer, true);
      }
      case STATE_FAILED -> end(transfer, false);
      case STATE_UNSPECIFIED, UNRECOGNIZED -> {}
    }
  }

  private void end(SnapshotTransfer transfer, boolean arrived) {
    transfers.remove(transfer.follower);
    SnapshotManifest manifest = transfer.manifest;
    exit.finished(
        transfer.follower,
        manifest == null ? SnapshotPosition.getDefaultInstance() : manifest.getPosition(),
        arrived);
  }

  void chunkRead(SnapshotInput.ChunkRead chunk, long nowNanos) {
    for (SnapshotTransfer transfer : List.copyOf(transfers.values())) {
      if (transfer.id != chunk.transferId() || !transfer.hasRead(chunk.offset())) {
        continue;
      }
      if (chunk.failure() != null) {
        export = null;
        end(transfer, false);
        return;
      }
      ByteString data = chunk.data();
      exit.send(
          transfer.follower,
          SnapshotMessage.newBuilder()
              .setTransferId(transfer.id)
              .setChunk(
                  SnapshotChunk.newBuilder()
                      .setOffset(chunk.offset())
                      .setData(data)
                      .setCrc32C(SnapshotFiles.checksum(data)))
              .build());
      pump(transfer, nowNanos);
    }
  }

  /** Asks the silent where they stand, gives up on the dead, and spends the new allowance. */
  void tick(long nowNanos) {
    long timeoutNanos = config.answerTimeoutMillis() * 1_000_000L;
    for (SnapshotTransfer transfer : new ArrayList<>(transfers.values())) {
      SnapshotManifest manifest = transfer.manifest;
      if (manifest == null) {
        continue;
      }
      exportUsedNanos = nowNanos;
      if (transfer.isSilent(timeoutNanos, nowNanos)) {
        if (ask(transfer, manifest, nowNanos) > config.attemptsMax()) {
          end(transfer, false);
        }
      } else {
        pump(transfer, nowNanos);
      }
    }
    if (export != null && nowNanos - exportUsedNanos >= config.exportKeptMillis() * 1_000_000L) {
      export = null;
      exit.emit(new SnapshotEffect.DiscardExports());
    }
  }

  /** The earliest moment at which {@link #tick} has something to do, no later than the other. */
  long nextTickNanos(long otherwiseNanos) {
    long earliest = otherwiseNanos;
    long timeoutNanos = config.answerTimeoutMillis() * 1_000_000L;
    long windowBytes = (long) config.windowChunks() * config.chunkBytes();
    for (SnapshotTransfer transfer : transfers.values()) {
      if (transfer.manifest == null) {
        continue;
      }
      long atNanos =
          transfer.wantsToRead(windowBytes) >= 0
              ? allowanceNanos + ALLOWANCE_STEP_NANOS
              : transfer.silentAtNanos(timeoutNanos);
      if (atNanos - earliest < 0) {
        earliest = atNanos;
      }
    }
    long discardNanos = exportUsedNanos + config.exportKeptMillis() * 1_000_000L;
    if (export != null && transfers.isEmpty() && discardNanos - earliest < 0) {
      earliest = discardNanos;
    }
    long retryNanos = exportFailedNanos + timeoutNanos;
    if (exportWanted && exportFailed && retryNanos - earliest < 0) {
      earliest = retryNanos;
    }
    return earliest;
  }

  private void pump(SnapshotTransfer transfer, long nowNanos) {
    SnapshotManifest manifest = transfer.manifest;
    if (manifest == null) {
      return;
    }
    earn(nowNanos);
    long windowBytes = (long) config.windowChunks() * config.chunkBytes();
    long offset = transfer.wantsToRead(windowBytes);
    while (offset >= 0 && allowanceBytes > 0) {
      int lengthBytes = SnapshotFiles.lengthAt(manifest, offset, config.chunkBytes());
      allowanceBytes -= lengthBytes;
      transfer.reads(offset, lengthBytes);
      exit.emit(
          new SnapshotEffect.ReadChunk(transfer.id, manifest.getExportId(), offset, lengthBytes));
      offset = transfer.wantsToRead(windowBytes);
    }
  }

  /** What was not used is kept for a tenth of a second, so that a pause is not made up for. */
  private void earn(long nowNanos) {
    long passedNanos = Math.min(SECOND_NANOS, Math.max(0, nowNanos - allowanceNanos));
    long earned = (long) ((double) config.bytesPerSecondMax() * passedNanos / SECOND_NANOS);
    if (earned > 0) {
      allowanceNanos = nowNanos;
      long keptMax = Math.max(config.chunkBytes(), config.bytesPerSecondMax() / 10);
      allowanceBytes = Math.min(keptMax, allowanceBytes + earned);
    }
  }

  /** This node no longer leads: whoever does begins again. */
  void leadershipLost() {
    transfers.clear();
    exportWanted = false;
  }

  /**
   * The oldest position that a transfer under way will want the log to go on from; Long.MAX_VALUE
   * where there is none.
   */
  long oldestIndexInUse() {
    if (transfers.isEmpty()) {
      return Long.MAX_VALUE; // asked after every input
    }
    long oldest = Long.MAX_VALUE;
    for (SnapshotTransfer transfer : transfers.values()) {
      SnapshotManifest manifest = transfer.manifest;
      if (manifest != null) {
        oldest = Math.min(oldest, manifest.getPosition().getIndex());
      }
    }
    return oldest;
  }

  /** Snapshots that have reached a follower. */
  long delivered() {
    return delivered;
  }
}
