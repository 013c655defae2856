package io.capstan.node.replica;

import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Message;
import io.capstan.proto.peer.v1.AppendRequest;
import io.capstan.proto.peer.v1.AppendResponse;
import io.capstan.proto.peer.v1.LogEntry;
import io.capstan.proto.peer.v1.RaftMessage;
import io.capstan.proto.peer.v1.TimeoutNow;
import io.capstan.proto.peer.v1.VoteRequest;
import io.capstan.proto.peer.v1.VoteResponse;
import java.util.ArrayList;
import java.util.List;

/** Raft's messages on the wire and back. Sender and receiver are known to the stream. */
final class RaftCodec {

  private RaftCodec() {}

  static RaftMessage encode(Message message) {
    RaftMessage.Builder wire = RaftMessage.newBuilder().setTerm(message.term());
    switch (message) {
      case Message.PreVoteRequest poll ->
          wire.setVoteRequest(
              VoteRequest.newBuilder()
                  .setLastIndex(poll.lastIndex())
                  .setLastTerm(poll.lastTerm())
                  .setPreVote(true));
      case Message.PreVoteResponse answer ->
          wire.setVoteResponse(
              VoteResponse.newBuilder()
                  .setGranted(answer.granted())
                  .setPreVote(true)
                  .setCampaignTerm(answer.campaignTerm()));
      case Message.VoteRequest request ->
          wire.setVoteRequest(
              VoteRequest.newBuilder()
                  .setLastIndex(request.lastIndex())
                  .setLastTerm(request.lastTerm())
                  .setTransfer(request.transfer()));
      case Message.VoteResponse answer ->
          wire.setVoteResponse(VoteResponse.newBuilder().setGranted(answer.granted()));
      case Message.AppendRequest request -> wire.setAppendRequest(encodeAppend(request));
      case Message.AppendResponse answer ->
          wire.setAppendResponse(
              AppendResponse.newBuilder()
                  .setSuccess(answer.success())
                  .setPreviousIndex(answer.prevIndex())
                  .setMatchIndex(answer.matchIndex())
                  .setHintIndex(answer.hintIndex())
                  .setHintTerm(answer.hintTerm())
                  .setReadSequence(answer.readSequence()));
      case Message.TimeoutNow request -> wire.setTimeoutNow(TimeoutNow.getDefaultInstance());
    }
    return wire.build();
  }

  private static AppendRequest encodeAppend(Message.AppendRequest request) {
    AppendRequest.Builder wire =
        AppendRequest.newBuilder()
            .setPreviousIndex(request.prevIndex())
            .setPreviousTerm(request.prevTerm())
            .setCommitIndex(request.commitIndex())
            .setReadSequence(request.readSequence());
    for (Entry entry : request.entries()) {
      wire.addEntries(
          LogEntry.newBuilder()
              .setIndex(entry.index())
              .setTerm(entry.term())
              .setKind(
                  entry.kind() == Entry.Kind.CONFIGURATION
                      ? LogEntry.Kind.KIND_CONFIGURATION
                      : LogEntry.Kind.KIND_NORMAL)
              .setPayload(UnsafeByteOperations.unsafeWrap(entry.payload())));
    }
    return wire.build();
  }

  /**
   * @throws IllegalArgumentException when the message is damaged or of a kind unknown here
   */
  static Message decode(String from, String to, RaftMessage wire) {
    long term = wire.getTerm();
    return switch (wire.getMessageCase()) {
      case VOTE_REQUEST -> {
        VoteRequest request = wire.getVoteRequest();
        yield request.getPreVote()
            ? new Message.PreVoteRequest(
                from, to, term, request.getLastIndex(), request.getLastTerm())
            : new Message.VoteRequest(
                from,
                to,
                term,
                request.getLastIndex(),
                request.getLastTerm(),
                request.getTransfer());
      }
      case VOTE_RESPONSE -> {
        VoteResponse answer = wire.getVoteResponse();
        yield answer.getPreVote()
            ? new Message.PreVoteResponse(
                from, to, term, answer.getCampaignTerm(), answer.getGranted())
            : new Message.VoteResponse(from, to, term, answer.getGranted());
      }
      case APPEND_REQUEST -> decodeAppend(from, to, term, wire.getAppendRequest());
      case APPEND_RESPONSE -> {
        AppendResponse answer = wire.getAppendResponse();
        yield new Message.AppendResponse(
            from,
            to,
            term,
            answer.getSuccess(),
            answer.getPreviousIndex(),
            answer.getMatchIndex(),
            answer.getHintIndex(),
            answer.getHintTerm(),
            answer.getReadSequence());
      }
      case TIMEOUT_NOW -> new Message.TimeoutNow(from, to, term);
      case MESSAGE_NOT_SET ->
          throw new IllegalArgumentException("a Raft message of an unknown kind from " + from);
    };
  }

  private static Message decodeAppend(String from, String to, long term, AppendRequest wire) {
    List<Entry> entries = new ArrayList<>(wire.getEntriesCount());
    for (LogEntry entry : wire.getEntriesList()) {
      entries.add(
          new Entry(
              entry.getIndex(),
              entry.getTerm(),
              entry.getKind() == LogEntry.Kind.KIND_CONFIGURATION
                  ? Entry.Kind.CONFIGURATION
                  : Entry.Kind.NORMAL,
              entry.getPayload().toByteArray()));
    }
    return new Message.AppendRequest(
        from,
        to,
        term,
        wire.getPreviousIndex(),
        wire.getPreviousTerm(),
        entries,
        wire.getCommitIndex(),
        wire.getReadSequence());
  }
}
