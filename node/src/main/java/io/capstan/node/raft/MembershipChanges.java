package io.capstan.node.raft;

import io.capstan.node.raft.MembershipChange.AddLearner;
import io.capstan.node.raft.MembershipChange.AddVoter;
import io.capstan.node.raft.MembershipChange.LeaveJoint;
import io.capstan.node.raft.MembershipChange.Remove;
import io.capstan.node.raft.MembershipChange.Replace;
import io.capstan.node.raft.MembershipResult.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Decides the next membership, one change at a time (Raft dissertation, chapter 4): which
 * configuration a request leads to, and which one follows by itself once the present one is
 * committed. It knows no log and no follower; the leader appends what it says.
 */
final class MembershipChanges {

  /** Why a request was refused. */
  record Refusal(Reason reason, String because) {}

  private MembershipChanges() {}

  /** Whether a change is under way: nothing else may begin. */
  static boolean isOpen(Configuration latest, boolean committed) {
    return !committed || latest.isJoint() || latest.promotion() != null;
  }

  /** Why the change cannot begin now, null when it can. */
  static @Nullable Refusal refusal(
      MembershipChange change, Configuration latest, boolean committed) {
    if (change instanceof LeaveJoint) {
      return latest.isJoint() && committed
          ? null
          : new Refusal(Reason.INVALID, "no committed joint configuration is waiting to be left");
    }
    if (isOpen(latest, committed) && !callsOff(change, latest, committed)) {
      return new Refusal(
          Reason.CHANGE_OPEN,
          "another change is under way (" + describe(latest) + "); wait for it");
    }
    String problem =
        switch (change) {
          case AddLearner add ->
              latest.isMember(add.nodeId()) ? add.nodeId() + " is a member already" : null;
          case AddVoter add ->
              latest.isVoter(add.nodeId()) ? add.nodeId() + " is a voter already" : null;
          case Remove remove -> problemOf(remove, latest);
          case Replace replace ->
              !latest.isVoter(replace.removed())
                  ? replace.removed() + " is not a voter"
                  : latest.isVoter(replace.added())
                      ? replace.added() + " is a voter already"
                      : null;
          case LeaveJoint leave -> null;
        };
    return problem == null ? null : new Refusal(Reason.INVALID, problem);
  }

  private static boolean callsOff(
      MembershipChange change, Configuration latest, boolean committed) {
    Configuration.Promotion promotion = latest.promotion();
    return committed
        && promotion != null
        && change instanceof Remove remove
        && remove.nodeId().equals(promotion.learner());
  }

  private static @Nullable String problemOf(Remove remove, Configuration latest) {
    if (!latest.isMember(remove.nodeId())) {
      return remove.nodeId() + " is not a member";
    }
    return latest.isSoleVoter(remove.nodeId())
        ? remove.nodeId() + " is the only voter; add another one first"
        : null;
  }

  /** The first configuration of a change that is not refused. */
  static Configuration first(MembershipChange change, Configuration latest) {
    return switch (change) {
      case AddLearner add -> latest.withLearner(add.nodeId(), null);
      case AddVoter add ->
          latest.withLearner(add.nodeId(), new Configuration.Promotion(add.nodeId(), null));
      case Remove remove ->
          latest.isVoter(remove.nodeId())
              ? latest.entering(null, remove.nodeId())
              : latest.withoutLearner(remove.nodeId());
      case Replace replace ->
          latest.withLearner(
              replace.added(), new Configuration.Promotion(replace.added(), replace.removed()));
      case LeaveJoint leave -> latest.left();
    };
  }

  /** The joint configuration that gives the waiting learner its vote. */
  static Configuration promoting(Configuration latest, Configuration.Promotion promotion) {
    return latest.entering(promotion.learner(), promotion.replaced());
  }

  private static String describe(Configuration latest) {
    Configuration.Promotion promotion = latest.promotion();
    if (promotion != null) {
      return promotion.learner() + " is catching up";
    }
    return latest.isJoint()
        ? "from " + latest.outgoing() + " to " + latest.voters()
        : "not committed yet";
  }
}
