package io.capstan.node.server;

import io.capstan.proto.v1.StatusResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs changes of role, term and leader, as seen a few times a second: a role that lasted shorter
 * than that leaves no line. Confined to the event loop.
 */
final class RoleWatch {

  private static final Logger log = LoggerFactory.getLogger(RoleWatch.class);

  private final String nodeId;
  private String role = "";
  private String leader = "";
  private long term;

  RoleWatch(String nodeId) {
    this.nodeId = nodeId;
  }

  void observe(StatusResponse.Builder status) {
    if (status.getRole().equals(role)
        && status.getLeader().equals(leader)
        && status.getTerm() == term) {
      return;
    }
    role = status.getRole();
    leader = status.getLeader();
    term = status.getTerm();
    log.atInfo()
        .addKeyValue("node", nodeId)
        .addKeyValue("role", role)
        .addKeyValue("term", term)
        .addKeyValue("leader", leader.isEmpty() ? "none" : leader)
        .log("role");
  }
}
