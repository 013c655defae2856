package io.capstan.node.server;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.Sibling;
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

  /**
   * Errors travel in the trailers of a call, encoded in base 64 and with the message twice. Clients
   * refuse trailers of more than 8,192 bytes unless they are told otherwise.
   */
  static final int DETAIL_MAX_BYTES = 4_096;

  private static final int MESSAGE_MAX_CHARACTERS = 500;

  private ErrorStatus() {}

  /** The exception to close a call with. */
  static StatusRuntimeException of(ErrorDetail error) {
    ErrorDetail fitting = fitting(error);
    com.google.rpc.Status status =
        com.google.rpc.Status.newBuilder()
            .setCode(code(fitting).getNumber())
            .setMessage(fitting.getMessage())
            .addDetails(Any.pack(fitting))
            .build();
    return StatusProto.toStatusRuntimeException(status);
  }

  /**
   * The error without what would not fit: first values and contexts go (a read brings them back),
   * then the receipt, then the end of the message. Code and outcome always arrive.
   */
  private static ErrorDetail fitting(ErrorDetail error) {
    if (error.getSerializedSize() <= DETAIL_MAX_BYTES) {
      return error;
    }
    ErrorDetail.Builder smaller = error.toBuilder();
    if (smaller.getMessage().length() > MESSAGE_MAX_CHARACTERS) {
      smaller.setMessage(smaller.getMessage().substring(0, MESSAGE_MAX_CHARACTERS) + "...");
    }
    if (smaller.hasReceipt()) {
      Receipt.Builder receipt =
          smaller.getReceiptBuilder().clearKey().clearValue().clearContext().clearMembers();
      receipt.getSiblingsBuilderList().forEach(Sibling.Builder::clearValue);
    }
    if (smaller.build().getSerializedSize() > DETAIL_MAX_BYTES) {
      smaller.clearReceipt();
    }
    if (smaller.build().getSerializedSize() > DETAIL_MAX_BYTES) {
      smaller.clearHint();
    }
    return smaller.build();
  }

  /** The gRPC code that generic clients and proxies understand best. */
  static Code code(ErrorDetail error) {
    return switch (error.getCode()) {
      // A retry by a generic client is safe only where the request was certainly not applied.
      case "NO_QUORUM", "NO_LEADER", "SESSION_NOT_MET", TIMEOUT ->
          error.getOutcome() == Outcome.OUTCOME_UNKNOWN ? Code.DEADLINE_EXCEEDED : Code.UNAVAILABLE;
      case STOPPING -> Code.UNAVAILABLE;
      case "UNKNOWN_KEYSPACE" -> Code.NOT_FOUND;
      case "KEYSPACE_EXISTS" -> Code.ALREADY_EXISTS;
      case "CONFLICT", "SIBLINGS", "UNKNOWN_SESSION", "BEYOND_WINDOW" -> Code.FAILED_PRECONDITION;
      case INVALID_ARGUMENT, "WRONG_LEVEL", "WRONG_MODE", "WRONG_TYPE" -> Code.INVALID_ARGUMENT;
      case "WRONG_EPOCH" -> Code.ABORTED;
      case OVERLOADED, "TOO_MANY_KEYSPACES", "TOO_LARGE", "RESOURCE_EXHAUSTED" ->
          Code.RESOURCE_EXHAUSTED;
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
