package io.capstan.node.raft;

import java.util.List;

/**
 * What nodes of one replica group say to each other. Messages may be lost, repeated, delayed and
 * reordered; the caller only keeps them whole and within their group. Every message carries the
 * term of its sender.
 *
 * <p>Terms and indexes are as in {@link Entry}; index 0 with term 0 stands for "before the first
 * entry".
 */
public sealed interface Message {

  /** Id of the sender. */
  String from();

  /** Id of the receiver. */
  String to();

  /** Current term of the sender when it spoke. */
  long term();

  /**
   * "Would you vote for me in the term after mine?" Changes nothing at the receiver (Raft
   * dissertation, section 9.6).
   *
   * @param lastIndex index of the sender's last entry
   * @param lastTerm term of the sender's last entry
   */
  record PreVoteRequest(String from, String to, long term, long lastIndex, long lastTerm)
      implements Message {

    /** Term that the sender would campaign in. */
    public long campaignTerm() {
      return term + 1;
    }
  }

  /**
   * Answer to a {@link PreVoteRequest}.
   *
   * @param campaignTerm the term asked about, so that an answer to an earlier question is not
   *     counted
   */
  record PreVoteResponse(String from, String to, long term, long campaignTerm, boolean granted)
      implements Message {}

  /**
   * Request for a vote in {@code term} (Raft dissertation, section 3.4).
   *
   * @param transfer whether the leader of the term before asked for this campaign, so that nobody
   *     protects it (section 3.10)
   */
  record VoteRequest(
      String from, String to, long term, long lastIndex, long lastTerm, boolean transfer)
      implements Message {

    /** A request of a candidate that campaigns on its own account. */
    public VoteRequest(String from, String to, long term, long lastIndex, long lastTerm) {
      this(from, to, term, lastIndex, lastTerm, false);
    }
  }

  /** Answer to a {@link VoteRequest}, sent only once the vote is on disk. */
  record VoteResponse(String from, String to, long term, boolean granted) implements Message {}

  /**
   * Replication, heartbeat (no entries), news of a commit, and the question "am I still your
   * leader?" in one message (Raft dissertation, sections 3.5 and 6.4).
   *
   * @param prevIndex index right before the first entry
   * @param prevTerm term of the entry at {@code prevIndex} in the leader's log
   * @param entries entries from {@code prevIndex + 1} on, without a gap; may be empty
   * @param commitIndex the leader's commit index
   * @param readSequence newest read round of the leader, 0 for none; echoed by the answer
   */
  record AppendRequest(
      String from,
      String to,
      long term,
      long prevIndex,
      long prevTerm,
      List<Entry> entries,
      long commitIndex,
      long readSequence)
      implements Message {

    /**
     * Checks that the entries continue {@code prevIndex} and that terms do not fall.
     *
     * @throws IllegalArgumentException when they do not: the message is damaged and must not reach
     *     the log
     */
    public AppendRequest {
      long index = prevIndex;
      long entryTerm = prevTerm;
      for (int i = 0; i < entries.size(); i++) {
        Entry entry = entries.get(i);
        if (entry.index() != index + 1 || entry.term() < entryTerm || entry.term() > term) {
          throw new IllegalArgumentException(
              "entry " + entry + " cannot follow " + index + "/" + entryTerm + " in term " + term);
        }
        index = entry.index();
        entryTerm = entry.term();
      }
    }

    /** Index of the last entry, or {@code prevIndex} without entries. */
    public long lastIndex() {
      return prevIndex + entries.size();
    }
  }

  /**
   * Answer to an {@link AppendRequest}.
   *
   * @param success whether the receiver's log agrees with the leader's at {@code prevIndex}
   * @param prevIndex the request's, so that a late answer is recognised
   * @param matchIndex on success: the receiver's log agrees with the leader's <em>and is on
   *     disk</em> up to here; may be below {@code prevIndex} while a write is under way; 0
   *     otherwise
   * @param hintIndex on refusal: the highest index at which the logs may agree
   * @param hintTerm on refusal: term of the receiver's entry at {@code hintIndex}
   * @param readSequence the highest read round that the receiver has seen from this leader
   */
  record AppendResponse(
      String from,
      String to,
      long term,
      boolean success,
      long prevIndex,
      long matchIndex,
      long hintIndex,
      long hintTerm,
      long readSequence)
      implements Message {}

  /**
   * "Campaign at once": the leader hands over to a voter whose log is complete (Raft dissertation,
   * section 3.10).
   */
  record TimeoutNow(String from, String to, long term) implements Message {}
}
