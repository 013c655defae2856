package io.capstan.client;

import java.util.List;

/**
 * Who belongs to the cluster.
 *
 * @param members by id
 * @param changing whether a change has not come to its end
 * @param leader empty where none is known
 * @param current false where no leader could be asked, so that the list may be old
 * @param waitingFor what the change waits for, a sentence each
 * @param configurationIndex the log index by which the members became these; 0 for the founders
 */
public record MemberList(
    List<Member> members,
    boolean changing,
    String leader,
    boolean current,
    List<String> waitingFor,
    long configurationIndex) {

  public MemberList {
    members = List.copyOf(members);
    waitingFor = List.copyOf(waitingFor);
  }

  /**
   * A node of the cluster.
   *
   * @param role "voter", "learner" (receives the log, counts nowhere) or "leaving"
   * @param peerAddress where other nodes reach it; empty where only each node's settings say
   * @param clientAddress where clients reach it; empty where not known
   * @param incarnation of its data; 0 until it was heard
   */
  public record Member(
      String id, String role, String peerAddress, String clientAddress, long incarnation) {}

  /** Whether the node is a voter and no change is under way. */
  public boolean isSettledVoter(String id) {
    return !changing
        && members.stream().anyMatch(each -> each.id().equals(id) && each.role().equals("voter"));
  }

  /** Whether the node does not belong to the cluster and no change is under way. */
  public boolean isGone(String id) {
    return !changing && members.stream().noneMatch(each -> each.id().equals(id));
  }
}
