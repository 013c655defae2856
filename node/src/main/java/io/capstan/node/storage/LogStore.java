package io.capstan.node.storage;

import io.capstan.node.raft.HardState;
import io.capstan.node.raft.LogReader;
import org.jspecify.annotations.Nullable;

/**
 * The Raft log of one group. Reading is here; writing goes through {@link ReplicaStore#write} so
 * that entries, hard state and rows of one step share one batch and one sync.
 *
 * <p>Confined to the event loop of its group.
 */
public interface LogStore extends LogReader {

  /** The term and vote that were last written, or null in an empty store. */
  @Nullable HardState hardState();
}
