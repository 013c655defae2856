package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.Replicate;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.StoredValue;

/**
 * How the roles of one keyspace speak: every message carries keyspace id, epoch and the
 * configuration that its sender knows, and what waits for the disk is forgotten once the keyspace
 * is closed.
 */
final class KeyspaceWire {
  private final QuorumOutput output;
  private final KeyspaceRecord record;
  private final Replicas replicas;
  private boolean closed;
  private long withinSwitch;

  KeyspaceWire(QuorumOutput output, KeyspaceRecord record, Replicas replicas) {
    this.output = output;
    this.record = record;
    this.replicas = replicas;
  }

  QuorumMessage.Builder message() {
    return QuorumMessage.newBuilder()
        .setKeyspaceId(record.getId())
        .setEpoch(record.getEpoch())
        .setConfigurationIndex(replicas.now().configurationIndex())
        .setWithinSwitch(withinSwitch);
  }

  /** Says in every message from now on that nothing here lies outside the join of that switch. */
  void withinSwitch(long switchId) {
    withinSwitch = switchId;
  }

  QuorumMessage replicate(long requestId, ByteString key, StoredValue value) {
    return message()
        .setReplicate(Replicate.newBuilder().setRequestId(requestId).setKey(key).setValue(value))
        .build();
  }

  void send(String to, QuorumMessage message) {
    output.send(to, message);
  }

  void sendToPeers(QuorumMessage message) {
    for (String peer : replicas.peers()) {
      output.send(peer, message);
    }
  }

  /** See {@link QuorumOutput#whenDurable}; the action does not run once the keyspace is closed. */
  void whenDurable(Runnable action) {
    output.whenDurable(
        () -> {
          if (!closed) {
            action.run();
          }
        });
  }

  void close() {
    closed = true;
  }

  boolean isClosed() {
    return closed;
  }

  static DottedVersionVectorSet received(StoredValue value) {
    try {
      return DottedVersionVectorSet.fromProto(value);
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("a key that a peer sent: " + e.getMessage(), e);
    }
  }

  /** A row in the form in which its replica stores it, made whole. */
  static DottedVersionVectorSet stored(StoredValue value, VersionVector bases) {
    try {
      return DottedVersionVectorSet.fromStored(value, bases);
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("a row that a peer sent: " + e.getMessage(), e);
    }
  }

  static NodeClock received(io.capstan.proto.store.v1.NodeClock clock) {
    try {
      return NodeClock.fromProto(clock);
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("a clock that a peer sent: " + e.getMessage(), e);
    }
  }
}
