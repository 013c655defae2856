package io.capstan.node.server;

import static io.capstan.node.replica.RequestLimits.KEY_SIZE_MAX_BYTES;
import static io.capstan.node.replica.RequestLimits.SCAN_ROWS_MAX;
import static io.capstan.node.replica.RequestLimits.SET_ELEMENT_SIZE_MAX_BYTES;
import static io.capstan.node.replica.RequestLimits.TXN_SIZE_MAX_BYTES;
import static io.capstan.node.replica.RequestLimits.TXN_STEPS_MAX;
import static io.capstan.node.replica.RequestLimits.VALUE_SIZE_MAX_BYTES;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.replica.RequestLimits;
import io.capstan.node.server.config.HostPort;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.Dot;
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
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnStep;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Checks requests for size and shape before they enter the event loop. What depends on the state of
 * a keyspace (mode, level, epoch) is the replica's to judge.
 *
 * <p>Stateless and thread-safe. Each method returns null, or a sentence that names the limit.
 */
final class RequestCheck {

  /** A causal context that a client gives back. */
  static final int CONTEXT_SIZE_MAX_BYTES = 64 << 10;

  /** Where a scan starts: the longest key and the byte that makes its successor. */
  private static final int FROM_SIZE_MAX_BYTES = KEY_SIZE_MAX_BYTES + 1;

  private static final int NAME_LENGTH_MAX = 63;

  /** One for each actor that wrote the key, or ever wrote to the keyspace. */
  static final int SESSION_DOTS_MAX = 1_024;

  private RequestCheck() {}

  /** Checks any request that the replica takes. */
  static @Nullable String objection(Message request) {
    return switch (request) {
      case PutRequest put -> put(put);
      case GetRequest get ->
          first(
              first(keyspace(get.getKeyspace()), key(get.getKey()), level(get.getLevel())),
              session(get.getAtLeast()));
      case DeleteRequest delete ->
          first(
              keyspace(delete.getKeyspace()),
              key(delete.getKey()),
              level(delete.getLevel()),
              context(delete.getContext()),
              operation(delete.getOperation()));
      case ScanRequest scan -> scan(scan);
      case TxnRequest txn -> txn(txn);
      case CounterAddRequest add ->
          first(
              keyspace(add.getKeyspace()),
              key(add.getKey()),
              level(add.getLevel()),
              operation(add.getOperation()),
              null);
      case CounterGetRequest get ->
          first(
              keyspace(get.getKeyspace()),
              key(get.getKey()),
              level(get.getLevel()),
              session(get.getAtLeast()),
              null);
      case SetAddRequest add ->
          first(
              keyspace(add.getKeyspace()),
              key(add.getKey()),
              element(add.getElement()),
              level(add.getLevel()),
              operation(add.getOperation()));
      case SetRemoveRequest remove ->
          first(
              keyspace(remove.getKeyspace()),
              key(remove.getKey()),
              element(remove.getElement()),
              level(remove.getLevel()),
              operation(remove.getOperation()));
      case SetMembersRequest members ->
          first(
              keyspace(members.getKeyspace()),
              key(members.getKey()),
              level(members.getLevel()),
              session(members.getAtLeast()),
              null);
      case OpenSessionRequest open ->
          open.getSession() == 0 ? "A session id is a random number other than 0." : null;
      case CreateKeyspaceRequest create -> create(create);
      case SetModeRequest set -> setMode(set);
      case DropKeyspaceRequest drop -> first(name(drop.getName()), operation(drop.getOperation()));
      case ListKeyspacesRequest list -> list.getName().isEmpty() ? null : name(list.getName());
      case ListMembersRequest list -> null;
      case ListConflictsRequest list -> conflicts(list);
      case DivergenceRequest divergence -> keyspace(divergence.getKeyspace());
      case ChangeMembersRequest change -> change(change);
      case TransferLeadershipRequest transfer ->
          transfer.getTarget().isEmpty() ? null : nodeName(transfer.getTarget());
      default -> "A request of type " + request.getClass().getSimpleName() + " is not known here.";
    };
  }

  private static @Nullable String setMode(SetModeRequest set) {
    boolean named = set.getMode() == Mode.MODE_AP || set.getMode() == Mode.MODE_CP;
    return first(
        name(set.getName()),
        named || set.getAbort() ? null : "A keyspace changes to mode cp or ap.",
        operation(set.getOperation()));
  }

  private static @Nullable String conflicts(ListConflictsRequest list) {
    if (Integer.compareUnsigned(list.getLimit(), SCAN_ROWS_MAX) > 0) {
      return "A page of conflicts has at most " + number(SCAN_ROWS_MAX) + " rows.";
    }
    return first(keyspace(list.getKeyspace()), list.getKey().isEmpty() ? null : key(list.getKey()));
  }

  private static @Nullable String put(PutRequest put) {
    String problem =
        first(
            keyspace(put.getKeyspace()),
            key(put.getKey()),
            value(put.getValue()),
            level(put.getLevel()),
            context(put.getContext()));
    if (problem == null && put.hasIfVersion() && put.getIfAbsent()) {
      problem = "if_version and if_absent exclude each other: give one of them.";
    }
    return first(problem, operation(put.getOperation()));
  }

  private static @Nullable String scan(ScanRequest scan) {
    String problem =
        first(keyspace(scan.getKeyspace()), level(scan.getLevel()), session(scan.getAtLeast()));
    if (problem == null && scan.getPrefix().size() > KEY_SIZE_MAX_BYTES) {
      problem = tooLong("The prefix", scan.getPrefix().size(), KEY_SIZE_MAX_BYTES);
    }
    if (problem == null && scan.getFrom().size() > FROM_SIZE_MAX_BYTES) {
      problem = tooLong("The start of the scan", scan.getFrom().size(), FROM_SIZE_MAX_BYTES);
    }
    if (problem == null && Integer.compareUnsigned(scan.getLimit(), SCAN_ROWS_MAX) > 0) {
      problem =
          "A page of a scan has at most "
              + number(SCAN_ROWS_MAX)
              + " rows; "
              + number(Integer.toUnsignedLong(scan.getLimit()))
              + " were asked for. Ask for the next page while there is more.";
    }
    return problem;
  }

  private static @Nullable String create(CreateKeyspaceRequest create) {
    String problem = name(create.getName());
    if (problem == null && create.getMode() != Mode.MODE_CP && create.getMode() != Mode.MODE_AP) {
      problem = "A keyspace is created with mode CP or AP; the request names neither.";
    }
    if (problem == null && create.getConflicts() == ConflictPolicy.UNRECOGNIZED) {
      problem = "The conflict policy of the request is not known to this version.";
    }
    Level minWrites = create.getMinWrites();
    if (problem == null
        && minWrites != Level.LEVEL_UNSPECIFIED
        && minWrites != Level.LEVEL_ONE
        && minWrites != Level.LEVEL_QUORUM
        && minWrites != Level.LEVEL_ALL) {
      problem = "min_writes is one, quorum or all.";
    }
    return first(problem, operation(create.getOperation()));
  }

  private static @Nullable String change(ChangeMembersRequest change) {
    return switch (change.getChangeCase()) {
      case ADD -> added(change.getAdd());
      case REMOVE -> nodeName(change.getRemove());
      case REPLACE ->
          first(nodeName(change.getReplace().getRemoved()), added(change.getReplace().getAdded()));
      case CHANGE_NOT_SET -> "A change of members adds, removes or replaces a node.";
    };
  }

  private static @Nullable String added(NewMember added) {
    String client = added.getClientAddress();
    return first(
        nodeName(added.getId()),
        address(added.getPeerAddress()),
        client.isEmpty() ? null : address(client));
  }

  private static @Nullable String nodeName(String id) {
    return id.matches(RequestLimits.NAME_PATTERN)
        ? null
        : "A node is named with 1 to "
            + NAME_LENGTH_MAX
            + " lower-case letters, digits and hyphens, and begins with a letter.";
  }

  private static @Nullable String address(String text) {
    try {
      HostPort.parse(text);
      return null;
    } catch (IllegalArgumentException e) {
      return "The address of a node is host:port, such as 10.0.0.4:7201 (" + e.getMessage() + ").";
    }
  }

  private static @Nullable String txn(TxnRequest txn) {
    int steps = txn.getComparisonsCount() + txn.getThenStepsCount() + txn.getElseStepsCount();
    if (steps == 0) {
      return "A transaction needs at least one comparison or step.";
    }
    if (steps > TXN_STEPS_MAX) {
      return "A transaction has at most "
          + number(TXN_STEPS_MAX)
          + " comparisons and steps together; this one has "
          + number(steps)
          + ".";
    }
    String problem = first(keyspace(txn.getKeyspace()), operation(txn.getOperation()));
    long sizeBytes = 0;
    for (Comparison comparison : txn.getComparisonsList()) {
      problem = first(problem, comparison(comparison));
      sizeBytes += comparison.getKey().size() + comparison.getValue().size();
    }
    for (TxnStep step : txn.getThenStepsList()) {
      problem = first(problem, step(step));
      sizeBytes += sizeBytes(step);
    }
    for (TxnStep step : txn.getElseStepsList()) {
      problem = first(problem, step(step));
      sizeBytes += sizeBytes(step);
    }
    if (problem == null && sizeBytes > TXN_SIZE_MAX_BYTES) {
      problem =
          "The keys and values of a transaction have at most "
              + number(TXN_SIZE_MAX_BYTES)
              + " bytes together; these have "
              + number(sizeBytes)
              + ".";
    }
    return problem;
  }

  private static @Nullable String comparison(Comparison comparison) {
    String problem = key(comparison.getKey());
    if (problem == null && comparison.getRelation() == Comparison.Relation.UNRECOGNIZED) {
      problem = "A relation of the transaction is not known to this version.";
    }
    return switch (comparison.getTargetCase()) {
      case VERSION -> problem;
      case VALUE -> first(problem, value(comparison.getValue()));
      case ABSENT ->
          problem == null
                  && (!comparison.getAbsent()
                      || comparison.getRelation() != Comparison.Relation.RELATION_EQUAL)
              ? "absent is compared with EQUAL and true; to ask for presence compare version"
                  + " NOT_EQUAL 0."
              : problem;
      case TARGET_NOT_SET ->
          first(problem, "A comparison needs a version, a value or absent to compare with.");
    };
  }

  private static @Nullable String step(TxnStep step) {
    return switch (step.getStepCase()) {
      case PUT ->
          first(
              key(step.getPut().getKey()),
              value(step.getPut().getValue()),
              context(step.getPut().getContext()));
      case DELETE -> first(key(step.getDelete().getKey()), context(step.getDelete().getContext()));
      case GET -> key(step.getGet().getKey());
      case STEP_NOT_SET -> "A step of a transaction is a put, a delete or a get.";
    };
  }

  private static long sizeBytes(TxnStep step) {
    return switch (step.getStepCase()) {
      case PUT -> (long) step.getPut().getKey().size() + step.getPut().getValue().size();
      case DELETE -> step.getDelete().getKey().size();
      case GET -> step.getGet().getKey().size();
      case STEP_NOT_SET -> 0;
    };
  }

  private static @Nullable String keyspace(KeyspaceRef keyspace) {
    return name(keyspace.getName());
  }

  /** Written out, because it runs for every request; the tests hold it against the pattern. */
  private static @Nullable String name(String name) {
    int length = name.length();
    boolean ok = length >= 1 && length <= NAME_LENGTH_MAX && isLetter(name.charAt(0));
    for (int i = 1; ok && i < length; i++) {
      char c = name.charAt(i);
      ok = isLetter(c) || (c >= '0' && c <= '9') || c == '-';
    }
    return ok
        ? null
        : length == 0
            ? "The request names no keyspace."
            : "The name of a keyspace matches "
                + RequestLimits.NAME_PATTERN
                + "; \""
                + (length <= NAME_LENGTH_MAX ? name : name.substring(0, NAME_LENGTH_MAX) + "...")
                + "\" does not.";
  }

  private static boolean isLetter(char c) {
    return c >= 'a' && c <= 'z';
  }

  private static @Nullable String key(ByteString key) {
    if (key.isEmpty()) {
      return "A key has 1 to " + number(KEY_SIZE_MAX_BYTES) + " bytes; this one is empty.";
    }
    return key.size() > KEY_SIZE_MAX_BYTES
        ? tooLong("A key", key.size(), KEY_SIZE_MAX_BYTES)
        : null;
  }

  private static @Nullable String element(ByteString element) {
    if (element.isEmpty()) {
      return "An element of a set has 1 to "
          + number(SET_ELEMENT_SIZE_MAX_BYTES)
          + " bytes; this one is empty.";
    }
    return element.size() > SET_ELEMENT_SIZE_MAX_BYTES
        ? tooLong("An element of a set", element.size(), SET_ELEMENT_SIZE_MAX_BYTES)
        : null;
  }

  private static @Nullable String value(ByteString value) {
    return value.size() > VALUE_SIZE_MAX_BYTES
        ? tooLong("A value", value.size(), VALUE_SIZE_MAX_BYTES)
        : null;
  }

  private static @Nullable String context(ByteString context) {
    return context.size() > CONTEXT_SIZE_MAX_BYTES
        ? tooLong("A causal context", context.size(), CONTEXT_SIZE_MAX_BYTES)
        : null;
  }

  private static @Nullable String level(Level level) {
    return level == Level.UNRECOGNIZED
        ? "The level of the request is not known to this version."
        : null;
  }

  private static @Nullable String operation(OperationId operation) {
    return (operation.getSession() == 0) == (operation.getSequence() == 0)
        ? null
        : "An operation id has a session and a sequence, both other than 0.";
  }

  private static @Nullable String session(SessionClaim claim) {
    int dots = claim.getDotsCount() + claim.getFloorCount() + claim.getEarlierCount();
    if (dots > SESSION_DOTS_MAX) {
      return "A request names at most "
          + number(SESSION_DOTS_MAX)
          + " versions that its session has seen; this one names "
          + number(dots)
          + ".";
    }
    return first(
        seen(claim.getDotsList()), seen(claim.getFloorList()), seen(claim.getEarlierList()));
  }

  private static @Nullable String seen(List<Dot> dots) {
    for (Dot dot : dots) {
      if (dot.getActor().getName().isEmpty() || dot.getCounter() < 1) {
        return "A version that the session has seen lacks its actor or its counter.";
      }
    }
    return null;
  }

  private static String tooLong(String what, int sizeBytes, int maxBytes) {
    return what
        + " has at most "
        + number(maxBytes)
        + " bytes; this one has "
        + number(sizeBytes)
        + ".";
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static @Nullable String first(@Nullable String one, @Nullable String other) {
    return one != null ? one : other;
  }

  private static @Nullable String first(
      @Nullable String one, @Nullable String two, @Nullable String three) {
    return first(first(one, two), three);
  }

  private static @Nullable String first(
      @Nullable String one,
      @Nullable String two,
      @Nullable String three,
      @Nullable String four,
      @Nullable String five) {
    return first(first(one, two, three), first(four, five));
  }
}
