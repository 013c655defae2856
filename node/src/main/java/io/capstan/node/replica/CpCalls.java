package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.ProposeResult;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.ReadRejection;
import io.capstan.node.raft.ReadState;
import io.capstan.node.raft.Role;
import io.capstan.proto.peer.v1.ForwardReply;
import io.capstan.proto.peer.v1.ReadBarrier;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.TransferLeadershipRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Moves open calls that need the log or a leader: proposes and waits for the entry to be applied,
 * confirms reads, forwards to the leader, and tries again where that cannot apply anything twice.
 *
 * <p>A call ends in exactly one answer. A write is FAILED only where no attempt of it can ever be
 * applied; otherwise, without an answer from the log, it is UNKNOWN.
 */
final class CpCalls {

  /** Where answers go, and where a call goes whose catalogue is now recent. */
  interface Exit {
    void answer(Call call, CpAnswers.Answer answer);

    void forward(Call call, String leader, Message request, long timeoutMillis);

    /** The barrier that the call asked for is passed ({@code current}), or could not be had. */
    void catalogueSeen(Call call, boolean current);

    /** The keyspace changed sides before the call could be applied; it may be served anew. */
    void epochPassed(Call call);
  }

  /** Patience without a leader, in election timeouts; an election takes one to two. */
  private static final int NO_LEADER_ELECTION_TIMEOUTS = 3;

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final CpAnswers answers;
  private final Membership membership;
  private final CpCommands commands;
  private final Exit exit;

  private final Map<Long, Call> open = new LinkedHashMap<>();
  private final Map<Long, Call> proposed = new HashMap<>();
  private final Map<Long, Call> forwarded = new HashMap<>();
  private final List<Call> confirmed = new ArrayList<>();
  private long forwards;
  private @Nullable String leaderSeen;
  // Whether any open call may be waiting for a leader; looked through only then.
  private boolean someWait;
  // Who was refused by a leader that hands over, or leads no more, is tried again from this moment
  // on, or once another leads: not in a circle, as fast as messages travel.
  private long heldUntilNanos;
  // No open call runs out of time or patience before this moment.
  private long nextExpiryNanos;
  private Moment now;

  CpCalls(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      CpAnswers answers,
      Membership membership,
      Exit exit,
      Moment now) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.answers = answers;
    this.membership = membership;
    this.commands = new CpCommands(config.groupId());
    this.exit = exit;
    this.now = now;
    this.heldUntilNanos = now.nanos();
  }

  /** Who leads as far as this node knows; empty where nobody is known. */
  String leader() {
    String leader = raft.leaderId();
    return leader == null ? "" : leader;
  }

  int openCalls() {
    return open.size();
  }

  /** Takes the call and starts its first attempt. */
  void begin(Call call, Moment moment) {
    now = moment;
    expiryAt(call.deadlineNanos, open.isEmpty());
    open.put(call.key, call);
    attempt(call);
  }

  private void waitForLeader(Call call) {
    call.waitForLeader(now.nanos());
    someWait = true;
    expiryAt(call.waitingSinceNanos + patienceNanos(), false);
  }

  private void holdAttempts() {
    heldUntilNanos = now.nanos() + config.heartbeatIntervalMillis() * 1_000_000L;
  }

  private void expiryAt(long nanos, boolean first) {
    if (first || nanos - nextExpiryNanos < 0) {
      nextExpiryNanos = nanos;
    }
  }

  private long patienceNanos() {
    return NO_LEADER_ELECTION_TIMEOUTS * config.electionTimeoutMillis() * 1_000_000L;
  }

  // ---- attempts ----

  private void attempt(Call call) {
    String leader = raft.leaderId();
    if (raft.role() == Role.LEADER) {
      if (call.request instanceof TransferLeadershipRequest transfer) {
        finish(call, membership.transfer(transfer));
      } else if (call.isWrite() && !call.catalogueBarrier) {
        propose(call);
      } else {
        call.state = Call.State.READING;
        raft.readIndex(call.key, now.nanos());
      }
    } else if (call.origin != null) {
      finish(call, failure(Errors.noLeader(config.nodeId(), members(), call.maybeApplied())));
    } else if (leader != null && !leader.equals(config.nodeId())) {
      call.state = Call.State.FORWARDED;
      // A number of its own: what was said to an earlier attempt says nothing about this one.
      forwarded.remove(call.forwardId);
      call.forwardId = ++forwards;
      forwarded.put(call.forwardId, call);
      call.currentUncertain = call.isWrite() && !call.catalogueBarrier;
      long timeoutMillis = Math.max(1, (call.deadlineNanos - now.nanos()) / 1_000_000);
      Message request = call.catalogueBarrier ? ReadBarrier.getDefaultInstance() : call.request;
      exit.forward(call, leader, request, timeoutMillis);
    } else {
      waitForLeader(call);
    }
  }

  private void propose(Call call) {
    ErrorDetail outdated =
        call.request instanceof ChangeMembersRequest change ? membership.outdated(change) : null;
    if (outdated != null) {
      finish(call, failure(outdated));
      return;
    }
    LogCommand command;
    try {
      command = commands.of(call.request, call.keyspace, call.operation(), now.wallMillis());
    } catch (CpCommands.RefusedContext refused) {
      finish(
          call,
          failure(
              Errors.invalid(
                  Objects.requireNonNullElse(refused.getMessage(), "The context cannot be read."),
                  "Read the key again and give back the context of that receipt.")));
      return;
    }
    switch (raft.propose(command.toByteArray())) {
      case ProposeResult.Accepted accepted -> {
        call.state = Call.State.PROPOSED;
        call.currentUncertain = true;
        call.proposedIndex = accepted.index();
        call.proposedTerm = accepted.term();
        Call overwritten = proposed.put(accepted.index(), call);
        if (overwritten != null) {
          surelyLost(overwritten);
        }
      }
      case ProposeResult.NotLeader notLeader -> waitForLeader(call);
      case ProposeResult.Overloaded overloaded ->
          finish(
              call,
              failure(
                  Errors.overloaded(
                      switch (overloaded.limit()) {
                        case UNCOMMITTED_BYTES ->
                            overloaded.current()
                                + " bytes wait for a majority, "
                                + overloaded.max()
                                + " are allowed";
                        case APPLY_LAG_BYTES ->
                            overloaded.current()
                                + " bytes wait to be applied, "
                                + overloaded.max()
                                + " are allowed";
                        case APPLY_LAG_ENTRIES ->
                            overloaded.current()
                                + " entries wait to be applied, "
                                + overloaded.max()
                                + " are allowed";
                      })));
      case ProposeResult.Transferring transferring -> {
        waitForLeader(call);
        holdAttempts();
      }
    }
  }

  /** The present attempt's entry is gone for good: another one is committed in its place. */
  private void surelyLost(Call call) {
    if (call.state != Call.State.PROPOSED) {
      return;
    }
    call.currentUncertain = false;
    waitForLeader(call);
  }

  // ---- what Raft reports ----

  /** An entry was applied; its result is null for the no-op of a leader. */
  void applied(Entry entry, @Nullable CommandResult result) {
    Call call = proposed.remove(entry.index());
    if (call == null || call.state == Call.State.DONE) {
      return;
    }
    if (result != null && entry.term() == call.proposedTerm) {
      if (isEpochPassed(result) && mayGoOn(call)) {
        leave(call);
        exit.epochPassed(call);
        return;
      }
      finish(
          call,
          call.request instanceof ChangeMembersRequest change
              ? membership.begin(change)
              : answers.ofWrite(call, result));
    } else {
      surelyLost(call);
    }
  }

  private static boolean isEpochPassed(CommandResult result) {
    return result.getCode() == CommandResult.Code.CODE_WRONG_EPOCH
        || result.getCode() == CommandResult.Code.CODE_WRONG_MODE;
  }

  /** Whether the client of this node asked for no epoch, and no attempt can have been applied. */
  private static boolean mayGoOn(Call call) {
    return call.origin == null
        && !call.earlierUncertain
        && CallRouter.epochAsked(call.request) == 0;
  }

  /** A read index was confirmed; it is served once it is applied. */
  void confirmed(ReadState read) {
    Call call = open.get(read.requestId());
    if (call == null || call.state != Call.State.READING) {
      return;
    }
    call.readIndex = read.readIndex();
    if (call.request instanceof ReadBarrier) {
      finish(
          call,
          new CpAnswers.Answer.Success(
              ForwardReply.newBuilder().setReadIndex(read.readIndex()).build()));
    } else {
      confirmed.add(call);
    }
  }

  void rejected(ReadRejection rejection) {
    Call call = open.get(rejection.requestId());
    if (call == null || call.state != Call.State.READING) {
      return;
    }
    switch (rejection.reason()) {
      case NOT_LEADER -> {
        if (call.origin != null) {
          finish(call, failure(Errors.noLeader(config.nodeId(), members(), false)));
        } else {
          waitForLeader(call);
        }
      }
      case OVERLOADED ->
          finish(call, failure(Errors.overloaded("too many reads wait for confirmation")));
    }
  }

  /** Serves what was waiting for entries to be applied. */
  void serveConfirmed() {
    if (confirmed.isEmpty()) {
      return;
    }
    List<Call> ready = new ArrayList<>();
    for (Iterator<Call> each = confirmed.iterator(); each.hasNext(); ) {
      Call call = each.next();
      if (call.state == Call.State.DONE) {
        each.remove();
      } else if (call.readIndex <= machine.appliedIndex()) {
        each.remove();
        ready.add(call);
      }
    }
    for (Call call : ready) {
      serve(call);
    }
  }

  private void serve(Call call) {
    if (call.catalogueBarrier) {
      leave(call);
      exit.catalogueSeen(call, true);
      return;
    }
    if (call.keyspace == null || machine.catalogue().withId(call.keyspace.getId()) == null) {
      finish(
          call,
          failure(
              Errors.unknownKeyspace(
                  call.keyspace == null ? "(dropped)" : call.keyspace.getName())));
      return;
    }
    KeyspaceRecord present = machine.catalogue().withId(call.keyspace.getId());
    if (present != null && present.getEpoch() != call.keyspace.getEpoch()) {
      if (mayGoOn(call)) {
        leave(call);
        exit.epochPassed(call);
      } else {
        finish(call, failure(Errors.wrongEpoch(present)));
      }
      return;
    }
    finish(call, answers.read(call.request, call.keyspace, Level.LEVEL_LINEARIZABLE));
  }

  /** Role, leader or term changed: attempts that the change ended start again. */
  void leadershipChanged(Moment moment) {
    now = moment;
    String leader = raft.leaderId();
    boolean sameLeader = Objects.equals(leader, leaderSeen);
    leaderSeen = leader;
    heldUntilNanos = now.nanos();
    boolean leading = raft.role() == Role.LEADER;
    for (Call call : List.copyOf(open.values())) {
      boolean ended =
          (call.state == Call.State.FORWARDED && !sameLeader)
              || (call.state == Call.State.PROPOSED
                  && !(leading && call.proposedTerm == raft.term()));
      if (!ended) {
        continue;
      }
      if (call.origin != null || !call.mayBeAttemptedAgain()) {
        // Without an operation id a second attempt could apply it twice: the client decides.
        finish(call, failure(Errors.noLeader(config.nodeId(), members(), call.maybeApplied())));
      } else {
        waitForLeader(call);
      }
    }
    attemptWaiting();
  }

  private void attemptWaiting() {
    if (!someWait || raft.leaderId() == null || now.nanos() - heldUntilNanos < 0) {
      return;
    }
    // Set again by every attempt that ends in waiting once more.
    someWait = false;
    for (Call call : List.copyOf(open.values())) {
      if (call.state == Call.State.WAITING_FOR_LEADER) {
        attempt(call);
      }
    }
  }

  // ---- answers of the leader ----

  /**
   * What the leader said to a forwarded call of this node. Late and repeated replies are ignored:
   * one to an earlier attempt must not pass for one to the present attempt.
   */
  void forwardReplied(ForwardReply reply, Moment moment) {
    now = moment;
    Call call = forwarded.remove(reply.getForwardId());
    if (call == null || call.state != Call.State.FORWARDED) {
      return;
    }
    switch (reply.getReplyCase()) {
      case READ_INDEX -> {
        call.state = Call.State.READING;
        call.readIndex = reply.getReadIndex();
        confirmed.add(call);
      }
      case ERROR -> leaderRefused(call, reply.getError());
      case REPLY_NOT_SET -> {}
      default -> finish(call, new CpAnswers.Answer.Success(ForwardCodec.response(reply)));
    }
  }

  private void leaderRefused(Call call, ErrorDetail error) {
    boolean definite = error.getOutcome() == Outcome.OUTCOME_FAILED;
    if (definite) {
      call.currentUncertain = false;
    }
    if (definite && error.getCode().equals(Errors.WRONG_EPOCH) && mayGoOn(call)) {
      leave(call);
      exit.epochPassed(call);
      return;
    }
    boolean leaderless = error.getCode().equals(Errors.NO_LEADER);
    if (leaderless && call.mayBeAttemptedAgain()) {
      waitForLeader(call);
      holdAttempts();
      return;
    }
    finish(call, failure(error));
  }

  // ---- time ----

  /** Gives up what waited too long and tries again what waits for a leader. */
  void tick(Moment moment) {
    now = moment;
    attemptWaiting();
    if (open.isEmpty() || now.nanos() - nextExpiryNanos < 0) {
      return;
    }
    expireLate();
    boolean first = true;
    for (Call call : open.values()) {
      expiryAt(call.deadlineNanos, first);
      first = false;
      if (call.state == Call.State.WAITING_FOR_LEADER) {
        expiryAt(call.waitingSinceNanos + patienceNanos(), false);
      }
    }
  }

  /** The earliest moment at which {@link #tick} has something to do if no other input comes. */
  OptionalLong nextTickNanos() {
    if (open.isEmpty()) {
      return OptionalLong.empty();
    }
    boolean retry = someWait && raft.leaderId() != null;
    return OptionalLong.of(
        retry && heldUntilNanos - nextExpiryNanos < 0
            ? (heldUntilNanos - now.nanos() > 0 ? heldUntilNanos : now.nanos())
            : nextExpiryNanos);
  }

  private void expireLate() {
    List<Call> expired = new ArrayList<>();
    for (Call call : open.values()) {
      if (isLate(call) || isImpatient(call)) {
        expired.add(call);
      }
    }
    for (Call call : expired) {
      if (call.catalogueBarrier) {
        leave(call);
        exit.catalogueSeen(call, false);
      } else if (call.state == Call.State.WAITING_FOR_LEADER) {
        finish(call, failure(Errors.noLeader(config.nodeId(), members(), call.maybeApplied())));
      } else {
        finish(
            call, failure(Errors.deadline(config.nodeId(), call.maybeApplied(), call.isWrite())));
      }
    }
  }

  private boolean isLate(Call call) {
    return now.nanos() - call.deadlineNanos >= 0;
  }

  private boolean isImpatient(Call call) {
    return call.state == Call.State.WAITING_FOR_LEADER
        && now.nanos() - call.waitingSinceNanos >= patienceNanos();
  }

  // ---- the end of a call ----

  private void finish(Call call, CpAnswers.Answer answer) {
    leave(call);
    exit.answer(call, call.earlierUncertain ? honest(answer) : answer);
  }

  /** A refusal of this attempt says nothing about an earlier one, unless the log itself spoke. */
  private static CpAnswers.Answer honest(CpAnswers.Answer answer) {
    if (!(answer instanceof CpAnswers.Answer.Failure failure)
        || failure.error().getOutcome() != Outcome.OUTCOME_FAILED
        || isWordOfTheLog(failure.error().getCode())) {
      return answer;
    }
    ErrorDetail error = failure.error();
    return failure(
        error.toBuilder()
            .setOutcome(Outcome.OUTCOME_UNKNOWN)
            .setMessage(error.getMessage() + " An earlier attempt may have been applied.")
            .build());
  }

  private static boolean isWordOfTheLog(String code) {
    return switch (code) {
      case Errors.CONFLICT, Errors.SIBLINGS, Errors.WRONG_TYPE, Errors.KEYSPACE_EXISTS -> true;
      default -> false;
    };
  }

  private void leave(Call call) {
    call.state = Call.State.DONE;
    open.remove(call.key);
    proposed.remove(call.proposedIndex, call);
    forwarded.remove(call.forwardId);
  }

  private int members() {
    return raft.configuration().voters().size();
  }

  private static CpAnswers.Answer failure(ErrorDetail error) {
    return new CpAnswers.Answer.Failure(error);
  }
}
