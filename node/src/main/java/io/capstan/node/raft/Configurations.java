package io.capstan.node.raft;

import java.util.ArrayList;
import java.util.List;

/**
 * Every membership that the log knows of, by the index from which it holds. One is in effect from
 * the moment its entry is in the log, committed or not (Raft dissertation, section 4.1), and
 * vanishes with it when the entry is truncated. As long as the log, and so bounded by compaction.
 */
final class Configurations {
  private static final long SCAN_BYTES = 1 << 20;

  private record Effective(long index, Configuration configuration) {}

  private final List<Effective> known = new ArrayList<>();
  // The last of them, which everybody asks for.
  private Effective last;

  /**
   * Reads the log from its beginning.
   *
   * @param base what stands before its first entry, with the members to start with
   */
  Configurations(SnapshotPosition base, LogReader log) {
    last = new Effective(base.index(), base.configuration());
    known.add(last);
    long index = log.firstIndex();
    while (index <= log.lastIndex()) {
      for (Entry entry : log.entries(index, log.lastIndex(), SCAN_BYTES)) {
        appended(entry);
        index = entry.index() + 1;
      }
    }
  }

  Configuration latest() {
    return last().configuration();
  }

  /** Index of the entry that brought the latest one. */
  long latestIndex() {
    return last().index();
  }

  private Effective last() {
    return last;
  }

  private void listed() {
    last = known.get(known.size() - 1);
  }

  /** The membership in effect right after the entry at {@code index}. */
  Configuration at(long index) {
    for (int i = known.size() - 1; i > 0; i--) {
      if (known.get(i).index() <= index) {
        return known.get(i).configuration();
      }
    }
    return known.get(0).configuration();
  }

  /**
   * The entry by which the node became a member, the last time it did; 0 where it is none, and
   * where it was one already when the log that is left began.
   */
  long joinedIndex(String nodeId) {
    int first = known.size();
    while (first > 0 && known.get(first - 1).configuration().isMember(nodeId)) {
      first--;
    }
    if (first == 0 || first == known.size()) {
      return 0;
    }
    Effective joined = known.get(first);
    // A node that joins does not know with whom the group began: all voters of the first change.
    boolean began = known.get(first - 1).configuration().isEmpty();
    return began && !joined.configuration().learners().contains(nodeId) ? 0 : joined.index();
  }

  /**
   * Whether the node may vote: it belongs to the membership that is committed, or to one after it.
   * A learner may, since it can be a voter before it hears of it.
   */
  boolean mayVote(String nodeId, long commitIndex) {
    for (int i = known.size() - 1; i >= 0; i--) {
      if (known.get(i).configuration().isMember(nodeId)) {
        return true;
      }
      if (known.get(i).index() <= commitIndex) {
        return false;
      }
    }
    return false;
  }

  /**
   * Whether the node may campaign. One that the latest membership leaves out still may while that
   * is not committed: its log may be the only one from which the group can go on (dissertation,
   * section 4.2.2).
   */
  boolean mayCampaign(String nodeId, long commitIndex) {
    for (int i = known.size() - 1; i >= 0; i--) {
      if (known.get(i).configuration().isVoter(nodeId)) {
        return true;
      }
      if (known.get(i).index() <= commitIndex) {
        return false;
      }
    }
    return false;
  }

  /** Takes note of an entry of the log; returns whether the membership changed with it. */
  boolean appended(Entry entry) {
    if (entry.kind() != Entry.Kind.CONFIGURATION) {
      return false;
    }
    RaftInvariantViolation.require(
        entry.index() > latestIndex(),
        "memberships follow each other along the log",
        entry.index(),
        latestIndex());
    try {
      known.add(new Effective(entry.index(), entry.configuration()));
      listed();
    } catch (IllegalArgumentException unreadable) {
      throw new RaftInvariantViolation(
          "entry " + entry + " does not hold a membership: " + unreadable.getMessage());
    }
    return true;
  }

  void truncatedFrom(long index) {
    while (known.size() > 1 && latestIndex() >= index) {
      known.remove(known.size() - 1);
      listed();
    }
  }

  void compactedTo(SnapshotPosition position) {
    while (known.size() > 1 && known.get(1).index() <= position.index()) {
      known.remove(0);
      listed();
    }
  }

  void reset(SnapshotPosition position) {
    known.clear();
    known.add(new Effective(position.index(), position.configuration()));
    listed();
  }
}
