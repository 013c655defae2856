package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.Member;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.SetModeRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A person at the command line who adds, removes and replaces members: looks who belongs to the
 * cluster, asks some node for the change, and looks again until it has come to its end. One change
 * at a time; whom it cannot be done with, the next machine stands in for.
 *
 * <p>A machine that lost its disk is removed first. Then, as a new incarnation without data, it is
 * added again: by its empty disk it could break what it promised.
 */
final class SimulatedOperator {
  private static final long MILLI = 1_000_000L;
  private static final long LOOK_NANOS = 120 * MILLI;
  private static final long ANSWER_NANOS = 700 * MILLI;

  /** Voters of which one can lose its disk: the others are still a majority. */
  private static final int VOTERS_TO_LOSE_ONE = 3;

  private static final int VOTERS_TO_REMOVE_ONE = 2;

  /** Looks at a change that waits for one who leaves, until somebody thinks of giving it up. */
  private static final int LOOKS_UNTIL_GIVEN_UP = 5;

  /** Refusals for a keyspace that changes sides, until that is called off. */
  private static final int REFUSALS_UNTIL_CALLED_OFF = 3;

  private final EventQueue events;
  private final List<SimulatedNode> nodes;
  private final SplittableRandom random;
  private final Coverage coverage;
  private final World world;
  private final ArrayDeque<SimulatedFault> wanted = new ArrayDeque<>();
  private final Set<String> membersSeen = new TreeSet<>();
  private @Nullable Change change;
  private long configurationSeen;
  private long asked;

  /** What the rest of the simulation is told, and allows. */
  interface World {
    /** What is being done, for people. */
    void told(String what);

    /** Nobody waits any more for what this one alone holds. */
    void givesUp(SimulatedNode node);

    /**
     * It has left, and was waited for until others held what it held.
     *
     * @param members who stays
     */
    void left(SimulatedNode node, Set<String> members);
  }

  /** What is being done. */
  private static final class Change {
    final SimulatedFault wanted;
    @Nullable SimulatedNode leaving;
    @Nullable SimulatedNode coming;
    boolean leader;
    boolean begun;
    boolean hasLeft;
    boolean lossAccepted;
    int looks;
    int refusals;

    Change(SimulatedFault wanted) {
      this.wanted = wanted;
    }
  }

  SimulatedOperator(
      EventQueue events,
      List<SimulatedNode> nodes,
      SplittableRandom random,
      Coverage coverage,
      World world) {
    this.events = events;
    this.nodes = nodes;
    this.random = random;
    this.coverage = coverage;
    this.world = world;
  }

  /** Does it, once what was wanted earlier is done. */
  void want(SimulatedFault fault) {
    wanted.add(fault);
    if (change == null) {
      next();
    }
  }

  /** Begins nothing any more; what was begun goes on to its end. */
  void stop() {
    wanted.clear();
  }

  boolean isIdle() {
    return change == null;
  }

  private void next() {
    SimulatedFault first = wanted.poll();
    change = first == null ? null : new Change(first);
    if (first != null) {
      look();
    }
  }

  private void look() {
    ask(
        ListMembersRequest.getDefaultInstance(),
        answer -> {
          Change current = change;
          if (current == null) {
            return;
          }
          if (!(answer instanceof ListMembersResponse list) || !list.getCurrent()) {
            lookLater();
            return;
          }
          Seen seen = new Seen(list);
          configurationSeen = list.getConfigurationIndex();
          membersSeen.clear();
          membersSeen.addAll(seen.members());
          if (list.getChanging()) {
            waits(current, list);
          } else {
            goOn(current, seen);
          }
        });
  }

  /** Who waits for long for one that cannot be reached gives it up, or not. */
  private void waits(Change current, ListMembersResponse list) {
    SimulatedNode leaving = current.leaving;
    if (leaving != null
        && !current.hasLeft
        && list.getWaitingForList().stream().anyMatch(each -> each.contains(leaving.id()))
        && ++current.looks % LOOKS_UNTIL_GIVEN_UP == 0) {
      acceptLoss(current, leaving);
      if (current.lossAccepted) {
        leave(current, leaving);
        return;
      }
    }
    lookLater();
  }

  private void acceptLoss(Change current, SimulatedNode leaving) {
    boolean lost = current.wanted.kind().losesDisk();
    if (!current.lossAccepted && (lost || random.nextInt(4) == 0)) {
      current.lossAccepted = true;
      if (!lost) {
        world.givesUp(leaving);
      }
    }
  }

  /** Asks to have the node leave, in the way that the change wants. */
  private void leave(Change current, SimulatedNode leaving) {
    SimulatedNode coming = current.coming;
    String loss = current.lossAccepted ? ", whatever is lost with it" : "";
    if (current.wanted.kind() == FaultKind.MEMBER_REPLACE && coming != null) {
      request(
          current,
          "replace " + leaving.id() + " by " + coming.id() + loss,
          arrival(coming, leaving).setAcceptLoss(current.lossAccepted));
    } else {
      request(
          current,
          "remove " + leaving.id() + loss,
          ChangeMembersRequest.newBuilder()
              .setRemove(leaving.id())
              .setAcceptLoss(current.lossAccepted));
    }
  }

  private void lookLater() {
    events.after(LOOK_NANOS, this::look);
  }

  /** Who belongs to a cluster in which no change is under way. */
  private record Seen(Set<String> voters, Set<String> members, String leader) {
    Seen(ListMembersResponse list) {
      this(new TreeSet<>(), new TreeSet<>(), list.getLeader());
      for (Member member : list.getMembersList()) {
        members.add(member.getId());
        if (member.getRole().equals("voter")) {
          voters.add(member.getId());
        }
      }
    }

    boolean isVoter(SimulatedNode node) {
      return voters.contains(node.id());
    }

    boolean isMember(SimulatedNode node) {
      return members.contains(node.id());
    }
  }

  // ---- the steps ----

  private void goOn(Change current, Seen seen) {
    if (!current.begun) {
      if (!begin(current, seen)) {
        next();
        return;
      }
      current.begun = true;
    }
    SimulatedNode leaving = current.leaving;
    SimulatedNode coming = current.coming;
    boolean replaces = current.wanted.kind() == FaultKind.MEMBER_REPLACE;
    if (leaving != null && !current.hasLeft && !replaces) {
      if (seen.isMember(leaving)) {
        current.leader |= seen.leader().equals(leaving.id());
        leave(current, leaving);
        return;
      }
      current.hasLeft = true;
      tellLeft(current);
      if (coming != null) {
        coming.startAnew(founders());
      }
    }
    if (coming != null && !seen.isVoter(coming)) {
      current.leader |= replaces && leaving != null && seen.leader().equals(leaving.id());
      if (replaces && leaving != null) {
        leave(current, leaving);
      } else {
        request(current, "take in " + coming.id(), arrival(coming, null));
      }
      return;
    }
    done(current);
  }

  /** Picks the nodes; returns whether there are any. */
  private boolean begin(Change current, Seen seen) {
    SimulatedFault fault = current.wanted;
    SimulatedNode voter = from(fault.node(), seen::isVoter);
    switch (fault.kind()) {
      case MEMBER_ADD -> current.coming = from(fault.node(), node -> !seen.isMember(node));
      case MEMBER_REPLACE -> {
        current.leaving = voter;
        current.coming = from(fault.other(), node -> !seen.isMember(node));
      }
      case MEMBER_REMOVE -> {
        current.leaving = seen.voters().size() < VOTERS_TO_REMOVE_ONE ? null : voter;
        return current.leaving != null;
      }
      case DISK_LOSS, FLIPPED_BIT -> {
        if (seen.voters().size() < VOTERS_TO_LOSE_ONE || voter == null) {
          return false;
        }
        if (fault.kind() == FaultKind.DISK_LOSS) {
          voter.loseDisk(fault);
        } else if (!voter.refusesAfterFlip(fault)) {
          return false;
        }
        current.leaving = voter;
        current.coming = voter;
        world.givesUp(voter);
        return true;
      }
      default -> throw new IllegalArgumentException(fault.kind() + " is no change of members");
    }
    if (current.coming == null) {
      return false;
    }
    current.coming.startAnew(founders());
    return true;
  }

  private @Nullable SimulatedNode from(int number, Predicate<SimulatedNode> suitable) {
    for (int i = 0; i < nodes.size(); i++) {
      SimulatedNode node = nodes.get((number + i) % nodes.size());
      if (suitable.test(node)) {
        return node;
      }
    }
    return null;
  }

  private List<String> founders() {
    return nodes.stream().filter(SimulatedNode::isFounder).map(SimulatedNode::id).toList();
  }

  private void tellLeft(Change current) {
    SimulatedNode leaving = current.leaving;
    if (leaving != null && !current.lossAccepted && !current.wanted.kind().losesDisk()) {
      world.left(leaving, Set.copyOf(membersSeen));
    }
  }

  private void done(Change current) {
    if (current.wanted.kind() == FaultKind.MEMBER_REPLACE) {
      tellLeft(current);
    }
    world.told("is done with " + current.wanted.describe());
    coverage.count(current.wanted.kind());
    if (current.leader) {
      coverage.count(Coverage.Counter.LEADERS_REMOVED);
    }
    next();
  }

  // ---- requests ----

  private static ChangeMembersRequest.Builder arrival(
      SimulatedNode coming, @Nullable SimulatedNode leaving) {
    NewMember added =
        NewMember.newBuilder()
            .setId(coming.id())
            .setPeerAddress(Speaker.addressOf(coming.id()))
            .build();
    return leaving == null
        ? ChangeMembersRequest.newBuilder().setAdd(added)
        : ChangeMembersRequest.newBuilder()
            .setReplace(
                ChangeMembersRequest.Replace.newBuilder().setRemoved(leaving.id()).setAdded(added));
  }

  /**
   * Whatever the answer is, the list of members tells what became of it. A request that arrives
   * late must not undo what was asked after it, so each holds for the members that were seen only.
   */
  private void request(Change current, String what, ChangeMembersRequest.Builder request) {
    world.told("asks to " + what);
    ask(
        request.setExpectedConfigurationIndex(configurationSeen).build(),
        answer -> {
          SimulatedNode coming = change == null ? null : change.coming;
          if (coming != null && !(answer instanceof ErrorDetail)) {
            membersSeen.add(coming.id());
          }
          if (answer instanceof ChangeMembersResponse) {
            world.told("hears that it has begun");
          } else if (answer instanceof ErrorDetail error) {
            world.told("is refused: " + error.getMessage());
            SimulatedNode leaving = current.leaving;
            if (leaving != null && error.getHint().contains("--accept-loss")) {
              acceptLoss(current, leaving);
            }
            if (error.getHint().contains("--abort")
                && ++current.refusals % REFUSALS_UNTIL_CALLED_OFF == 0) {
              callOff();
              return;
            }
          }
          lookLater();
        });
  }

  /** A change of sides may wait for the very node that is to leave, and members wait for it. */
  private void callOff() {
    world.told("calls the change of sides off");
    ask(
        SetModeRequest.newBuilder()
            .setName(SimulatedClient.FLIP_KEYSPACE)
            .setAbort(true)
            .setRequestedBy("operator")
            .build(),
        answer -> lookLater());
  }

  /**
   * Asks some node that runs, of the members that the latest list showed and who is to come where
   * one of them does: removed nodes know of no leader. Null stands for no answer in time.
   */
  private void ask(Message request, SimulatedClient.Handler handler) {
    long number = ++asked;
    events.after(ANSWER_NANOS, () -> answered(number, null, handler));
    List<SimulatedNode> running = new ArrayList<>(nodes);
    running.removeIf(node -> !node.isUp());
    if (running.stream().anyMatch(node -> membersSeen.contains(node.id()))) {
      running.removeIf(node -> !membersSeen.contains(node.id()));
    }
    if (!running.isEmpty()) {
      running
          .get(random.nextInt(running.size()))
          // Not within the node's own turn: what follows may end the process that has answered.
          .call(
              request,
              ANSWER_NANOS,
              answer -> events.after(0, () -> answered(number, answer, handler)));
    }
  }

  private void answered(long number, @Nullable Message answer, SimulatedClient.Handler handler) {
    if (asked == number) {
      asked++;
      handler.answer(answer);
    }
  }
}
