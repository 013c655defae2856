package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Everything that a replica can ask of the world. */
public sealed interface Effect
    permits Effect.Send, Effect.Reply, Effect.Fail, Effect.Stop, Effect.Peers, SnapshotEffect {

  /** Hand the message to the stream to that peer; it may be dropped where the queue is full. */
  record Send(String to, PeerMessage message) implements Effect {}

  /** Answer the client call with the response message that belongs to its request. */
  record Reply(long callId, Message response) implements Effect {}

  /** Answer the client call with an error; its outcome says FAILED or UNKNOWN. */
  record Fail(long callId, ErrorDetail error) implements Effect {}

  /**
   * The nodes that this one listens to and speaks to, or what is known of them, have changed.
   *
   * @param member whether this node belongs to the group
   * @param clusterId which cluster this is; 0 where this node has yet to learn it
   * @param joinedIndex the entry by which this node became a member; 0 where the cluster began with
   *     it, and where it is none
   * @param ownAddress host:port where the others reach this node, as the log says; empty where it
   *     does not
   * @param others the other members, by id
   * @param guests nodes of the cluster that are no members, as far as this node's log tells, and
   *     are listened to for a while; and those that have become members again, as another
   *     incarnation, behind the end of this node's log
   */
  record Peers(
      boolean member,
      long clusterId,
      long joinedIndex,
      String ownAddress,
      List<Peer> others,
      List<Peer> guests)
      implements Effect {
    public Peers {
      others = List.copyOf(others);
      guests = List.copyOf(guests);
    }

    /** What there is to go by before the replica has said anything: the settings. */
    public static Peers ofSettings(boolean member, Collection<String> others) {
      return new Peers(
          member, 0, 0, "", others.stream().map(id -> new Peer(id, "", "", 0)).toList(), List.of());
    }

    /** Members and guests: who is to be spoken to. A guest is where the node is by now. */
    public List<Peer> linked() {
      List<Peer> linked = new ArrayList<>(guests);
      for (Peer other : others) {
        if (guests.stream().noneMatch(guest -> guest.id().equals(other.id()))) {
          linked.add(other);
        }
      }
      return linked;
    }

    /** Whether that process of a node, which says that it is of this cluster, is listened to. */
    public Admission admission(String id, long incarnation) {
      if (!member && clusterId == 0) {
        // Nothing is learned yet: whoever speaks knows more.
        return Admission.ADMITTED;
      }
      for (Peer guest : guests) {
        if (guest.id().equals(id) && guest.isSpokenForBy(incarnation)) {
          return Admission.ADMITTED;
        }
      }
      for (Peer other : others) {
        if (other.id().equals(id)) {
          return other.isSpokenForBy(incarnation)
              ? Admission.ADMITTED
              : Admission.OTHER_INCARNATION;
        }
      }
      return Admission.STRANGER;
    }
  }

  /** What {@link Peers} says of a process that wants to speak. */
  enum Admission {
    /** It is a member or a guest. */
    ADMITTED,
    /** It is neither; its introduction is to reach the replica, which may make it a guest. */
    STRANGER,
    /**
     * The member of that id is another process, as far as this node's log tells; its introduction
     * is to reach the replica, which may make it a guest.
     */
    OTHER_INCARNATION
  }

  /**
   * Another node.
   *
   * @param peerAddress host:port; empty where only the node's own settings say
   * @param clientAddress host:port; empty where not known
   * @param incarnation the only one that is to be listened to; 0 for any but the former ones
   * @param formerIncarnations as whom the node belonged to the cluster before it was removed
   */
  record Peer(
      String id,
      String peerAddress,
      String clientAddress,
      long incarnation,
      List<Long> formerIncarnations) {
    public Peer {
      formerIncarnations = List.copyOf(formerIncarnations);
    }

    /** A node that was never removed. */
    public Peer(String id, String peerAddress, String clientAddress, long incarnation) {
      this(id, peerAddress, clientAddress, incarnation, List.of());
    }

    boolean isSpokenForBy(long heard) {
      return incarnation == 0 ? !formerIncarnations.contains(heard) : incarnation == heard;
    }
  }

  /** An invariant is broken or the node must not go on: stop the process with this last line. */
  record Stop(String reason) implements Effect {}
}
