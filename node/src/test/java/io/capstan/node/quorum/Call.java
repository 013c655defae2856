package io.capstan.node.quorum;

import com.google.protobuf.Message;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.DivergenceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.ListConflictsResponse;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.Sibling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A client call of a test and its one answer. */
final class Call {
  private @Nullable Message response;
  private @Nullable ErrorDetail error;

  void answer(Message message) {
    mustBeOpen();
    response = message;
  }

  void answer(ErrorDetail detail) {
    mustBeOpen();
    error = detail;
  }

  private void mustBeOpen() {
    if (isAnswered()) {
      throw new AssertionError("answered twice: " + response + error);
    }
  }

  boolean isAnswered() {
    return response != null || error != null;
  }

  boolean isOk() {
    return response != null;
  }

  ErrorDetail error() {
    if (error == null) {
      throw new AssertionError("no error but " + (response == null ? "no answer" : response));
    }
    return error;
  }

  Receipt receipt() {
    return switch (response) {
      case PutResponse put -> put.getReceipt();
      case DeleteResponse delete -> delete.getReceipt();
      case GetResponse get -> get.getReceipt();
      case ScanResponse scan -> scan.getReceipt();
      case CounterAddResponse add -> add.getReceipt();
      case CounterGetResponse get -> get.getReceipt();
      case SetAddResponse add -> add.getReceipt();
      case SetRemoveResponse remove -> remove.getReceipt();
      case SetMembersResponse members -> members.getReceipt();
      case null -> throw new AssertionError(error == null ? "no answer" : error.toString());
      default -> throw new AssertionError(response);
    };
  }

  ScanResponse page() {
    if (response instanceof ScanResponse page) {
      return page;
    }
    throw new AssertionError(error == null ? "no page" : error.toString());
  }

  ListConflictsResponse conflicts() {
    if (response instanceof ListConflictsResponse page) {
      return page;
    }
    throw new AssertionError(error == null ? "no page" : error.toString());
  }

  DivergenceResponse divergence() {
    if (response instanceof DivergenceResponse page) {
      return page;
    }
    throw new AssertionError(error == null ? "no answer" : error.toString());
  }

  /** The values that the answer shows, sorted; "deleted" for a tombstone. */
  List<String> values() {
    return receipt().getSiblingsList().stream().map(Call::text).sorted().toList();
  }

  private static String text(Sibling sibling) {
    return sibling.hasValue() ? sibling.getValue().toStringUtf8() : "deleted";
  }
}
