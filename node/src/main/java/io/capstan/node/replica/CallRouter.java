package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.keyspace.LevelRule;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.proto.peer.v1.ReadBarrier;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TxnRequest;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides for each request which side of the CAP theorem serves it: the log, or this node as
 * coordinator.
 *
 * <p>A keyspace that this node does not know may have been created a moment ago elsewhere, so the
 * node first catches up with the leader and looks again before it says so.
 */
final class CallRouter {

  private final ReplicaConfig config;
  private final StateMachine machine;
  private final CpAnswers answers;
  private final ApKeyspaces apKeyspaces;
  private final CpCalls calls;
  private final Membership membership;
  private final BiConsumer<Call, CpAnswers.Answer> exit;
  private final HeldWrites held = new HeldWrites();
  private long lastKey;

  CallRouter(
      ReplicaConfig config,
      StateMachine machine,
      CpAnswers answers,
      ApKeyspaces apKeyspaces,
      CpCalls calls,
      Membership membership,
      BiConsumer<Call, CpAnswers.Answer> exit) {
    this.config = config;
    this.machine = machine;
    this.answers = answers;
    this.apKeyspaces = apKeyspaces;
    this.calls = calls;
    this.membership = membership;
    this.exit = exit;
  }

  /** A client of this node asks. */
  void client(Input.ClientCall input, Moment now) {
    Call call =
        new Call(
            ++lastKey, input.callId(), null, input.request(), input.deadlineNanos(), now.nanos());
    start(call, now);
  }

  /** Another node forwards a request, because it believes that this one leads. */
  void forwarded(Call.Origin origin, Message request, long deadlineNanos, Moment now) {
    start(new Call(++lastKey, 0, origin, request, deadlineNanos, now.nanos()), now);
  }

  private void start(Call call, Moment now) {
    if (calls.openCalls() + held.size() >= config.callsMax()) {
      fail(
          call,
          Errors.overloaded(
              calls.openCalls()
                  + held.size()
                  + " requests are open, "
                  + config.callsMax()
                  + " are allowed"));
      return;
    }
    route(call, false, true, now);
  }

  /** The catalogue was brought up to date for the call, or could not be. */
  void catalogueSeen(Call barrier, boolean current, Moment now) {
    Call call =
        new Call(
            ++lastKey,
            barrier.callId,
            barrier.origin,
            barrier.request,
            barrier.deadlineNanos,
            now.nanos());
    route(call, true, current, now);
  }

  /** The keyspace has come to another phase, mode or epoch, or is gone. */
  void keyspaceChanged(long keyspaceId, Moment now) {
    for (Call call : held.release(keyspaceId)) {
      route(call, false, true, now);
    }
  }

  /**
   * The log refused a write because its keyspace has changed sides before; where the client did not
   * ask for an epoch, the present one serves it.
   */
  void epochPassed(Call call, Moment now) {
    Call again =
        new Call(
            ++lastKey, call.callId, call.origin, call.request, call.deadlineNanos, now.nanos());
    again.catalogueBarrier = true;
    calls.begin(again, now);
  }

  /** Ends what waited for as long as its client would. */
  void tick(Moment now) {
    for (Call call : held.expire(now.nanos())) {
      KeyspaceRecord keyspace = call.keyspace;
      if (keyspace != null) {
        KeyspaceRecord present = machine.catalogue().withId(keyspace.getId());
        fail(
            call,
            Errors.sealed(
                keyspace,
                ModeSwitches.phaseOf(present == null ? keyspace : present),
                (now.nanos() - call.heldSinceNanos) / 1_000_000));
      }
    }
  }

  long nextTickNanos(long otherwiseNanos) {
    return held.nextTickNanos(otherwiseNanos);
  }

  private void route(Call call, boolean catalogueSeen, boolean current, Moment now) {
    switch (call.request) {
      case ReadBarrier barrier -> calls.begin(call, now);
      case OpenSessionRequest open -> calls.begin(call, now);
      case ChangeMembersRequest change -> calls.begin(call, now);
      case TransferLeadershipRequest transfer -> calls.begin(call, now);
      case ListMembersRequest list -> {
        if (catalogueSeen) {
          exit.accept(call, new CpAnswers.Answer.Success(membership.list(current)));
        } else {
          refreshCatalogue(call, now);
        }
      }
      case CreateKeyspaceRequest create -> create(call, create, now);
      case ListKeyspacesRequest list -> {
        if (catalogueSeen) {
          exit.accept(call, new CpAnswers.Answer.Success(list(list, current)));
        } else {
          refreshCatalogue(call, now);
        }
      }
      case SetModeRequest set -> {
        KeyspaceRecord keyspace =
            resolve(
                call,
                KeyspaceRef.newBuilder().setName(set.getName()).build(),
                catalogueSeen,
                current,
                now);
        if (keyspace != null) {
          call.keyspace = keyspace;
          calls.begin(call, now);
        }
      }
      case DropKeyspaceRequest drop -> {
        KeyspaceRef ref =
            KeyspaceRef.newBuilder().setName(drop.getName()).setId(drop.getId()).build();
        KeyspaceRecord keyspace = resolve(call, ref, catalogueSeen, current, now);
        if (keyspace != null) {
          call.keyspace = keyspace;
          calls.begin(call, now);
        }
      }
      default -> {
        KeyspaceRecord keyspace = resolve(call, refOf(call.request), catalogueSeen, current, now);
        if (keyspace != null) {
          serve(call, keyspace, now);
        }
      }
    }
  }

  private void create(Call call, CreateKeyspaceRequest create, Moment now) {
    boolean levelFits =
        switch (create.getMinWrites()) {
          case LEVEL_UNSPECIFIED, LEVEL_ONE, LEVEL_QUORUM, LEVEL_ALL -> true;
          default -> false;
        };
    if (create.getMode() != Mode.MODE_CP && create.getMode() != Mode.MODE_AP) {
      fail(call, Errors.invalid("A keyspace is created with mode cp or ap.", "Name one of them."));
    } else if (!levelFits) {
      fail(
          call,
          Errors.invalid(
              "The smallest write level of a keyspace is one, quorum or all.",
              "Name one of them."));
    } else {
      calls.begin(call, now);
    }
  }

  /** The keyspace that the request means, or null where the call was answered or sent to wait. */
  private @Nullable KeyspaceRecord resolve(
      Call call, KeyspaceRef ref, boolean catalogueSeen, boolean current, Moment now) {
    KeyspaceRecord keyspace = machine.catalogue().named(ref.getName());
    boolean fits = keyspace != null && (ref.getId() == 0 || ref.getId() == keyspace.getId());
    if (!fits) {
      if (catalogueSeen) {
        fail(
            call,
            // Before its first leader has made the first keyspace, a cluster knows none.
            current && machine.bootstrapped()
                ? Errors.unknownKeyspace(ref.getName())
                : Errors.cannotLookUp(config.nodeId(), ref.getName()));
      } else {
        refreshCatalogue(call, now);
      }
      return null;
    }
    if (keyspace != null && ref.getEpoch() != 0 && ref.getEpoch() != keyspace.getEpoch()) {
      fail(call, Errors.wrongEpoch(keyspace));
      return null;
    }
    return keyspace;
  }

  private void refreshCatalogue(Call call, Moment now) {
    call.catalogueBarrier = true;
    calls.begin(call, now);
  }

  private void serve(Call call, KeyspaceRecord keyspace, Moment now) {
    call.keyspace = keyspace;
    boolean ap = keyspace.getMode() == Mode.MODE_AP;
    if (call.request instanceof ListConflictsRequest && !ap) {
      fail(
          call,
          Errors.failed(
              Errors.WRONG_MODE,
              "Keyspace "
                  + keyspace.getName()
                  + " is CP: its log orders all writes, so none was ever discarded for another.",
              "Ask for an AP keyspace that was created with --conflicts lww."));
      return;
    }
    if (call.request instanceof DivergenceRequest && !ap) {
      fail(
          call,
          Errors.failed(
              Errors.WRONG_MODE,
              "Keyspace "
                  + keyspace.getName()
                  + " is CP: its log orders all writes, and a replica that lags applies the rest of"
                  + " it.",
              "Compare the applied indexes in the status."));
      return;
    }
    if (call.request instanceof TxnRequest) {
      if (ap) {
        fail(
            call,
            Errors.failed(
                Errors.WRONG_MODE,
                "Keyspace "
                    + keyspace.getName()
                    + " is AP: without a leader there is no order in which several keys could be"
                    + " compared and written at once.",
                "Use a CP keyspace for transactions."));
      } else {
        calls.begin(call, now);
      }
      return;
    }
    if (ap) {
      if (call.origin != null) {
        fail(call, Errors.wrongEpoch(keyspace));
      } else if (call.isWrite() && ModeSwitches.isSealed(keyspace)) {
        held.hold(call, now.nanos());
      } else if (!executedByLog(call, keyspace)) {
        apKeyspaces.begin(call.callId, call.request, keyspace, call.deadlineNanos, now);
      }
      return;
    }
    serveFromLog(call, keyspace, now);
  }

  /** A write that an earlier CP epoch has executed already is answered from the session table. */
  private boolean executedByLog(Call call, KeyspaceRecord keyspace) {
    OperationId operation = keyspace.getEpoch() > 1 && call.isWrite() ? call.operation() : null;
    CommandResult result = operation == null ? null : machine.executed(operation);
    if (result == null) {
      return false;
    }
    exit.accept(call, answers.ofWrite(call, result));
    return true;
  }

  private void serveFromLog(Call call, KeyspaceRecord keyspace, Moment now) {
    Level asked = levelOf(call.request);
    Level level =
        asked == Level.LEVEL_UNSPECIFIED ? LevelRule.defaultOf(keyspace.getMode()) : asked;
    String refusal = LevelRule.refusal(keyspace, level, call.isWrite());
    if (refusal != null) {
      fail(
          call,
          Errors.failed(Errors.WRONG_LEVEL, refusal + ".", "Name one of these levels, or none."));
    } else if (level == Level.LEVEL_STALE && lagsBehindSession(call, keyspace)) {
      fail(
          call,
          Errors.sessionNotMet(
              keyspace,
              config.nodeId(),
              machine.appliedIndex(),
              CpAnswers.indexSeen(claimOf(call.request)),
              calls.leader()));
    } else if (level == Level.LEVEL_STALE) {
      exit.accept(call, answers.read(call.request, keyspace, level));
    } else {
      calls.begin(call, now);
    }
  }

  /**
   * A linearizable read shows whatever any session has seen. A stale one may not go back behind it,
   * which this node knows by the log index alone: what an index wrote, every later one has.
   */
  private boolean lagsBehindSession(Call call, KeyspaceRecord keyspace) {
    SessionClaim claim = claimOf(call.request);
    return claim.getEpoch() > keyspace.getEpoch()
        || CpAnswers.indexSeen(claim) > machine.appliedIndex();
  }

  /** What the session of a read has seen; empty where there is none. */
  static SessionClaim claimOf(Message request) {
    return switch (request) {
      case GetRequest get -> get.getAtLeast();
      case ScanRequest scan -> scan.getAtLeast();
      case CounterGetRequest get -> get.getAtLeast();
      case SetMembersRequest members -> members.getAtLeast();
      default -> SessionClaim.getDefaultInstance();
    };
  }

  private ListKeyspacesResponse list(ListKeyspacesRequest request, boolean current) {
    ListKeyspacesResponse.Builder list = ListKeyspacesResponse.newBuilder().setCurrent(current);
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (request.getName().isEmpty() || request.getName().equals(keyspace.getName())) {
        list.addKeyspaces(CpAnswers.describe(keyspace));
      }
    }
    return list.build();
  }

  private void fail(Call call, ErrorDetail error) {
    exit.accept(call, new CpAnswers.Answer.Failure(error));
  }

  private static KeyspaceRef refOf(Message request) {
    return switch (request) {
      case PutRequest put -> put.getKeyspace();
      case GetRequest get -> get.getKeyspace();
      case DeleteRequest delete -> delete.getKeyspace();
      case ScanRequest scan -> scan.getKeyspace();
      case TxnRequest txn -> txn.getKeyspace();
      case ListConflictsRequest list -> list.getKeyspace();
      case DivergenceRequest divergence -> divergence.getKeyspace();
      case CounterAddRequest add -> add.getKeyspace();
      case CounterGetRequest get -> get.getKeyspace();
      case SetAddRequest add -> add.getKeyspace();
      case SetRemoveRequest remove -> remove.getKeyspace();
      case SetMembersRequest members -> members.getKeyspace();
      default ->
          throw new ReplicaInvariantViolation(
              request.getDescriptorForType().getName() + " names no keyspace");
    };
  }

  /** The epoch that the request names; 0 where any will do. */
  static long epochAsked(Message request) {
    return switch (request) {
      case PutRequest put -> put.getKeyspace().getEpoch();
      case GetRequest get -> get.getKeyspace().getEpoch();
      case DeleteRequest delete -> delete.getKeyspace().getEpoch();
      case ScanRequest scan -> scan.getKeyspace().getEpoch();
      case TxnRequest txn -> txn.getKeyspace().getEpoch();
      case CounterAddRequest add -> add.getKeyspace().getEpoch();
      case CounterGetRequest get -> get.getKeyspace().getEpoch();
      case SetAddRequest add -> add.getKeyspace().getEpoch();
      case SetRemoveRequest remove -> remove.getKeyspace().getEpoch();
      case SetMembersRequest members -> members.getKeyspace().getEpoch();
      default -> 0;
    };
  }

  private static Level levelOf(Message request) {
    return switch (request) {
      case PutRequest put -> put.getLevel();
      case GetRequest get -> get.getLevel();
      case DeleteRequest delete -> delete.getLevel();
      case ScanRequest scan -> scan.getLevel();
      case CounterAddRequest add -> add.getLevel();
      case CounterGetRequest get -> get.getLevel();
      case SetAddRequest add -> add.getLevel();
      case SetRemoveRequest remove -> remove.getLevel();
      case SetMembersRequest members -> members.getLevel();
      default -> Level.LEVEL_UNSPECIFIED;
    };
  }
}
