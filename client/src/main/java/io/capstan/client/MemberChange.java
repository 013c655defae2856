package io.capstan.client;

import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.NewMember;

/** A change of who belongs to the cluster; one at a time. */
public sealed interface MemberChange {

  /**
   * Adds a node, which first learns and then votes.
   *
   * @param peerAddress host:port where other nodes reach it
   * @param clientAddress host:port where clients reach it; may be empty
   */
  record Add(String id, String peerAddress, String clientAddress) implements MemberChange {}

  /**
   * Removes a node.
   *
   * @param acceptLoss whether, if it cannot be reached, writes may be lost that it alone has
   *     acknowledged (level one of an AP keyspace); without it such a change is refused or waits
   */
  record Remove(String id, boolean acceptLoss) implements MemberChange {
    /** Without a loss. */
    public Remove(String id) {
      this(id, false);
    }
  }

  /**
   * Adds a node and removes another one in the same step, once the new one has caught up.
   *
   * @param acceptLoss as of {@link Remove}
   */
  record Replace(String removed, Add added, boolean acceptLoss) implements MemberChange {
    /** Without a loss. */
    public Replace(String removed, Add added) {
      this(removed, added, false);
    }
  }

  /** The request that asks for it. */
  static ChangeMembersRequest.Builder request(MemberChange change) {
    return switch (change) {
      case Add add -> ChangeMembersRequest.newBuilder().setAdd(member(add));
      case Remove remove ->
          ChangeMembersRequest.newBuilder()
              .setRemove(remove.id())
              .setAcceptLoss(remove.acceptLoss());
      case Replace replace ->
          ChangeMembersRequest.newBuilder()
              .setReplace(
                  ChangeMembersRequest.Replace.newBuilder()
                      .setRemoved(replace.removed())
                      .setAdded(member(replace.added())))
              .setAcceptLoss(replace.acceptLoss());
    };
  }

  private static NewMember member(Add add) {
    return NewMember.newBuilder()
        .setId(add.id())
        .setPeerAddress(add.peerAddress())
        .setClientAddress(add.clientAddress())
        .build();
  }
}
