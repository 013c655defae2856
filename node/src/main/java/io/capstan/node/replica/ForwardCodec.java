package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.Forward;
import io.capstan.proto.peer.v1.ForwardReply;
import io.capstan.proto.peer.v1.ReadBarrier;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;

/** A request or response inside the envelope that carries it between nodes. */
final class ForwardCodec {

  private ForwardCodec() {}

  static void setRequest(Forward.Builder forward, Message request) {
    switch (request) {
      case PutRequest put -> forward.setPut(put);
      case GetRequest get -> forward.setGet(get);
      case DeleteRequest delete -> forward.setDelete(delete);
      case ScanRequest scan -> forward.setScan(scan);
      case TxnRequest txn -> forward.setTxn(txn);
      case OpenSessionRequest open -> forward.setOpenSession(open);
      case CreateKeyspaceRequest create -> forward.setCreateKeyspace(create);
      case DropKeyspaceRequest drop -> forward.setDropKeyspace(drop);
      case ChangeMembersRequest change -> forward.setChangeMembers(change);
      case TransferLeadershipRequest transfer -> forward.setTransferLeadership(transfer);
      case SetModeRequest set -> forward.setSetMode(set);
      case CounterAddRequest add -> forward.setCounterAdd(add);
      case CounterGetRequest get -> forward.setCounterGet(get);
      case SetAddRequest add -> forward.setSetAdd(add);
      case SetRemoveRequest remove -> forward.setSetRemove(remove);
      case SetMembersRequest members -> forward.setSetMembers(members);
      case ReadBarrier barrier -> forward.setReadBarrier(barrier);
      default -> throw unexpected(request);
    }
  }

  /**
   * @throws IllegalArgumentException where the sender speaks of a request unknown here
   */
  static Message request(Forward forward) {
    return switch (forward.getRequestCase()) {
      case PUT -> forward.getPut();
      case GET -> forward.getGet();
      case DELETE -> forward.getDelete();
      case SCAN -> forward.getScan();
      case TXN -> forward.getTxn();
      case OPEN_SESSION -> forward.getOpenSession();
      case CREATE_KEYSPACE -> forward.getCreateKeyspace();
      case DROP_KEYSPACE -> forward.getDropKeyspace();
      case READ_BARRIER -> forward.getReadBarrier();
      case CHANGE_MEMBERS -> forward.getChangeMembers();
      case TRANSFER_LEADERSHIP -> forward.getTransferLeadership();
      case SET_MODE -> forward.getSetMode();
      case COUNTER_ADD -> forward.getCounterAdd();
      case COUNTER_GET -> forward.getCounterGet();
      case SET_ADD -> forward.getSetAdd();
      case SET_REMOVE -> forward.getSetRemove();
      case SET_MEMBERS -> forward.getSetMembers();
      case REQUEST_NOT_SET ->
          throw new IllegalArgumentException("a forwarded request of an unknown kind");
    };
  }

  static void setResponse(ForwardReply.Builder reply, Message response) {
    switch (response) {
      case PutResponse put -> reply.setPut(put);
      case GetResponse get -> reply.setGet(get);
      case DeleteResponse delete -> reply.setDelete(delete);
      case ScanResponse scan -> reply.setScan(scan);
      case TxnResponse txn -> reply.setTxn(txn);
      case OpenSessionResponse open -> reply.setOpenSession(open);
      case CreateKeyspaceResponse create -> reply.setCreateKeyspace(create);
      case DropKeyspaceResponse drop -> reply.setDropKeyspace(drop);
      case ChangeMembersResponse change -> reply.setChangeMembers(change);
      case TransferLeadershipResponse transfer -> reply.setTransferLeadership(transfer);
      case SetModeResponse set -> reply.setSetMode(set);
      case CounterAddResponse add -> reply.setCounterAdd(add);
      case CounterGetResponse get -> reply.setCounterGet(get);
      case SetAddResponse add -> reply.setSetAdd(add);
      case SetRemoveResponse remove -> reply.setSetRemove(remove);
      case SetMembersResponse members -> reply.setSetMembers(members);
      case ForwardReply readIndex -> reply.setReadIndex(readIndex.getReadIndex());
      default -> throw unexpected(response);
    }
  }

  static Message response(ForwardReply reply) {
    return switch (reply.getReplyCase()) {
      case PUT -> reply.getPut();
      case GET -> reply.getGet();
      case DELETE -> reply.getDelete();
      case SCAN -> reply.getScan();
      case TXN -> reply.getTxn();
      case OPEN_SESSION -> reply.getOpenSession();
      case CREATE_KEYSPACE -> reply.getCreateKeyspace();
      case DROP_KEYSPACE -> reply.getDropKeyspace();
      case CHANGE_MEMBERS -> reply.getChangeMembers();
      case TRANSFER_LEADERSHIP -> reply.getTransferLeadership();
      case SET_MODE -> reply.getSetMode();
      case COUNTER_ADD -> reply.getCounterAdd();
      case COUNTER_GET -> reply.getCounterGet();
      case SET_ADD -> reply.getSetAdd();
      case SET_REMOVE -> reply.getSetRemove();
      case SET_MEMBERS -> reply.getSetMembers();
      case READ_INDEX, ERROR, REPLY_NOT_SET ->
          throw new ReplicaInvariantViolation("a reply that holds no response");
    };
  }

  private static ReplicaInvariantViolation unexpected(Message message) {
    return new ReplicaInvariantViolation(
        message.getDescriptorForType().getName() + " does not travel between nodes");
  }
}
