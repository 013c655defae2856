package io.capstan.node.quorum;

import com.google.protobuf.ByteString;

/**
 * The stored rows of {@link Hints}: for each peer, the own writes that it has yet to confirm. A row
 * names the key and carries no value, and is written with the batch of its write.
 */
public interface HintTable {

  /** Receives rows of one peer after another, counters ascending. */
  interface RowVisitor {
    /**
     * @param counter of this node's write; 0 marks a peer whose hints overflowed
     * @return whether to go on
     */
    boolean visit(String peer, long counter, ByteString key);
  }

  /** Stores a row. */
  void write(String peer, long counter, ByteString key);

  /** Removes a row, where there is one. */
  void delete(String peer, long counter);

  /** Visits the rows of all peers. */
  void scan(RowVisitor visitor);

  /** Visits the rows of one peer from the counter on. */
  void scan(String peer, long fromCounter, RowVisitor visitor);
}
