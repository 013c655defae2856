package io.capstan.node.raft;

import io.capstan.node.raft.Message.AppendRequest;
import io.capstan.node.raft.Message.AppendResponse;
import io.capstan.node.raft.RaftStatus.FollowerStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The leader's followers: what each of them holds, and what it is sent next (Raft dissertation,
 * sections 3.5, 5.2 and 10.2.1). A follower costs the leader a bounded number of numbers, however
 * far it lags: entries are read when they are sent, at most a message at a time.
 */
final class Replication {
  private final RaftState state;
  private final RaftLog log;
  private final RaftConfig config;
  private final Map<String, Progress> followers = new TreeMap<>();
  private Set<String> members = Set.of();
  // The configuration that the members are of, and how many of them are others than this node.
  private @Nullable Configuration membersOf;
  private int others;
  private long term;
  private long readSequence;
  private boolean heartbeatDue;
  private long toldCommitIndex;
  private boolean commitNewsWaiting;

  private long batchFromIndex;
  private List<Entry> batch = List.of();

  /** Knows nothing of anybody yet; the first probe of each follower starts at {@code nextIndex}. */
  Replication(RaftState state, long nextIndex) {
    this.state = state;
    this.log = state.log;
    this.config = state.config;
    addMembers(nextIndex);
  }

  private void addMembers(long nextIndex) {
    Set<String> now = state.configuration().members();
    for (String member : now) {
      if (!member.equals(state.nodeId()) && !members.contains(member)) {
        followers.put(member, new Progress(config, nextIndex, state.nowNanos()));
      }
    }
    members = now;
    membersOf = state.configuration();
    others = now.size() - (now.contains(state.nodeId()) ? 1 : 0);
  }

  Map<String, Progress> followers() {
    return followers;
  }

  /**
   * New members get the log from now on; removed ones still hear of their removal. Who was removed
   * and comes back begins anew: it may have lost its disk, and holds nothing that it held before.
   */
  void membersChanged() {
    addMembers(log.lastIndex());
  }

  /**
   * Forgets nodes that the committed membership leaves out, once they know of it or have been
   * silent for an election timeout.
   */
  void forgetRemoved() {
    Configuration configuration = state.configuration();
    if (followers.size() == others && configuration == membersOf) {
      return;
    }
    long removedAt = log.configurations().latestIndex();
    followers
        .entrySet()
        .removeIf(
            follower ->
                !configuration.isMember(follower.getKey())
                    && (follower.getValue().knowsCommit(removedAt)
                        || isSilent(follower.getValue())));
  }

  private boolean isSilent(Progress progress) {
    return state.nowNanos() - progress.contactNanos() >= config.electionTimeoutNanos();
  }

  long matchIndex(String member) {
    Progress progress = followers.get(member);
    return progress == null ? 0 : progress.matchIndex();
  }

  long readSequenceAnswered(String member) {
    Progress progress = followers.get(member);
    return progress == null ? 0 : progress.readSequenceAnswered();
  }

  /** The voter of the only or incoming set whose log is longest, null without another voter. */
  @Nullable String mostAdvancedVoter() {
    String best = null;
    for (String voter : state.configuration().voters()) {
      if (!voter.equals(state.nodeId()) && (best == null || matchIndex(voter) > matchIndex(best))) {
        best = voter;
      }
    }
    return best;
  }

  /** Takes an answer; returns whether a match index rose. */
  boolean onAppendResponse(AppendResponse response) {
    Progress progress = followers.get(response.from());
    if (progress == null) {
      return false;
    }
    long agreedIndex = Math.max(response.prevIndex(), response.matchIndex());
    RaftInvariantViolation.require(
        agreedIndex <= log.lastIndex(),
        "followers hold only what was sent",
        agreedIndex,
        log.lastIndex());
    progress.heard(state.nowNanos(), response.readSequence());
    if (response.success()) {
      return progress.accepted(agreedIndex, response.matchIndex(), firstFor(response.from()));
    }
    if (progress.isCurrentRefusal(response.prevIndex(), firstFor(response.from()))) {
      long agreeing =
          log.lastIndexWithTermAtMost(
              Math.min(response.hintIndex(), response.prevIndex()), response.hintTerm());
      progress.probeFrom(Math.min(agreeing + 1, response.prevIndex()));
      if (response.hintIndex() < firstFor(response.from()) - 1) {
        needSnapshot(response.from(), progress);
      }
    }
    return false;
  }

  /** The first entry that the follower may have; who needs an earlier one needs a snapshot. */
  private long firstFor(String follower) {
    return state.configuration().learners().contains(follower)
        ? Math.max(log.firstIndex(), state.learnersFirstIndex())
        : log.firstIndex();
  }

  private void needSnapshot(String follower, Progress progress) {
    progress.needSnapshot();
    state.outbox.needSnapshot(follower);
  }

  /** The caller's stream to the follower came to an end. */
  void snapshotFinished(String follower, SnapshotPosition position, boolean delivered) {
    Progress progress = followers.get(follower);
    if (progress == null || progress.state() != ProgressState.SNAPSHOT) {
      return;
    }
    if (delivered) {
      progress.probeFrom(Math.min(position.index(), log.lastIndex()) + 1);
    } else {
      progress.probeWhenHeard(firstFor(follower));
    }
  }

  /** A follower that went silent while it was sent a snapshot is looked for again. */
  void giveUpSilentSnapshots() {
    followers.forEach(
        (follower, progress) -> {
          if (progress.state() == ProgressState.SNAPSHOT && isSilent(progress)) {
            progress.probeWhenHeard(firstFor(follower));
          }
        });
  }

  // ---- sending ----

  /**
   * Sends each follower what it may have now.
   *
   * @param commitNews whether a commit alone is worth a message; that of a membership always is
   */
  void send(long leaderTerm, long newestReadSequence, boolean heartbeat, boolean commitNews) {
    term = leaderTerm;
    readSequence = newestReadSequence;
    heartbeatDue = heartbeat;
    toldCommitIndex =
        commitNews
            ? log.commitIndex()
            : Math.min(log.commitIndex(), log.configurations().latestIndex());
    commitNewsWaiting = false;
    followers.forEach(this::replicateTo);
    batch = List.of();
    batchFromIndex = 0;
  }

  private void replicateTo(String follower, Progress progress) {
    boolean sent = false;
    while (progress.nextIndex() <= log.lastIndex() && progress.maySendEntries()) {
      if (progress.nextIndex() < firstFor(follower)) {
        needSnapshot(follower, progress);
        break;
      }
      List<Entry> entries = batchFrom(progress.nextIndex());
      send(follower, progress, entries);
      progress.sentEntries(entries.get(entries.size() - 1).index(), sizeBytes(entries));
      sent = true;
    }
    if (!sent && needsEmptyAppend(progress)) {
      send(follower, progress, List.of());
      progress.sentEmpty();
    }
    commitNewsWaiting |= mayBeToldOfCommit(progress, log.commitIndex());
  }

  private boolean needsEmptyAppend(Progress progress) {
    return heartbeatDue
        || (progress.readSequenceSent() < readSequence && progress.maySendEmpty())
        || mayBeToldOfCommit(progress, toldCommitIndex);
  }

  private static boolean mayBeToldOfCommit(Progress progress, long commitIndex) {
    return progress.commitIndexSent() < commitIndex
        && progress.state() == ProgressState.REPLICATE
        && progress.inflightMessages() == 0
        && progress.maySendEmpty();
  }

  /** Whether a follower that holds everything was not told of all commits in the last sending. */
  boolean isCommitNewsWaiting() {
    return commitNewsWaiting;
  }

  private void send(String follower, Progress progress, List<Entry> entries) {
    long prevIndex = Math.max(progress.nextIndex(), firstFor(follower)) - 1;
    state.outbox.sendNow(
        new AppendRequest(
            state.nodeId(),
            follower,
            term,
            prevIndex,
            log.term(prevIndex),
            entries,
            log.commitIndex(),
            readSequence));
    progress.sent(Math.min(log.commitIndex(), prevIndex + entries.size()), readSequence);
  }

  /** Followers that are equally far get the same list, so that it can be encoded once. */
  private List<Entry> batchFrom(long fromIndex) {
    if (batchFromIndex != fromIndex) {
      batch = log.entries(fromIndex, log.lastIndex(), config.appendBytesMax());
      batchFromIndex = fromIndex;
    }
    return batch;
  }

  private static long sizeBytes(List<Entry> entries) {
    long bytes = 0;
    for (int i = 0; i < entries.size(); i++) {
      bytes += entries.get(i).sizeBytes();
    }
    return bytes;
  }

  List<FollowerStatus> status() {
    List<FollowerStatus> status = new ArrayList<>(followers.size());
    followers.forEach(
        (id, progress) ->
            status.add(
                new FollowerStatus(
                    id,
                    progress.state(),
                    progress.matchIndex(),
                    progress.nextIndex(),
                    progress.inflightMessages(),
                    progress.inflightBytes(),
                    state.nowNanos() - progress.contactNanos())));
    return status;
  }
}
