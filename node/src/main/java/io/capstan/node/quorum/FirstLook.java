package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.ReadRequest;
import io.capstan.proto.peer.v1.ReadResponse;
import io.capstan.proto.store.v1.KeyspaceRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the latest write wins, a replica that begins anew first takes over a key that it is asked
 * to write, and only then coordinates the write.
 *
 * <p>A tombstone leaves once every replica has it, since whatever is written from then on is
 * written by somebody who knows of it ({@link Stability}). A replica that comes later does not. Its
 * write may be the earlier one by the clock: replicas that hold the tombstone still drop it, those
 * that have let it go keep it, and nothing tells them that they differ. The row as one replica
 * holds it that has everything is enough to prevent that: its context covers what is gone, and what
 * is not gone stands in it. From this one on nobody lets a tombstone go for which the new replica
 * was not asked, see {@link Stability#heard}.
 *
 * <p>Over with the first replica that was taken over whole. Concurrent writes that stay beside each
 * other need none of this, nor do counters and sets: a tombstone takes nothing away from them that
 * its coordinator had not seen.
 */
final class FirstLook {
  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Replicas replicas;
  private final Rebuilding rebuilding;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final QuorumOutput output;
  private final PeerReachability peers;
  private final PendingCalls pending;
  private final StepTime time;

  FirstLook(
      KeyspaceRecord record,
      QuorumConfig config,
      Replicas replicas,
      Rebuilding rebuilding,
      ReplicaState state,
      KeyspaceWire wire,
      QuorumOutput output,
      PeerReachability peers,
      PendingCalls pending,
      StepTime time) {
    this.record = record;
    this.config = config;
    this.replicas = replicas;
    this.rebuilding = rebuilding;
    this.state = state;
    this.wire = wire;
    this.output = output;
    this.peers = peers;
    this.pending = pending;
    this.time = time;
  }

  /**
   * Coordinates a write, after a look at its key where that is due.
   *
   * @param write writes, or answers why not
   */
  void before(long callId, ByteString key, long deadlineNanos, Runnable write) {
    if (!ConflictRule.latestWins(record) || !rebuilding.hasYetToBegin()) {
      write.run();
    } else if (deadlineNanos - time.nowNanos() <= 0) {
      output.fail(callId, Refusals.tooLate());
    } else if (pending.isFull()) {
      output.fail(callId, Refusals.overloaded(config.limits().callsMax()));
    } else if (sources().stream().noneMatch(each -> peers.isReachable(each, time.nowNanos()))) {
      output.fail(callId, Refusals.beginsAnew(record, config.nodeId(), sources()));
    } else {
      Look look = new Look(pending.nextRequestId(), callId, deadlineNanos, key, write);
      pending.open(look, time.nowNanos());
      look.resend();
    }
  }

  /** The replicas that may be asked. */
  private List<String> sources() {
    List<String> sources = new ArrayList<>(replicas.now().established());
    sources.remove(config.nodeId());
    return sources;
  }

  /** A replica has told what it holds; not enough where it rebuilds, or has yet to hear of us. */
  void onResponse(String from, ReadResponse response, long configurationIndex) {
    if (pending.get(response.getRequestId()) instanceof Look look
        && !response.getRebuilding()
        && sources().contains(from)
        && rebuilding.isKnownIn(configurationIndex)
        && !state.isFrozen()) {
      state.absorb(look.key, KeyspaceWire.received(response.getValue()));
      pending.close(look);
      look.write.run();
    }
  }

  private final class Look extends PendingCall {
    private final ByteString key;
    private final Runnable write;

    Look(long requestId, long callId, long deadlineNanos, ByteString key, Runnable write) {
      super(requestId, callId, deadlineNanos);
      this.key = key;
      this.write = write;
    }

    @Override
    void resend() {
      for (String source : sources()) {
        wire.send(
            source,
            wire.message()
                .setReadRequest(ReadRequest.newBuilder().setRequestId(requestId).setKey(key))
                .build());
      }
    }

    @Override
    void expire() {
      output.fail(callId, Refusals.beginsAnew(record, config.nodeId(), sources()));
    }

    @Override
    void abandon(String code, String reason) {
      output.fail(callId, Refusals.closed(code, reason));
    }
  }
}
