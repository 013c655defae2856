package io.capstan.node.server;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/**
 * Turns an {@link ErrorDetail} into the status that gRPC clients see, with the detail packed into
 * {@code google.rpc.Status.details}. Stateless.
 */
final class ErrorStatus {

  static final String INVALID_ARGUMENT = "INVALID_ARGUMENT";
  static final String OVERLOADED = "OVERLOADED";
  static final String TIMEOUT = "TIMEOUT";
  static final String STOPPING = "STOPPING";
  static final String NOT_AVAILABLE_YET = "NOT_AVAILABLE_YET";

  private ErrorStatus() {}

  /** The exception to close a call with. */
  static StatusRuntimeException of(ErrorDetail error) {
    com.google.rpc.Status status =
        com.google.rpc.Status.newBuilder()
            .setCode(code(error).getNumber())
            .setMessage(error.getMessage())
            .addDetails(Any.pack(error))
            .build();
    return StatusProto.toStatusRuntimeException(status);
  }

  /** The gRPC code that generic clients and proxies understand best. */
  static Code code(ErrorDetail error) {
    return switch (error.getCode()) {
      // A retry by a generic client is safe only where the request was certainly not applied.
      case "NO_QUORUM", "NO_LEADER", TIMEOUT ->
          error.getOutcome() == Outcome.OUTCOME_UNKNOWN ? Code.DEADLINE_EXCEEDED : Code.UNAVAILABLE;
      case STOPPING -> Code.UNAVAILABLE;
      case "UNKNOWN_KEYSPACE" -> Code.NOT_FOUND;
      case "KEYSPACE_EXISTS" -> Code.ALREADY_EXISTS;
      case "CONFLICT", "SIBLINGS", "UNKNOWN_SESSION", "BEYOND_WINDOW" -> Code.FAILED_PRECONDITION;
      case INVALID_ARGUMENT, "WRONG_LEVEL", "WRONG_MODE" -> Code.INVALID_ARGUMENT;
      case "WRONG_EPOCH" -> Code.ABORTED;
      case OVERLOADED, "TOO_MANY_KEYSPACES", "TOO_LARGE" -> Code.RESOURCE_EXHAUSTED;
      case NOT_AVAILABLE_YET -> Code.UNIMPLEMENTED;
      default ->
          error.getOutcome() == Outcome.OUTCOME_UNKNOWN ? Code.UNKNOWN : Code.FAILED_PRECONDITION;
    };
  }

  /** An error of the shell's own that was certainly not applied. */
  static ErrorDetail failed(String code, String message, String hint) {
    return detail(code, Outcome.OUTCOME_FAILED, message, hint);
  }

  /** An error of the shell's own after which the request may be applied. */
  static ErrorDetail unknown(String code, String message, String hint) {
    return detail(code, Outcome.OUTCOME_UNKNOWN, message, hint);
  }

  private static ErrorDetail detail(String code, Outcome outcome, String message, String hint) {
    return ErrorDetail.newBuilder()
        .setCode(code)
        .setOutcome(outcome)
        .setMessage(message)
        .setHint(hint)
        .build();
  }
}
