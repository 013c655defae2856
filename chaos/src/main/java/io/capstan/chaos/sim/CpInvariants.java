package io.capstan.chaos.sim;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.RaftStatus;
import io.capstan.node.raft.Role;
import io.capstan.node.replica.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Raft's safety properties (Raft dissertation, figure 3.2), over all nodes at once: election
 * safety, leader completeness, state machine safety, log matching.
 */
final class CpInvariants {

  private final Map<Long, Integer> leaderOfTerm = new TreeMap<>();
  private final List<Entry> applied = new ArrayList<>();
  private final long[] appliedOf;

  CpInvariants(int nodes) {
    appliedOf = new long[nodes];
  }

  int elections() {
    return leaderOfTerm.size();
  }

  /** A node starts again from its disk, where its applied index may be older. */
  void restarted(int node) {
    appliedOf[node] = 0;
  }

  /** Looks at a node right after a flush. */
  void flushed(int node, Replica replica, List<Entry> log) {
    RaftStatus status = replica.raftStatus();
    if (status.commitIndex() > log.size() || replica.appliedIndex() > status.commitIndex()) {
      throw new SimulationFailure(
          "applied "
              + replica.appliedIndex()
              + " <= commit "
              + status.commitIndex()
              + " <= last "
              + log.size()
              + " does not hold on node "
              + node);
    }
    stateMachineSafety(node, replica.appliedIndex(), log);
    if (status.role() == Role.LEADER) {
      Integer known = leaderOfTerm.putIfAbsent(status.term(), node);
      if (known == null) {
        leaderCompleteness(node, status.term(), log);
      } else if (known != node) {
        throw new SimulationFailure(
            "term " + status.term() + " has two leaders, nodes " + known + " and " + node);
      }
    }
  }

  private void stateMachineSafety(int node, long appliedIndex, List<Entry> log) {
    for (long index = appliedOf[node] + 1; index <= appliedIndex; index++) {
      Entry entry = log.get((int) index - 1);
      if (index > applied.size()) {
        applied.add(entry);
      } else if (!applied.get((int) index - 1).equals(entry)) {
        throw new SimulationFailure(
            "node "
                + node
                + " applied "
                + entry
                + " where another applied "
                + applied.get((int) index - 1));
      }
    }
    appliedOf[node] = Math.max(appliedOf[node], appliedIndex);
  }

  private void leaderCompleteness(int node, long term, List<Entry> log) {
    for (int i = applied.size() - 1; i >= 0; i--) {
      if (i >= log.size() || !log.get(i).equals(applied.get(i))) {
        throw new SimulationFailure(
            "node "
                + node
                + " leads term "
                + term
                + " without the committed entry "
                + applied.get(i));
      }
      if (applied.size() - i > 64) {
        return;
      }
    }
  }

  /** Two logs that agree on an entry's index and term agree on everything before it. */
  static void logMatching(List<List<Entry>> logs) {
    for (int a = 0; a < logs.size(); a++) {
      for (int b = a + 1; b < logs.size(); b++) {
        boolean agreed = false;
        for (int i = Math.min(logs.get(a).size(), logs.get(b).size()) - 1; i >= 0; i--) {
          Entry first = logs.get(a).get(i);
          Entry second = logs.get(b).get(i);
          agreed |= first.term() == second.term();
          if (agreed && !first.equals(second)) {
            throw new SimulationFailure(
                "the logs of nodes "
                    + a
                    + " and "
                    + b
                    + " agree above "
                    + first.index()
                    + " but not there");
          }
        }
      }
    }
  }
}
