package io.capstan.chaos.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * What a node says about itself when it is asked.
 *
 * @param id the node
 * @param role "leader", "follower", "candidate" or "learner"
 * @param term its Raft term
 * @param leader id of the leader it follows; empty where it knows none
 * @param commitIndex its commit index
 * @param appliedIndex its applied index
 * @param hears the peers from which it has heard lately, in the order of its answer
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record NodeView(
    String id,
    String role,
    long term,
    String leader,
    long commitIndex,
    long appliedIndex,
    List<String> hears) {

  public NodeView {
    hears = List.copyOf(hears);
  }
}
