package io.capstan.chaos.sim;

import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.Role;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.replica.Replica;
import io.capstan.proto.peer.v1.RaftMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Raft's safety properties (Ongaro, "Consensus: Bridging Theory and Practice", 2014, figure 3.2)
 * and the promises about disks that they rest on, over all nodes at once.
 *
 * <p>Everything is checked when it changes and costs the change, not the state: each appended entry
 * is compared with what any node ever held at that index and term, and by induction logs match as a
 * whole.
 */
final class RaftInvariants {

  /** What was ever appended at one index, one per term. */
  private record Known(Entry entry, long previousTerm, @Nullable Known next) {}

  private final List<String> members;
  private final List<SimulatedNode> nodes;
  private final Coverage coverage;
  private final List<@Nullable Known> known = new ArrayList<>();
  private final Map<Long, Integer> leaderOfTerm = new HashMap<>();
  private final Map<Long, String> voteOfTermAndNode = new HashMap<>();
  private final long[] commitOf;
  private final long[] appliedOf;
  private final long[] termOf;
  private final long[] leadsTerm;
  // In effect when the node was last looked at: what it has decided since may rest on it.
  private final @Nullable Configuration[] configurationOf;
  private long[] committedTerm = new long[1_024];
  // The term in which an entry was first seen to be committed, at the latest.
  private long[] committedIn = new long[1_024];
  private int committed;

  /**
   * @param nodes the list that all nodes will be in
   */
  RaftInvariants(List<String> members, List<SimulatedNode> nodes, Coverage coverage) {
    this.members = members;
    this.nodes = nodes;
    this.coverage = coverage;
    this.commitOf = new long[members.size()];
    this.appliedOf = new long[members.size()];
    this.termOf = new long[members.size()];
    this.leadsTerm = new long[members.size()];
    this.configurationOf = new @Nullable Configuration[members.size()];
  }

  /**
   * A node starts from its disk, where its applied index may be older than it was. It may also be
   * the first sign of a commit that the node decided in the step in which it died: that was decided
   * under the members it had before, perhaps not under those that it finds in its log now.
   */
  void started(int node, Replica replica) {
    long applied = replica.appliedIndex();
    if (applied > committed) {
      committed(node, committed + 1L, applied, replica.term(), nodes.get(node).disk());
    }
    commitOf[node] = 0;
    appliedOf[node] = 0;
    termOf[node] = replica.term();
    leadsTerm[node] = 0;
    configurationOf[node] = replica.configuration();
  }

  // ---- the log ----

  /** A node is about to change its log on disk. */
  void logged(int node, long truncateFrom, List<Entry> entries) {
    SimulatedDisk disk = nodes.get(node).disk();
    if (truncateFrom > 0) {
      coverage.count(Coverage.Counter.TRUNCATIONS);
      if (truncateFrom <= Math.max(commitOf[node], appliedOf[node])) {
        throw new SimulationFailure(
            "a committed entry is never truncated",
            members.get(node)
                + " truncates from "
                + truncateFrom
                + ", its commit index is "
                + commitOf[node]);
      }
    }
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      long previousTerm = i > 0 ? entries.get(i - 1).term() : disk.writtenTerm(entry.index() - 1);
      matches(node, entry, previousTerm);
    }
  }

  /** Two logs with the same entry at an index hold the same in front of it. */
  private void matches(int node, Entry entry, long previousTerm) {
    int index = (int) entry.index();
    while (known.size() <= index) {
      known.add(null);
    }
    Known first = known.get(index);
    for (Known each = first; each != null; each = each.next()) {
      if (each.entry().term() != entry.term()) {
        continue;
      }
      boolean same = each.previousTerm() == previousTerm && each.entry().equals(entry);
      if (!same) {
        throw new SimulationFailure(
            "log matching",
            members.get(node)
                + " appends "
                + entry
                + " after term "
                + previousTerm
                + ", where another log has "
                + each.entry()
                + " after term "
                + each.previousTerm());
      }
      return;
    }
    known.set(index, new Known(entry, previousTerm, first));
    if (entry.kind() == Entry.Kind.CONFIGURATION) {
      followsACommittedOne(node, entry);
    }
  }

  /**
   * One change of members at a time, and a joint configuration is left only once it is committed
   * (dissertation, section 4.3): a new configuration is written behind a committed one.
   */
  private void followsACommittedOne(int node, Entry entry) {
    SimulatedDisk disk = nodes.get(node).disk();
    Replica replica = nodes.get(node).replica();
    long previous = disk.lastConfigurationIndex();
    if (replica != null
        && previous > Math.max(replica.commitIndex(), disk.log().firstIndex() - 1)) {
      throw new SimulationFailure(
          "a configuration follows a committed one",
          members.get(node)
              + " writes one at "
              + entry.index()
              + ", that at "
              + previous
              + " is not committed, its commit index is "
              + replica.commitIndex());
    }
    coverage.count(
        entry.configuration().isJoint()
            ? Coverage.Counter.JOINT_CONFIGURATIONS
            : Coverage.Counter.CONFIGURATIONS);
  }

  /**
   * A node is about to forget the beginning of its log. It says by that, perhaps earlier than by
   * its commit index, that all of it is committed.
   */
  void compacts(int node, SnapshotPosition position) {
    Replica replica = nodes.get(node).replica();
    if (replica != null && position.index() > commitOf[node]) {
      committed(node, commitOf[node] + 1, position.index(), replica.term(), nodes.get(node).disk());
      commitOf[node] = position.index();
    }
  }

  /** A node replaces its state: by what is committed, and newer than what it has applied. */
  void installs(int node, SnapshotPosition position) {
    if (position.index() > committed || committedTerm[(int) position.index()] != position.term()) {
      throw new SimulationFailure(
          "a snapshot holds committed entries only",
          members.get(node) + " installs one that ends with " + position);
    }
    if (position.index() <= appliedOf[node]) {
      throw new SimulationFailure(
          "a snapshot never replaces newer state",
          members.get(node)
              + " has applied "
              + appliedOf[node]
              + " and installs a snapshot that ends with "
              + position);
    }
  }

  // ---- what a step has done ----

  /** Looks at a node right after a flush. */
  void flushed(int node, Replica replica) {
    long term = replica.term();
    long commit = replica.commitIndex();
    long applied = replica.appliedIndex();
    SimulatedDisk disk = nodes.get(node).disk();
    if (term < termOf[node] || commit < commitOf[node] || applied < appliedOf[node]) {
      throw new SimulationFailure(
          "term, commit and applied index only rise",
          members.get(node) + " fell to term " + term + ", commit " + commit + "/" + applied);
    }
    if (applied > commit || commit > disk.log().lastIndex()) {
      throw new SimulationFailure(
          "applied <= commit <= last",
          applied + " <= " + commit + " <= " + disk.log().lastIndex() + " on " + members.get(node));
    }
    termOf[node] = term;
    if (commit > commitOf[node]) {
      committed(node, commitOf[node] + 1, commit, term, disk);
      if (replica.role() == Role.LEADER && disk.writtenTerm(commit) != term) {
        throw new SimulationFailure(
            "a leader counts only entries of its own term",
            members.get(node)
                + " leads term "
                + term
                + " and commits up to entry "
                + commit
                + " of term "
                + disk.writtenTerm(commit));
      }
      commitOf[node] = commit;
    }
    appliedOf[node] = applied;
    configurationOf[node] = replica.configuration();
    if (replica.role() == Role.LEADER && leadsTerm[node] != term) {
      leads(node, term, disk);
    }
  }

  private void committed(int node, long from, long to, long term, SimulatedDisk disk) {
    for (long index = Math.max(from, disk.log().firstIndex()); index <= to; index++) {
      long entryTerm = disk.writtenTerm(index);
      if (index <= committed) {
        if (committedTerm[(int) index] != entryTerm) {
          throw new SimulationFailure(
              "state machine safety",
              members.get(node)
                  + " takes entry "
                  + index
                  + " of term "
                  + entryTerm
                  + " for committed, another node that of term "
                  + committedTerm[(int) index]);
        }
      } else {
        firstCommitted(node, index, entryTerm, term);
      }
    }
  }

  private void firstCommitted(int node, long index, long entryTerm, long term) {
    if (index != committed + 1) {
      throw new SimulationFailure(
          "state machine safety",
          members.get(node) + " commits " + index + ", the cluster has come to " + committed);
    }
    if (index >= committedTerm.length) {
      committedTerm = Arrays.copyOf(committedTerm, committedTerm.length * 2);
      committedIn = Arrays.copyOf(committedIn, committedIn.length * 2);
    }
    committedTerm[(int) index] = entryTerm;
    committedIn[(int) index] = term;
    committed = (int) index;
    coverage.count(Coverage.Counter.COMMITTED_ENTRIES);
    for (int i = 0; i < nodes.size(); i++) {
      if (leadsTerm[i] > term && nodes.get(i).disk().writtenTerm(index) != entryTerm) {
        throw incomplete(i, leadsTerm[i], index, entryTerm);
      }
    }
    if (!isOnQuorum(configurationOf[node], index, entryTerm)
        && !isOnQuorum(configurationNow(node), index, entryTerm)) {
      throw new SimulationFailure(
          "what is committed is on the disks of a majority",
          members.get(node)
              + " commits entry "
              + index
              + " of term "
              + entryTerm
              + ", which too few disks hold durably for "
              + configurationNow(node));
    }
  }

  private @Nullable Configuration configurationNow(int node) {
    Replica replica = nodes.get(node).replica();
    return replica == null ? null : replica.configuration();
  }

  private boolean isOnQuorum(@Nullable Configuration configuration, long index, long entryTerm) {
    return configuration != null
        && configuration.isQuorum(
            id -> nodes.get(members.indexOf(id)).disk().durableTerm(index) == entryTerm);
  }

  private void leads(int node, long term, SimulatedDisk disk) {
    leadsTerm[node] = term;
    Integer other = leaderOfTerm.putIfAbsent(term, node);
    if (other != null && other != node) {
      throw new SimulationFailure(
          "election safety",
          "term " + term + " has two leaders, " + members.get(other) + " and " + members.get(node));
    }
    coverage.count(Coverage.Counter.ELECTIONS);
    // A leader of an earlier term may learn of its election late, and owes nothing to later ones.
    int owed = committed;
    while (owed > 0 && committedIn[owed] >= term) {
      owed--;
    }
    // With log matching, the last one stands for all in front of it.
    if (owed >= disk.log().firstIndex() && disk.writtenTerm(owed) != committedTerm[owed]) {
      throw incomplete(node, term, owed, committedTerm[owed]);
    }
  }

  private SimulationFailure incomplete(int node, long term, long index, long entryTerm) {
    return new SimulationFailure(
        "leader completeness",
        members.get(node)
            + " leads term "
            + term
            + " without the committed entry "
            + index
            + " of term "
            + entryTerm);
  }

  // ---- promises that leave a node ----

  /** A message leaves: what it promises about the disk must be true. */
  void sent(int node, String to, RaftMessage message) {
    switch (message.getMessageCase()) {
      case VOTE_REQUEST -> {
        if (!message.getVoteRequest().getPreVote()) {
          voted(node, message.getTerm(), members.get(node));
        }
      }
      case VOTE_RESPONSE -> {
        if (!message.getVoteResponse().getPreVote() && message.getVoteResponse().getGranted()) {
          voted(node, message.getTerm(), to);
        }
      }
      case APPEND_REQUEST -> durableTerm(node, message.getTerm());
      case APPEND_RESPONSE -> {
        if (message.getAppendResponse().getSuccess()) {
          durableTerm(node, message.getTerm());
          durableEntries(node, message.getTerm(), message.getAppendResponse().getMatchIndex());
        }
      }
      default -> {}
    }
  }

  private void voted(int node, long term, String candidate) {
    HardState durable = nodes.get(node).disk().durableHardState();
    if (durable.term() < term
        || (durable.term() == term && !candidate.equals(durable.votedFor()))) {
      throw new SimulationFailure(
          "a vote is durable before anybody hears of it",
          members.get(node)
              + " gives its vote of term "
              + term
              + " to "
              + candidate
              + ", its disk says "
              + durable);
    }
    String before = voteOfTermAndNode.putIfAbsent(voter(node, term), candidate);
    if (before != null && !before.equals(candidate)) {
      throw new SimulationFailure(
          "one vote a term",
          members.get(node) + " votes in term " + term + " for " + before + " and " + candidate);
    }
  }

  /** A machine that lost its disk has another vote: it is another voter. */
  private long voter(int node, long term) {
    return (term << 16) + ((long) nodes.get(node).lives() << 4) + node;
  }

  private void durableTerm(int node, long term) {
    HardState durable = nodes.get(node).disk().durableHardState();
    if (durable.term() < term) {
      throw new SimulationFailure(
          "a term is durable before anybody is answered in it",
          members.get(node) + " speaks in term " + term + ", its disk says " + durable);
    }
  }

  /**
   * An answer to a leader of an earlier term, worked out just before a later one made the node cut
   * its log, leaves after the cut. It is as true as if it had left in time: the node's log held the
   * entry when it voted, if it did, for the later one.
   */
  private void durableEntries(int node, long term, long matchIndex) {
    SimulatedDisk disk = nodes.get(node).disk();
    HardState written = disk.log().hardState();
    if (written != null && term < written.term()) {
      return;
    }
    if (matchIndex >= disk.log().firstIndex()
        && disk.durableTerm(matchIndex) != disk.writtenTerm(matchIndex)) {
      throw new SimulationFailure(
          "entries are durable before they are acknowledged",
          members.get(node) + " acknowledges entry " + matchIndex + ", which it could still lose");
    }
  }
}
