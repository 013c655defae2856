package io.capstan.node.server;

import com.google.protobuf.Message;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.TxnResponse;

/** Writes into receipts what only the node that the client spoke to knows. Stateless. */
final class Receipts {

  private Receipts() {}

  /** The response with {@code received_by} and {@code server_micros} where it has a receipt. */
  static Message complete(Message response, String nodeId, long micros) {
    return switch (response) {
      case PutResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case GetResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case DeleteResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case ScanResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case TxnResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case OpenSessionResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case CreateKeyspaceResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case DropKeyspaceResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case CounterAddResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case CounterGetResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case SetAddResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case SetRemoveResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      case SetMembersResponse r when r.hasReceipt() ->
          r.toBuilder().setReceipt(stamp(r.getReceipt(), nodeId, micros)).build();
      default -> response;
    };
  }

  /** The error with its receipt, if any, completed in the same way. */
  static ErrorDetail complete(ErrorDetail error, String nodeId, long micros) {
    return error.hasReceipt()
        ? error.toBuilder().setReceipt(stamp(error.getReceipt(), nodeId, micros)).build()
        : error;
  }

  private static Receipt stamp(Receipt receipt, String nodeId, long micros) {
    return receipt.toBuilder().setReceivedBy(nodeId).setServerMicros(micros).build();
  }
}
