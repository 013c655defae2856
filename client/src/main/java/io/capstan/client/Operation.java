package io.capstan.client;

import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.grpc.MethodDescriptor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One call of a verb: attempt after attempt until an answer that counts, or the deadline.
 *
 * <p>The rules: a read may always be repeated. A write is repeated where every attempt so far
 * surely had no effect, and where it carries the operation id of a registered session, so that the
 * log performs it at most once; one of a counter or a set in an AP keyspace too, where the key
 * itself remembers operation ids. A put or a delete that an AP epoch may have taken is repeated in
 * that epoch only, and only for a caller who wants it: who has heard of neither the write nor what
 * replaced it performs it once more. Where the keyspace has become CP since, it is asked for again:
 * the log finds it by its id, or performs nothing. Everything else that got no clear answer ends
 * UNKNOWN.
 *
 * <p>One step follows another, each started by the end of the one before, so the fields need no
 * lock: gRPC, the timer and the session hand over with a happens-before.
 */
final class Operation<Q, R, T> implements Attempt.Listener<R>, WriteSession.Waiter {
  static final long ATTEMPT_MIN_MILLIS = 300;

  /** With less time left than this no further attempt is made: its answer would come too late. */
  static final long ATTEMPT_WORTHWHILE_MILLIS = 50;

  static final long BACKOFF_MIN_MILLIS = 10;
  static final long BACKOFF_MAX_MILLIS = 250;

  /** How the request may be repeated. */
  enum Kind {
    /** Changes nothing, or the same thing however often it is sent. */
    READ,
    /** Goes through the log, under the operation id of a session. */
    LOGGED_WRITE,
    /** A write of an AP keyspace: has an operation id, is not repeated when uncertain. */
    AP_WRITE,
    /** A write whose keyspace decides between the two above. */
    WRITE_OF_EITHER_MODE,
    /**
     * A write of a counter or a set: as the one above, but in an AP keyspace too it is performed
     * once under its operation id, through whichever nodes it is sent, so it is repeated.
     */
    TYPED_WRITE,
    /**
     * A put or a delete whose keyspace decides, and whose caller wants it repeated in AP too: in
     * the epoch of its first attempt, since a change of sides forgets what was replaced.
     */
    REPEATED_WRITE,
    /** Has no operation id and is not repeated when uncertain. */
    PLAIN_WRITE
  }

  /** Makes the request of an attempt. */
  interface Requests<Q> {
    /**
     * @param keyspaceId 0, or the keyspace that must still have the name
     * @param epoch 0, or the epoch that it must still be in
     */
    Q request(long keyspaceId, long epoch, @Nullable OperationId operation);
  }

  /** Makes the answer of the call. */
  interface Answers<R, T> {
    T answer(R response, long latencyMicros);
  }

  /**
   * What a call consists of.
   *
   * @param keyspace empty where the call is about none
   * @param prefersLeader whether the leader of the keyspace is asked first where it is known
   * @param sessionPatienceNanos how long a read goes on where no node has what its session saw
   * @param lingerNanos how long after the deadline the answer of an attempt is waited for that is
   *     not repeated
   */
  record Call<Q, R, T>(
      String verb,
      MethodDescriptor<Q, R> method,
      Kind kind,
      String keyspace,
      boolean prefersLeader,
      Requests<Q> requests,
      Answers<R, T> answers,
      long sessionPatienceNanos,
      long lingerNanos) {

    Call(
        String verb,
        MethodDescriptor<Q, R> method,
        Kind kind,
        String keyspace,
        boolean prefersLeader,
        Requests<Q> requests,
        Answers<R, T> answers,
        long sessionPatienceNanos) {
      this(verb, method, kind, keyspace, prefersLeader, requests, answers, sessionPatienceNanos, 0);
    }

    Call(
        String verb,
        MethodDescriptor<Q, R> method,
        Kind kind,
        String keyspace,
        boolean prefersLeader,
        Requests<Q> requests,
        Answers<R, T> answers) {
      this(verb, method, kind, keyspace, prefersLeader, requests, answers, Long.MAX_VALUE);
    }
  }

  private final ClientCore core;
  private final Call<Q, R, T> call;
  private final CompletableFuture<T> result = new CompletableFuture<>();
  private final long startNanos = System.nanoTime();
  private final long deadlineNanos;
  private final boolean counted;

  private Kind kind;
  private @Nullable OperationId operation;
  private WriteSession.@Nullable Ticket ticket;
  private KeyspaceDirectory.@Nullable Entry pinned;
  // Whether the keyspace changed sides after an attempt that may have been applied.
  private boolean crossed;
  // Whether the log is asked for a write that an AP epoch may have taken, under an id that it does
  // not know: it performs nothing by that.
  private boolean asksTheLog;
  private @Nullable Failure last;
  // Whether some attempt may have been, or may still be, applied.
  private boolean uncertain;
  // The last one of an attempt that had a connection.
  private @Nullable Failure lastSent;
  // The last one that a node stated itself.
  private @Nullable Failure lastFromServer;
  private int failures;
  private long tried;
  private long everTried;

  /**
   * @param counted whether it has a place among the open calls of the client, to be given back
   */
  Operation(ClientCore core, Call<Q, R, T> call, long timeoutNanos, boolean counted) {
    this.core = core;
    this.call = call;
    this.counted = counted;
    this.kind = call.kind();
    this.deadlineNanos = startNanos + timeoutNanos;
  }

  CompletableFuture<T> start() {
    plan();
    return result;
  }

  private long remainingNanos() {
    return deadlineNanos - System.nanoTime();
  }

  /** Decides how the next attempts may be repeated, and finds the operation id they need. */
  private void plan() {
    operation = null;
    pinned = null;
    kind = call.kind();
    switch (kind) {
      case READ, PLAIN_WRITE -> attempt();
      case LOGGED_WRITE -> planLogged();
      case AP_WRITE -> planAp();
      case WRITE_OF_EITHER_MODE, TYPED_WRITE, REPEATED_WRITE -> {
        KeyspaceDirectory.Entry known = core.directory().get(call.keyspace());
        if (known != null) {
          planByMode(known);
        } else {
          core.lookUpKeyspaces(remainingNanos(), this::planAfterLookup);
        }
      }
    }
  }

  private void planAfterLookup() {
    KeyspaceDirectory.Entry known = core.directory().get(call.keyspace());
    if (known != null) {
      planByMode(known);
    } else {
      // Perhaps just created. The careful way; in CP the answer UNKNOWN_SESSION will say so.
      planAp();
    }
  }

  private void planByMode(KeyspaceDirectory.Entry known) {
    if (known.mode() == Mode.MODE_CP) {
      // Repeated as one logged write, so it must not land in an AP epoch: the epoch is pinned.
      pinned = known;
      planLogged();
    } else {
      pinned = call.kind() == Kind.REPEATED_WRITE ? known : null;
      planAp();
    }
  }

  private void planLogged() {
    kind = Kind.LOGGED_WRITE;
    if (core.usesSession()) {
      core.session().acquire(deadlineNanos, this);
    } else {
      attempt();
    }
  }

  private void planAp() {
    kind = Kind.AP_WRITE;
    operation = core.usesSession() ? core.nextApOperation() : null;
    attempt();
  }

  @Override
  public void granted(WriteSession.Ticket granted) {
    ticket = granted;
    operation =
        OperationId.newBuilder()
            .setSession(granted.session())
            .setSequence(granted.sequence())
            .build();
    attempt();
  }

  @Override
  public void refused(Failure failure) {
    end(failure, failure.message());
  }

  private void attempt() {
    if (core.isClosed()) {
      finish(Failure.notSent(ErrorCode.CANCELLED, "The client was closed.", ""));
      return;
    }
    long remaining = remainingNanos();
    if (remaining <= 0) {
      finish(late());
      return;
    }
    Endpoints endpoints = core.endpoints();
    String leader = call.prefersLeader() ? core.directory().leaderOf(call.keyspace()) : "";
    Endpoint endpoint = endpoints.choose(leader, tried);
    tried |= endpoint.bit();
    everTried |= endpoint.bit();
    long share =
        Math.max(
            TimeUnit.MILLISECONDS.toNanos(ATTEMPT_MIN_MILLIS),
            remaining / (endpoints.openBeside(tried) + 1));
    long connectNanos = Math.min(remaining, share);
    long answerNanos = isRepeatable() ? connectNanos : remaining + call.lingerNanos();
    long keyspaceId = pinned == null ? 0 : pinned.id();
    long epoch = pinned == null ? 0 : pinned.epoch();
    Attempt.start(
        endpoint,
        call.method(),
        call.requests().request(keyspaceId, epoch, operation),
        answerNanos,
        connectNanos,
        core.delays(),
        this);
  }

  /** Whether an attempt without a clear answer may be followed by another one. */
  private boolean isRepeatable() {
    return kind == Kind.READ
        || (ticket != null && !crossed)
        || asksTheLog
        || (kind == Kind.AP_WRITE && operation != null && isRecognisedInAp());
  }

  private boolean isRecognisedInAp() {
    return call.kind() == Kind.TYPED_WRITE
        || (call.kind() == Kind.REPEATED_WRITE && pinned != null);
  }

  @Override
  public void answered(Endpoint endpoint, R response) {
    endpoint.recovered();
    long latencyMicros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
    T answer;
    try {
      core.learn(endpoint, response);
      answer = call.answers().answer(response, latencyMicros);
    } catch (RuntimeException e) {
      uncertain = true;
      finish(Failure.notSent(ErrorCode.INTERNAL, "The answer could not be understood: " + e, ""));
      return;
    }
    releaseTicket();
    if (counted) {
      core.ended();
    }
    result.complete(answer);
  }

  @Override
  public void failed(Endpoint endpoint, Failure failure) {
    if (failure.sent()) {
      lastSent = failure;
    }
    if (failure.fromServer()) {
      lastFromServer = failure;
    }
    last = failure;
    failures++;
    if (failure.isOfEndpoint()) {
      core.endpoints().failed(endpoint);
    } else {
      endpoint.recovered();
      if (failure.receipt() != null) {
        core.learn(endpoint, failure.receipt());
      }
      core.directory().learnLeader(call.keyspace(), failure.leader());
    }
    if (core.isClosed()) {
      uncertain |= failure.outcome() == Outcome.UNKNOWN;
      finish(Failure.notSent(ErrorCode.CANCELLED, "The client was closed.", ""));
    } else if (call.kind() == Kind.READ) {
      if (failure.isPassing() && !hasLostPatience(failure)) {
        retry(failure);
      } else {
        finish(failure);
      }
    } else if (failure.code().equals(ErrorCode.UNKNOWN_SESSION)) {
      afterUnknownSession(failure);
    } else if (failure.outcome() == Outcome.UNKNOWN) {
      afterUncertainWrite(failure);
    } else {
      afterRefusedWrite(failure);
    }
  }

  private void afterUncertainWrite(Failure failure) {
    uncertain = true;
    if (isRepeatable() && !failure.code().equals(ErrorCode.BEYOND_WINDOW)) {
      retry(failure);
    } else if (kind == Kind.AP_WRITE
        && operation != null
        && !failure.code().equals(ErrorCode.BEYOND_WINDOW)) {
      lookAgain(failure);
    } else {
      finish(failure);
    }
  }

  private void lookAgain(Failure failure) {
    core.directory().forget(call.keyspace());
    afterBackoff(failure, () -> lookForOpening(failure));
  }

  /** Where the keyspace has become CP, what its AP epoch has taken is settled. */
  private void lookForOpening(Failure failure) {
    core.lookUpKeyspaces(
        remainingNanos(),
        () -> {
          KeyspaceDirectory.Entry known = core.directory().get(call.keyspace());
          if (known != null && known.mode() == Mode.MODE_CP) {
            pinned = known;
            asksTheLog = true;
            attempt();
          } else if (failure.code().equals(ErrorCode.WRONG_EPOCH) && known == null) {
            // Nobody could be asked yet.
            afterBackoff(failure, () -> lookForOpening(failure));
          } else {
            finish(failure);
          }
        });
  }

  /** This attempt had no effect; an earlier one may still have one. */
  private void afterRefusedWrite(Failure failure) {
    String code = failure.code();
    if (pinned != null && (code.equals(ErrorCode.WRONG_EPOCH) || isOtherKeyspace(code))) {
      if (!uncertain) {
        replan(failure);
      } else if (code.equals(ErrorCode.WRONG_EPOCH) && ticket != null) {
        // Whatever epoch it is now, its nodes find out by the operation id whether the earlier one
        // has executed it.
        pinned = null;
        crossed = true;
        core.directory().forget(call.keyspace());
        retry(failure);
      } else if (code.equals(ErrorCode.WRONG_EPOCH) && kind == Kind.AP_WRITE && !asksTheLog) {
        lookAgain(failure);
      } else {
        finish(failure);
      }
    } else if (failure.isDecidedByLog() && ticket != null) {
      uncertain = false;
      finish(failure);
    } else if (failure.isPassing() || isOfThatNodeOnly(failure)) {
      retry(failure);
    } else {
      finish(failure);
    }
  }

  /** Another node may take what this one must not; each is asked once. */
  private boolean isOfThatNodeOnly(Failure failure) {
    return failure.code().equals(ErrorCode.CLOCK_AHEAD) && core.endpoints().openBeside(tried) > 0;
  }

  private static boolean isOtherKeyspace(String code) {
    return code.equals(ErrorCode.UNKNOWN_KEYSPACE) || code.equals(ErrorCode.WRONG_MODE);
  }

  /**
   * The log has not performed this attempt. An earlier one may have been performed, of this client
   * or, where the outcome says so, of the node that forwarded it.
   */
  private void afterUnknownSession(Failure failure) {
    uncertain |= failure.outcome() == Outcome.UNKNOWN;
    WriteSession.Ticket refused = ticket;
    if (refused != null) {
      core.session().forget(refused.session());
    }
    if (uncertain || operation == null) {
      // Under another session it would be another write, and perhaps a second one.
      finish(failure);
    } else if (refused != null) {
      releaseTicket();
      afterBackoff(failure, this::planLogged);
    } else {
      // A CP keyspace that was not known to be one.
      KeyspaceDirectory.Entry known = core.directory().get(call.keyspace());
      pinned = known != null && known.mode() == Mode.MODE_CP ? known : null;
      core.directory().forget(call.keyspace());
      operation = null;
      afterBackoff(failure, this::planLogged);
    }
  }

  /** The keyspace is not what it was taken for: look again, then start over. */
  private void replan(Failure failure) {
    core.directory().forget(call.keyspace());
    releaseTicket();
    afterBackoff(failure, this::plan);
  }

  private void retry(Failure failure) {
    Endpoints endpoints = core.endpoints();
    boolean others = endpoints.openBeside(tried) > 0;
    if (!others) {
      tried = 0;
    }
    if (isHopeless()) {
      finish(failure);
    } else if (others && failure.isOfEndpoint()) {
      attempt();
    } else {
      afterBackoff(failure, this::attempt);
    }
  }

  /** Every node may have what the session saw, so each is asked once whatever the patience. */
  private boolean hasLostPatience(Failure failure) {
    return failure.code().equals(ErrorCode.SESSION_NOT_MET)
        && core.endpoints().openBeside(tried) == 0
        && System.nanoTime() - startNanos >= call.sessionPatienceNanos();
  }

  private boolean isHopeless() {
    return lastSent == null
        && core.endpoints().areAll(everTried)
        && System.nanoTime() - startNanos >= core.unreachableAfterNanos();
  }

  private void afterBackoff(Failure failure, Runnable next) {
    long millis = Math.min(BACKOFF_MAX_MILLIS, BACKOFF_MIN_MILLIS << Math.min(failures - 1, 16));
    long jittered = millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1);
    long nanos = TimeUnit.MILLISECONDS.toNanos(jittered);
    if (remainingNanos() - nanos < TimeUnit.MILLISECONDS.toNanos(ATTEMPT_WORTHWHILE_MILLIS)) {
      finish(failure);
    } else {
      core.delays().after(nanos, next);
    }
  }

  private Failure late() {
    Failure before = last;
    return before != null
        ? before
        : Failure.notSent(ErrorCode.TIMEOUT, "The deadline passed before anything was sent.", "");
  }

  private void releaseTicket() {
    WriteSession.Ticket held = ticket;
    if (held != null) {
      ticket = null;
      core.session().release(held);
    }
  }

  private void finish(Failure failure) {
    Failure told = failure;
    if (!failure.fromServer()
        && failure.isPassing()
        && call.kind() == Kind.READ
        && lastFromServer != null) {
      // The last attempt had little time; what a node said before tells more than its silence.
      told = lastFromServer;
    } else if (failure.code().equals(ErrorCode.UNREACHABLE) && lastSent != null) {
      // What a node said, or kept silent about, tells more than that another one is down.
      told = lastSent;
    }
    end(told, explain(told));
  }

  private Outcome outcome() {
    return call.kind() != Kind.READ && uncertain ? Outcome.UNKNOWN : Outcome.FAILED;
  }

  private String explain(Failure failure) {
    if (failure.code().equals(ErrorCode.UNREACHABLE)) {
      return "No endpoint could be reached ("
          + String.join(", ", core.addresses())
          + "). "
          + failure.message();
    }
    if (outcome() == Outcome.UNKNOWN) {
      return "The " + call.verb() + " may or may not have been applied. " + failure.message();
    }
    return failure.message();
  }

  private void end(Failure failure, String message) {
    releaseTicket();
    if (counted) {
      core.ended();
    }
    result.completeExceptionally(WireAnswers.exception(failure, outcome(), message));
  }
}
