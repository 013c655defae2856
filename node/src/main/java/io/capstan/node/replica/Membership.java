package io.capstan.node.replica;

import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.MembershipChange;
import io.capstan.node.raft.MembershipResult;
import io.capstan.node.raft.ProposeResult;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.Role;
import io.capstan.node.raft.TransferResult;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.MemberRecord;
import io.capstan.proto.store.v1.MembersCommand;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.Member;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of the members and of the leadership, and what this replica must know of the other
 * members: where they are, and which incarnation of each it listens to.
 *
 * <p>A change begins with an entry that notes where the new node is found; once that is applied,
 * the configuration entries follow. So whoever learns of a member from the log can reach it.
 */
final class Membership {

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final ApKeyspaces apKeyspaces;
  private final Outbox outbox;
  private final Map<String, Long> heardIncarnations = new TreeMap<>();
  // Where members say that they are, for those of whom the applied log does not tell it yet.
  private final Map<String, String> heardAddresses = new TreeMap<>();
  private long heardVersion;
  private long notedTerm;
  private final Guests guests;
  private final long numberToDraw;
  private Effect.@Nullable Peers told;
  private @Nullable Configuration toldOf;
  private long toldVersion = -1;
  private long toldIndex = -1;
  private long toldGuests = -1;
  private long toldHeard = -1;

  /**
   * @param numberToDraw random: part of the cluster's number if this replica is the first to lead
   *     it
   */
  Membership(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      ApKeyspaces apKeyspaces,
      Outbox outbox,
      long numberToDraw) {
    this.apKeyspaces = apKeyspaces;
    this.numberToDraw = numberToDraw;
    this.guests = new Guests(config.nodeId(), config.members());
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.outbox = outbox;
  }

  // ---- changes ----

  /** Why members do not change now, or null: a keyspace changes sides among those of now. */
  private @Nullable ErrorDetail switchRefusal() {
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (keyspace.hasSwitch()) {
        return refused(
            "Keyspace "
                + keyspace.getName()
                + " is changing sides: it counts its replicas as they are, so the members of the"
                + " cluster change after. Nothing was changed.",
            "'capstan mode get "
                + keyspace.getName()
                + "' shows what it waits for; 'capstan mode set "
                + keyspace.getName()
                + " cp --abort' calls it off.");
      }
    }
    return null;
  }

  /** Why nobody may leave in this way, or null: what it alone has acknowledged would be lost. */
  private @Nullable ErrorDetail lossRefusal(ChangeMembersRequest request) {
    String leaving = leaving(request);
    if (leaving == null || request.getAcceptLoss()) {
      return null;
    }
    List<String> losing = apKeyspaces.losingWith(leaving);
    return losing.isEmpty()
        ? null
        : refused(
            leaving
                + " cannot be reached, and "
                + (losing.size() == 1 ? "AP keyspace " : "AP keyspaces ")
                + String.join(", ", losing)
                + (losing.size() == 1 ? " takes" : " take")
                + " writes at level one: those that "
                + leaving
                + " alone has acknowledged would be lost with it. Nothing was changed.",
            "Bring "
                + leaving
                + " back first, or add --accept-loss. Keyspaces made with --min-writes quorum or"
                + " all have no such writes.");
  }

  private static @Nullable String leaving(ChangeMembersRequest request) {
    return switch (request.getChangeCase()) {
      case REMOVE -> request.getRemove();
      case REPLACE -> request.getReplace().getRemoved();
      case ADD, CHANGE_NOT_SET -> null;
    };
  }

  /** Whether a change is under way with which this node leaves. */
  private boolean isLeaving(@Nullable String id) {
    Configuration now = raft.configuration();
    Configuration.Promotion promotion = now.promotion();
    return id != null
        && ((now.outgoing().contains(id) && !now.voters().contains(id))
            || (promotion != null && id.equals(promotion.replaced())));
  }

  /** Leaves the joint configuration once nothing waits for it any more. */
  private void endChange() {
    Configuration now = raft.configuration();
    if (now.isJoint()
        && raft.configurationIndex() <= machine.appliedIndex()
        && apKeyspaces.changeWaitsFor().isEmpty()) {
      // Refused where the leadership is being handed over: the next leader goes on.
      var unused = raft.changeMembership(new MembershipChange.LeaveJoint());
    }
  }

  /** Why the change is refused, or null: the members are not those that whoever asks has seen. */
  @Nullable ErrorDetail outdated(ChangeMembersRequest request) {
    return !request.hasExpectedConfigurationIndex()
            || request.getExpectedConfigurationIndex() == machine.members().appliedIndex()
        ? null
        : refused(
            "The members have changed since they were listed: they are those of entry "
                + machine.members().appliedIndex()
                + " of the log, not of "
                + request.getExpectedConfigurationIndex()
                + ". Nothing was changed.",
            "'capstan member list' shows who belongs to the cluster now; ask again if the change"
                + " is still wanted.");
  }

  /** The entry that a change begins with. */
  static MembersCommand note(ChangeMembersRequest request) {
    NewMember added =
        switch (request.getChangeCase()) {
          case ADD -> request.getAdd();
          case REPLACE -> request.getReplace().getAdded();
          case REMOVE, CHANGE_NOT_SET -> null;
        };
    MembersCommand.Builder command = MembersCommand.newBuilder();
    if (added != null) {
      command.addMembers(
          MemberRecord.newBuilder()
              .setId(added.getId())
              .setPeerAddress(added.getPeerAddress())
              .setClientAddress(added.getClientAddress()));
    }
    String leaving = leaving(request);
    if (leaving != null) {
      command.addMembers(
          MemberRecord.newBuilder().setId(leaving).setLossAccepted(request.getAcceptLoss()));
    }
    return command.build();
  }

  /** The entry of {@link #note} is applied here: the change itself begins. */
  CpAnswers.Answer begin(ChangeMembersRequest request) {
    ErrorDetail refusal = outdated(request);
    if (refusal == null) {
      refusal = clusterUnnamed();
    }
    if (refusal == null) {
      refusal = switchRefusal();
    }
    if (refusal == null) {
      refusal = lossRefusal(request);
    }
    if (refusal != null) {
      return new CpAnswers.Answer.Failure(refusal);
    }
    MembershipChange change =
        switch (request.getChangeCase()) {
          case ADD -> new MembershipChange.AddVoter(request.getAdd().getId());
          case REPLACE ->
              new MembershipChange.Replace(
                  request.getReplace().getRemoved(), request.getReplace().getAdded().getId());
          case REMOVE -> new MembershipChange.Remove(request.getRemove());
          case CHANGE_NOT_SET ->
              throw new ReplicaInvariantViolation("a change of members that changes nothing");
        };
    return switch (raft.changeMembership(change)) {
      case MembershipResult.Accepted accepted ->
          new CpAnswers.Answer.Success(
              ChangeMembersResponse.newBuilder().setIndex(accepted.index()).build());
      case MembershipResult.NotLeader notLeader -> new CpAnswers.Answer.Failure(noLeader());
      case MembershipResult.Refused refused
          when request.getAcceptLoss() && isLeaving(leaving(request)) ->
          // The change was begun before, and waits; what was accepted is noted now.
          new CpAnswers.Answer.Success(
              ChangeMembersResponse.newBuilder()
                  .setIndex(machine.members().appliedIndex())
                  .build());
      case MembershipResult.Refused refused ->
          new CpAnswers.Answer.Failure(
              refused(
                  "The members were not changed: " + refused.because() + ".",
                  "'capstan member list' shows who belongs to the cluster and whether a change is"
                      + " under way."));
    };
  }

  /**
   * Why members do not change now, or null: whoever comes into a cluster must be able to tell which
   * one it is, or a founder that lags would not know it for its own; and a leader that holds no
   * replicas yet cannot tell what would be lost.
   */
  private @Nullable ErrorDetail clusterUnnamed() {
    return machine.members().clusterId() != 0
            && machine.members().isNamed(config.nodeId(), config.incarnation())
        ? null
        : refused(
            "The members were not changed: the leader is new and has yet to write into the log"
                + " which cluster this is, and as whom it leads it.",
            "Ask again in a moment.");
  }

  CpAnswers.Answer transfer(TransferLeadershipRequest request) {
    String target = request.getTarget();
    return switch (raft.transferLeadership(target.isEmpty() ? null : target)) {
      case TransferResult.Started started ->
          new CpAnswers.Answer.Success(
              TransferLeadershipResponse.newBuilder().setTarget(started.target()).build());
      case TransferResult.NotLeader notLeader -> new CpAnswers.Answer.Failure(noLeader());
      case TransferResult.Refused refused ->
          new CpAnswers.Answer.Failure(
              refused(
                  "The leadership was not handed over: " + refused.because() + ".",
                  "'capstan member list' shows who may lead: the voters."));
    };
  }

  private ErrorDetail noLeader() {
    return Errors.noLeader(config.nodeId(), raft.configuration().voters().size(), false);
  }

  private static ErrorDetail refused(String message, String hint) {
    return Errors.failed(Errors.MEMBERSHIP_REFUSED, message, hint);
  }

  /** Whether a change is under way. */
  private boolean isChanging() {
    Configuration now = raft.configuration();
    return now.isJoint() || !now.learners().isEmpty();
  }

  ListMembersResponse list(boolean current) {
    Configuration now = raft.configuration();
    ListMembersResponse.Builder list =
        ListMembersResponse.newBuilder()
            .setChanging(isChanging() || !now.equals(machine.members().applied()))
            .setLeader(Objects.requireNonNullElse(raft.leaderId(), ""))
            .setConfigurationIndex(machine.members().appliedIndex())
            .setCurrent(current);
    Configuration.Promotion promotion = now.promotion();
    if (promotion != null) {
      list.addWaitingFor(promotion.learner() + " has yet to catch up with the log");
    }
    for (String id : now.members()) {
      if (isYetToComeAnew(id)) {
        list.addWaitingFor(
            id
                + " was a member before: it has yet to come with an empty data folder and the"
                + " setting join, and is not listened to with its former data");
      }
    }
    list.addAllWaitingFor(apKeyspaces.changeWaitsFor());
    for (String id : now.members()) {
      MemberRecord record =
          Objects.requireNonNullElse(
              machine.members().record(id), MemberRecord.getDefaultInstance());
      list.addMembers(
          Member.newBuilder()
              .setId(id)
              .setRole(role(now, id))
              .setPeerAddress(record.getPeerAddress())
              .setClientAddress(record.getClientAddress())
              .setIncarnation(record.getIncarnation()));
    }
    return list.build();
  }

  /** Whether one that was a member before has not been heard as another incarnation. */
  private boolean isYetToComeAnew(String id) {
    MemberRecord noted = machine.members().record(id);
    return noted != null
        && noted.getIncarnation() == 0
        && noted.getFormerIncarnationsCount() > 0
        && (!heardIncarnations.containsKey(id)
            || noted.getFormerIncarnationsList().contains(heardIncarnations.get(id)));
  }

  private static String role(Configuration configuration, String id) {
    if (configuration.voters().contains(id)) {
      return "voter";
    }
    return configuration.learners().contains(id) ? "learner" : "leaving";
  }

  // ---- incarnations ----

  /** A node has introduced itself, a member or not. */
  void heard(Input.PeerSeen seen, Moment now) {
    long clusterId = machine.members().clusterId();
    if (!raft.configuration().isMember(seen.peer())) {
      guests.knock(seen, isLearning(), clusterId, now);
    } else if (peer(seen.peer()).isSpokenForBy(seen.incarnation())) {
      heardIncarnations.put(seen.peer(), seen.incarnation());
      noteAddress(seen.peer(), seen.peerAddress());
      notedTerm = 0;
    } else if (seen.joinedIndex() > machine.appliedIndex()) {
      guests.cameBack(seen, clusterId, now);
    }
  }

  /**
   * Whether the node is heard without being a member, or as another incarnation of one. What it
   * answers then counts nowhere.
   */
  boolean isGuest(String id) {
    return guests.contains(id);
  }

  /**
   * A leader notes in the log which incarnation speaks for each member, the first one that it
   * hears. A node that comes back with an empty disk is another one: it may have voted, or
   * acknowledged entries, and has forgotten it. The first leader notes which cluster this is.
   */
  void tick(Moment now) {
    guests.tick(raft.leaderId(), isLearning(), now);
    if (raft.role() == Role.LEADER) {
      endChange();
    }
    if (raft.role() != Role.LEADER || raft.term() == notedTerm) {
      return;
    }
    MembersCommand.Builder unknown = MembersCommand.newBuilder();
    for (String id : raft.configuration().members()) {
      MemberRecord record = machine.members().record(id);
      long incarnation =
          id.equals(config.nodeId())
              ? config.incarnation()
              : heardIncarnations.getOrDefault(id, 0L);
      if (incarnation != 0 && (record == null || record.getIncarnation() == 0)) {
        unknown.addMembers(MemberRecord.newBuilder().setId(id).setIncarnation(incarnation));
      }
    }
    if (machine.members().clusterId() == 0) {
      unknown
          .setClusterId(ClusterId.of(config.members(), numberToDraw))
          .addAllFounders(machine.members().applied().voters());
    }
    notedTerm = raft.term();
    if (unknown.getMembersCount() > 0 || unknown.getClusterId() != 0) {
      LogCommand command =
          LogCommand.newBuilder()
              .setGroupId(config.groupId())
              .setProposedAtMillis(now.wallMillis())
              .setMembers(unknown)
              .build();
      if (!(raft.propose(command.toByteArray()) instanceof ProposeResult.Accepted)) {
        notedTerm = 0;
      }
    }
  }

  // ---- peers ----

  /** Whether this node does not belong to the group, and so has yet to learn who does. */
  private boolean isLearning() {
    return !raft.configuration().isMember(config.nodeId());
  }

  /** Tells the shell whom to listen and to speak to, where that has changed. */
  void tellPeers(Moment now) {
    Configuration members = raft.configuration();
    long version = machine.members().version();
    if (version == toldVersion
        && raft.configurationIndex() == toldIndex
        && (members == toldOf || members.equals(toldOf))
        && guests.version() == toldGuests
        && heardVersion == toldHeard) {
      return;
    }
    // Who left and comes back is another incarnation: the one heard before is not to be noted
    // again.
    heardIncarnations.keySet().removeIf(id -> !members.isMember(id));
    heardAddresses.keySet().removeIf(id -> !members.isMember(id));
    noteGuests(members);
    List<Effect.Peer> others = others(members);
    guests.membersChanged(
        told == null ? List.of() : told.others(), others, machine.appliedIndex(), now);
    notedTerm = 0;
    toldIndex = raft.configurationIndex();
    toldVersion = version;
    toldOf = members;
    toldGuests = guests.version();
    toldHeard = heardVersion;
    MemberRecord own = machine.members().record(config.nodeId());
    Effect.Peers peers =
        new Effect.Peers(
            members.isMember(config.nodeId()),
            machine.members().clusterId(),
            members.isMember(config.nodeId()) ? joinedIndex(config.nodeId()) : 0,
            own == null ? "" : own.getPeerAddress(),
            others,
            guests.list());
    if (!peers.equals(told)) {
      told = peers;
      outbox.emit(peers);
    }
  }

  /** A guest that has become a member introduced itself before. */
  private void noteGuests(Configuration members) {
    for (Effect.Peer guest : guests.list()) {
      if (members.isMember(guest.id()) && peer(guest.id()).isSpokenForBy(guest.incarnation())) {
        heardIncarnations.put(guest.id(), guest.incarnation());
        noteAddress(guest.id(), guest.peerAddress());
      }
    }
  }

  private void noteAddress(String id, String address) {
    if (!address.isEmpty() && !address.equals(heardAddresses.put(id, address))) {
      heardVersion++;
    }
  }

  private List<Effect.Peer> others(Configuration members) {
    List<Effect.Peer> others = new ArrayList<>();
    for (String id : members.members()) {
      if (!id.equals(config.nodeId())) {
        others.add(peer(id));
      }
    }
    return others;
  }

  /**
   * A member as the log knows it. One that left and came back by entries that are not applied yet
   * is not the incarnation that the applied log names. Where it is, such entries tell too late: it
   * may be the leader that must be answered before anything more is applied, so its own word does.
   */
  private Effect.Peer peer(String id) {
    MemberRecord record = recordOf(id);
    String heard = heardAddresses.getOrDefault(id, "");
    if (raft.joinedIndex(id) <= machine.appliedIndex()) {
      return new Effect.Peer(
          id,
          record.getPeerAddress().isEmpty() ? heard : record.getPeerAddress(),
          record.getClientAddress(),
          record.getIncarnation(),
          record.getFormerIncarnationsList());
    }
    List<Long> former = new ArrayList<>(record.getFormerIncarnationsList());
    if (record.getIncarnation() != 0) {
      former.add(record.getIncarnation());
    }
    return new Effect.Peer(id, heard, "", 0, former);
  }

  private MemberRecord recordOf(String id) {
    return Objects.requireNonNullElse(
        machine.members().record(id), MemberRecord.getDefaultInstance());
  }

  private long joinedIndex(String id) {
    long inLog = raft.joinedIndex(id);
    return inLog > machine.appliedIndex() ? inLog : recordOf(id).getJoinedIndex();
  }
}
