package io.capstan.node.raft;

/**
 * A confirmed linearizable read: serve it from the state machine as soon as {@code readIndex} is
 * applied.
 *
 * @param requestId the id given to {@link Raft#readIndex}
 * @param readIndex commit index at a moment between request and answer when this node certainly led
 */
public record ReadState(long requestId, long readIndex) {}
