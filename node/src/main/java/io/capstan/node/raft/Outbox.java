package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages and read results that wait for the next drain. Answers to the leader are merged: of
 * several that one batch of inputs produces only the last is sent, since it says all that the
 * earlier ones said.
 */
final class Outbox {
  private List<Message> now = new ArrayList<>();
  private List<Message> whenDurable = new ArrayList<>();
  private @Nullable AppendResponse answerNow;
  private @Nullable AppendResponse answerWhenDurable;
  private List<ReadState> reads = new ArrayList<>();
  private List<ReadRejection> rejectedReads = new ArrayList<>();
  private List<String> snapshotsNeeded = new ArrayList<>();

  /** Sends a message that promises nothing, or only what is on disk already. */
  void sendNow(Message message) {
    now.add(message);
  }

  /** Sends a message after everything that was changed before it is on disk. */
  void sendWhenDurable(Message message) {
    whenDurable.add(message);
  }

  void answerNow(AppendResponse answer) {
    if (answerNow != null && !replaces(answer, answerNow)) {
      now.add(answerNow);
    }
    answerNow = answer;
  }

  void answerWhenDurable(AppendResponse answer) {
    if (answerWhenDurable != null && !replaces(answer, answerWhenDurable)) {
      whenDurable.add(answerWhenDurable);
    }
    answerWhenDurable = answer;
  }

  private static boolean replaces(AppendResponse later, AppendResponse earlier) {
    return later.success()
        && earlier.success()
        && later.term() == earlier.term()
        && later.to().equals(earlier.to())
        && later.prevIndex() >= earlier.prevIndex()
        && later.matchIndex() >= earlier.matchIndex()
        && later.readSequence() >= earlier.readSequence();
  }

  void confirmRead(ReadState read) {
    reads.add(read);
  }

  void rejectRead(ReadRejection rejection) {
    rejectedReads.add(rejection);
  }

  List<Message> takeNow() {
    if (answerNow != null) {
      now.add(answerNow);
      answerNow = null;
    }
    List<Message> taken = now;
    now = taken.isEmpty() ? taken : new ArrayList<>();
    return taken;
  }

  List<Message> takeWhenDurable() {
    if (answerWhenDurable != null) {
      whenDurable.add(answerWhenDurable);
      answerWhenDurable = null;
    }
    List<Message> taken = whenDurable;
    whenDurable = taken.isEmpty() ? taken : new ArrayList<>();
    return taken;
  }

  List<ReadState> takeReads() {
    List<ReadState> taken = reads;
    reads = taken.isEmpty() ? taken : new ArrayList<>();
    return taken;
  }

  List<ReadRejection> takeRejectedReads() {
    List<ReadRejection> taken = rejectedReads;
    rejectedReads = taken.isEmpty() ? taken : new ArrayList<>();
    return taken;
  }

  /** Asks the caller to send a snapshot to a follower. */
  void needSnapshot(String follower) {
    snapshotsNeeded.add(follower);
  }

  List<String> takeSnapshotsNeeded() {
    List<String> taken = snapshotsNeeded;
    snapshotsNeeded = taken.isEmpty() ? taken : new ArrayList<>();
    return taken;
  }
}
