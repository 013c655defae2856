package io.capstan.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.proto.v1.ErrorDetail;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Why one attempt did not end OK, and whether it may have had an effect all the same.
 *
 * @param outcome FAILED only where a node said so, or where nothing was ever sent
 * @param fromServer whether a node of the cluster answered
 * @param sent whether the request may have left this process
 */
record Failure(
    String code,
    Outcome outcome,
    String message,
    String hint,
    io.capstan.proto.v1.@Nullable Receipt receipt,
    String leader,
    boolean fromServer,
    boolean sent) {

  /** Something that this client decided by itself before it sent anything. */
  static Failure notSent(String code, String message, String hint) {
    return new Failure(code, Outcome.FAILED, message, hint, null, "", false, false);
  }

  /**
   * Judges a closed gRPC call.
   *
   * @param sent whether a stream was ever created on a connection; where not, the request never
   *     left, whatever the status says
   */
  static Failure of(String endpoint, Status status, @Nullable Metadata trailers, boolean sent) {
    ErrorDetail detail = trailers == null ? null : detailOf(status, trailers);
    if (detail != null) {
      return ofDetail(detail);
    }
    String reason =
        !sent && status.getCode() == Status.Code.DEADLINE_EXCEEDED
            ? "no connection in time"
            : reason(status);
    if (!sent) {
      return new Failure(
          ErrorCode.UNREACHABLE,
          Outcome.FAILED,
          endpoint + ": " + reason + ".",
          "Start nodes here with: capstan cluster start   or name others: --endpoints HOST:PORT",
          null,
          "",
          false,
          false);
    }
    if (isBrokenConnection(status)) {
      return lost(
          ErrorCode.CONNECTION_LOST,
          "The connection to " + endpoint + " broke before the answer came: " + reason,
          endpoint);
    }
    return switch (status.getCode()) {
      // The service itself answers so before it looks at a request.
      case UNIMPLEMENTED ->
          new Failure(
              ErrorCode.NOT_AVAILABLE_YET,
              Outcome.FAILED,
              endpoint + " does not know this request: it runs another version.",
              "Compare the versions with: capstan status",
              null,
              "",
              true,
              true);
      case DEADLINE_EXCEEDED ->
          lost(ErrorCode.TIMEOUT, endpoint + " gave no answer in time.", endpoint);
      default ->
          lost(ErrorCode.INTERNAL, endpoint + " answered " + status.getCode() + ": " + reason, "");
    };
  }

  /**
   * A channel that closes under a call is told as UNKNOWN or INTERNAL where the transport has
   * forgotten why. What a server answers never has a cause here: causes do not travel.
   */
  private static boolean isBrokenConnection(Status status) {
    return switch (status.getCode()) {
      case UNAVAILABLE, CANCELLED -> true;
      case UNKNOWN, INTERNAL ->
          status.getCause() instanceof IOException cause
              && !(cause instanceof InvalidProtocolBufferException);
      default -> false;
    };
  }

  private static Failure lost(String code, String message, String endpoint) {
    String hint = endpoint.isEmpty() ? "" : "See which nodes answer: capstan status";
    return new Failure(code, Outcome.UNKNOWN, message, hint, null, "", false, true);
  }

  private static Failure ofDetail(ErrorDetail detail) {
    // Anything but a clear FAILED may have been applied.
    Outcome outcome =
        detail.getOutcome() == io.capstan.proto.v1.Outcome.OUTCOME_FAILED
            ? Outcome.FAILED
            : Outcome.UNKNOWN;
    return new Failure(
        detail.getCode(),
        outcome,
        detail.getMessage(),
        detail.getHint(),
        detail.hasReceipt() ? detail.getReceipt() : null,
        detail.getLeader(),
        true,
        true);
  }

  private static @Nullable ErrorDetail detailOf(Status status, Metadata trailers) {
    com.google.rpc.Status packed = StatusProto.fromStatusAndTrailers(status, trailers);
    for (Any any : packed.getDetailsList()) {
      if (any.is(ErrorDetail.class)) {
        try {
          return any.unpack(ErrorDetail.class);
        } catch (InvalidProtocolBufferException e) {
          // A detail that cannot be read says nothing: the outcome stays unknown.
          return null;
        }
      }
    }
    return null;
  }

  private static String reason(Status status) {
    Throwable cause = status.getCause();
    String causeMessage = cause == null ? null : cause.getMessage();
    String description = status.getDescription();
    if (causeMessage != null && causeMessage.contains("refused")) {
      return "connection refused";
    }
    return description != null ? description : status.getCode().name();
  }

  /** Whether another attempt, here or elsewhere, may end differently. */
  boolean isPassing() {
    return switch (code) {
      case ErrorCode.NO_QUORUM,
          ErrorCode.NO_LEADER,
          ErrorCode.SESSION_NOT_MET,
          ErrorCode.OVERLOADED,
          ErrorCode.WRONG_EPOCH,
          ErrorCode.TIMEOUT,
          ErrorCode.UNREACHABLE,
          ErrorCode.CONNECTION_LOST ->
          true;
      default -> false;
    };
  }

  /**
   * Whether the log itself decided, so that under one operation id every attempt gets this answer
   * and earlier attempts had no effect either.
   */
  boolean isDecidedByLog() {
    return switch (code) {
      case ErrorCode.CONFLICT,
          ErrorCode.SIBLINGS,
          ErrorCode.WRONG_TYPE,
          ErrorCode.KEYSPACE_EXISTS ->
          true;
      default -> false;
    };
  }

  /** Whether this speaks against the endpoint rather than against the cluster. */
  boolean isOfEndpoint() {
    return !fromServer && !code.equals(ErrorCode.INTERNAL);
  }
}
