package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.ProposeResult;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.RaftConfig;
import io.capstan.node.raft.RaftStatus;
import io.capstan.node.raft.Role;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.peer.v1.Forward;
import io.capstan.proto.peer.v1.ForwardReply;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.store.v1.CreateKeyspaceCommand;
import io.capstan.proto.store.v1.ExpireSessionsCommand;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.StatusResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One replica of one group: Raft, the state machine, leaderless replication and the calls of
 * clients, as one deterministic state machine. Inputs go in by {@link #step}; {@link #flush} writes
 * what they changed as one batch and gives out the effects.
 *
 * <p>The same constructor arguments and the same sequence of calls give the same batches and
 * effects byte for byte; this is what the simulator relies on. Confined to one thread.
 */
public final class Replica {

  /** Passes through a flush; each one runs actions that the one before released. */
  private static final int FLUSH_PASSES_MAX = 64;

  /**
   * How far a follower may be behind for want of something else to send: stale reads and the steps
   * of a mode switch wait for it, and what writes and linearizable reads wait for is never held
   * back.
   */
  private static final long COMMIT_NEWS_DELAY_MILLIS = 10;

  /** How often a leader looks for sessions that nobody uses any more. */
  private static final long EXPIRY_INTERVAL_NANOS = 5_000_000_000L;

  private final ReplicaConfig config;
  private final ReplicaStore store;
  private final BufferedTables tables;
  private final Outbox outbox = new Outbox();
  private final StateMachine machine;
  private final ApKeyspaces apKeyspaces;
  private final Raft raft;
  private final CpAnswers answers;
  private final Membership membership;
  private final CpCalls calls;
  private final CallRouter router;
  private final ForwardsSeen forwardsSeen = new ForwardsSeen();
  private final Snapshots snapshots;
  private final long senderRun;
  private final StatusPage statusPage;
  private final ModeSwitching switching;
  private final ActorRetirement retirement;
  // Committed and not applied: the first of them waits for a checkpoint.
  private final ArrayDeque<Entry> waiting = new ArrayDeque<>();

  private Moment now;
  private long nextExpiryNanos;
  private long writeSequence;
  private long raftWriteSequence;
  private long bootstrapTerm;
  private @Nullable RaftStatus flushStatus;

  /**
   * Starts the replica from what the store holds, all of which must be synced.
   *
   * @throws ReplicaInvariantViolation where what is stored contradicts itself
   */
  public Replica(ReplicaConfig config, ReplicaStore store, RandomGenerator random, Moment start) {
    this.config = config;
    this.store = store;
    this.now = start;
    this.nextExpiryNanos = start.nanos();
    this.senderRun = random.nextLong();
    this.tables = new BufferedTables(store);
    this.apKeyspaces = new ApKeyspaces(config, this::members, tables, this::empty, outbox, random);
    this.machine =
        new StateMachine(
            config.groupId(), initialMembers(config, store), store, tables, new CatalogueEvents());
    machine.load();
    HardState hardState = store.log().hardState();
    this.raft =
        new Raft(
            raftConfig(config),
            hardState == null ? HardState.INITIAL : hardState,
            store.log(),
            machine.appliedIndex(),
            random,
            start.nanos());
    raft.learnersBeginWith(machine.openedIndex() + 1);
    this.answers = new CpAnswers(config.nodeId(), machine, tables, new Acknowledged());
    // Drawn anyway, once in the life of a process: the cluster it begins needs no second number.
    this.membership = new Membership(config, raft, machine, apKeyspaces, outbox, senderRun);
    this.calls = new CpCalls(config, raft, machine, answers, membership, new CallExit(), start);
    this.router =
        new CallRouter(config, machine, answers, apKeyspaces, calls, membership, this::deliver);
    this.switching = new ModeSwitching(config, raft, machine, apKeyspaces, tables, outbox, start);
    this.retirement = new ActorRetirement(config, raft, machine, apKeyspaces, start);
    this.statusPage = new StatusPage(config, raft, machine, apKeyspaces, switching);
    this.snapshots = new Snapshots(config, raft, machine, store, outbox, random, start);
  }

  /** The members that the log begins with; those of the settings where it never began. */
  private static Configuration initialMembers(ReplicaConfig config, ReplicaStore store) {
    Configuration noted = store.log().snapshot().configuration();
    return noted.isEmpty() ? Configuration.ofVoters(config.members()) : noted;
  }

  private Members members() {
    return machine.members();
  }

  /** Removes what an AP keyspace has here. */
  private void empty(long keyspaceId) {
    tables.forget(keyspaceId);
    store.dropKeyspace(keyspaceId);
    store.createKeyspace(keyspaceId);
  }

  private static RaftConfig raftConfig(ReplicaConfig config) {
    return RaftConfig.builder(config.nodeId(), Configuration.ofVoters(config.members()))
        .electionTimeoutMillis(config.electionTimeoutMillis())
        .heartbeatIntervalMillis(config.heartbeatIntervalMillis())
        .commitNewsDelayMillis(COMMIT_NEWS_DELAY_MILLIS)
        .uncommittedBytesMax(config.uncommittedBytesMax())
        .readsPendingMax(config.callsMax())
        .leaseReads(config.leaseReads().enabled())
        // What AP keyspaces wait for decides, see Membership.
        .automaticLeave(false)
        .clockDriftMaxPartsPerMillion(config.leaseReads().clockDriftMaxPartsPerMillion())
        .build();
  }

  // ---- inputs ----

  /**
   * Takes one input. What it changes is visible to the next one; nothing leaves before {@link
   * #flush}.
   *
   * @throws RuntimeException where an invariant is broken: the node must stop
   */
  public void step(Input input, Moment moment) {
    now = moment;
    switch (input) {
      case Input.Tick tick -> {
        raft.tick(now.nanos());
        calls.tick(now);
        apKeyspaces.tick(machine.appliedIndex(), now);
        snapshots.tick(now);
        membership.tick(now);
        router.tick(now);
        switching.tick(now);
        retirement.tick(now);
        expireSessions();
      }
      case Input.ClientCall call -> router.client(call, now);
      case Input.FromPeer from -> fromPeer(from.from(), from.message());
      case Input.Durable durable -> {
        outbox.durable(durable.writeSequence());
        raft.durable(Math.min(durable.writeSequence(), raftWriteSequence));
      }
      case Input.PeerSeen seen -> membership.heard(seen, now);
      case Input.HandOver stop -> {
        if (raft.role() == Role.LEADER) {
          raft.transferLeadership(null);
        }
      }
      case SnapshotInput answer -> snapshots.answered(answer, now);
      case Input.PeerLink link -> apKeyspaces.peerLink(link.peer(), link.connected(), now);
    }
  }

  private void fromPeer(String from, PeerMessage message) {
    if (message.getGroupId() != config.groupId() || from.equals(config.nodeId())) {
      return;
    }
    boolean member = raft.configuration().isMember(from);
    boolean guest = membership.isGuest(from);
    if (member && !guest) {
      statusPage.heard(from, now);
    } else if (!message.hasRaft() && !message.hasSnapshot()) {
      // Raft and snapshots may come from whom this node has yet to learn of; nothing else.
      if (message.hasQuorum() && !member) {
        apKeyspaces.tellFormer(from, message.getQuorum());
      }
      return;
    } else if (member && isAnswer(message)) {
      // Another incarnation of a member: it has not promised what the former one had.
      return;
    }
    switch (message.getMessageCase()) {
      case RAFT ->
          raft.step(RaftCodec.decode(from, config.nodeId(), message.getRaft()), now.nanos());
      case FORWARD -> {
        Forward forward = message.getForward();
        if (!forwardsSeen.isNew(from, forward)) {
          break;
        }
        router.forwarded(
            new Call.Origin(from, forward.getForwardId(), forward.getSenderRun()),
            ForwardCodec.request(forward),
            now.nanos() + forward.getTimeoutMillis() * 1_000_000L,
            now);
      }
      case FORWARD_REPLY -> {
        if (message.getForwardReply().getSenderRun() == senderRun) {
          calls.forwardReplied(message.getForwardReply(), now);
        }
      }
      case QUORUM -> {
        KeyspaceRecord keyspace = machine.catalogue().withId(message.getQuorum().getKeyspaceId());
        long epoch = keyspace == null ? 0 : keyspace.getEpoch();
        apKeyspaces.onMessage(from, message.getQuorum(), machine.appliedIndex(), epoch, now);
      }
      case SWITCH -> switching.onMessage(from, message.getSwitch(), now);
      case SNAPSHOT -> snapshots.fromPeer(from, message.getSnapshot(), now);
      case MESSAGE_NOT_SET -> {}
    }
  }

  private static boolean isAnswer(PeerMessage message) {
    return message.hasRaft()
        ? message.getRaft().hasVoteResponse() || message.getRaft().hasAppendResponse()
        : message.getSnapshot().hasAnswer();
  }

  // ---- the flush ----

  /**
   * Writes everything that the inputs since the last flush changed, as one batch where that is
   * possible, and gives out what may leave.
   */
  public Flush flush(Moment moment) {
    now = moment;
    boolean more = true;
    for (int pass = 0; more; pass++) {
      if (pass == FLUSH_PASSES_MAX) {
        throw new ReplicaInvariantViolation("a flush does not come to an end");
      }
      more = pass() || snapshots.endOfFlush(now);
    }
    membership.tellPeers(now);
    flushStatus = null;
    return new Flush(
        writeSequence, Math.max(raftWriteSequence, outbox.awaitedSequence()), outbox.takeEffects());
  }

  /** One drain, one batch; returns whether another pass has something to do. */
  private boolean pass() {
    flushStatus = null;
    bootstrap();
    WriteBatch batch = new WriteBatch();
    io.capstan.node.raft.Output output = raft.drain(nextRaftSequence());
    if (output.hasWrite()) {
      batch.appendToLog(output.truncateFrom(), output.entries());
      snapshots.stage(output, batch);
      HardState hardState = output.hardState();
      if (hardState != null) {
        batch.hardState(hardState);
      }
    }
    SnapshotPosition install = output.install();
    if (install != null) {
      switching.beforeInstall(snapshots.installing(), now);
      // What waits of keyspaces that the snapshot replaces is replaced with them; ledgers stay.
      apKeyspaces.beforeFlush();
      tables.drainTo(batch);
      // At once: Raft is not to be asked anything until its new state is there.
      write(batch, true);
      waiting.clear();
      raft.holdApplying(false);
      snapshots.installed(install);
      switching.reloaded();
      raft.learnersBeginWith(machine.openedIndex() + 1);
      batch = new WriteBatch();
    }
    sendRaft(output.sendNow());
    if (!output.sendWhenDurable().isEmpty()) {
      List<io.capstan.node.raft.Message> held = output.sendWhenDurable();
      outbox.whenDurable(() -> sendRaft(held));
    }
    applyCommitted(output.committed());
    if (output.roleChange() != null) {
      calls.leadershipChanged(now);
    }
    if (!output.rejectedReads().isEmpty()) {
      output.rejectedReads().forEach(calls::rejected);
    }
    if (!output.reads().isEmpty()) {
      output.reads().forEach(calls::confirmed);
    }
    snapshots.serve(output, now);
    calls.serveConfirmed();
    switching.report(now);
    machine.beforeFlush();
    apKeyspaces.beforeFlush();
    tables.drainTo(batch);
    if (!batch.isEmpty()) {
      write(batch, output.hasWrite() && install == null);
    }
    outbox.sealed(writeSequence);
    boolean released = outbox.runReleased();
    if (!tables.isEmpty() || outbox.hasUnsealed()) {
      return true;
    }
    return !output.isEmpty() && (released || mayHaveMore());
  }

  /**
   * Whether another pass may find something that this one has not: a pass is cheap where nothing
   * waits, and yet most flushes would be half made of it.
   */
  private boolean mayHaveMore() {
    return raft.mayHaveOutput()
        || !waiting.isEmpty()
        || machine.catalogue().anyChangesSides()
        || isBootstrapDue();
  }

  private void applyCommitted(List<Entry> committed) {
    if (!committed.isEmpty()) {
      waiting.addAll(committed);
    }
    boolean blocked = false;
    while (!waiting.isEmpty() && !blocked) {
      Entry entry = waiting.element();
      blocked = switching.blocks(entry, now);
      if (!blocked) {
        waiting.remove();
        calls.applied(entry, machine.apply(entry));
        raft.learnersBeginWith(machine.openedIndex() + 1);
      }
    }
    raft.holdApplying(blocked);
  }

  private void write(WriteBatch batch, boolean ofRaft) {
    writeSequence++;
    if (ofRaft) {
      raftWriteSequence = writeSequence;
    }
    store.write(batch);
  }

  private long nextRaftSequence() {
    return writeSequence + 1;
  }

  /** The first leader of an empty cluster makes the keyspace that exists from the start. */
  private void bootstrap() {
    if (!isBootstrapDue()) {
      return;
    }
    bootstrapTerm = raft.term();
    LogCommand create =
        LogCommand.newBuilder()
            .setGroupId(config.groupId())
            .setProposedAtMillis(now.wallMillis())
            .setCreateKeyspace(
                CreateKeyspaceCommand.newBuilder()
                    .setKeyspace(
                        KeyspaceRecord.newBuilder()
                            .setName(io.capstan.node.keyspace.Catalogue.DEFAULT_KEYSPACE)
                            .setMode(Mode.MODE_CP)))
            .build();
    ProposeResult result = raft.propose(create.toByteArray());
    if (!(result instanceof ProposeResult.Accepted)) {
      throw new ReplicaInvariantViolation("an idle leader refused its first entry: " + result);
    }
  }

  private boolean isBootstrapDue() {
    return !machine.bootstrapped()
        && raft.role() == Role.LEADER
        && raft.term() != bootstrapTerm
        && machine.appliedIndex() >= raft.lastIndex();
  }

  /** The leader proposes it, and every replica forgets the same sessions at the same entry. */
  private void expireSessions() {
    if (raft.role() != Role.LEADER || now.nanos() - nextExpiryNanos < 0) {
      return;
    }
    nextExpiryNanos = now.nanos() + EXPIRY_INTERVAL_NANOS;
    if (machine.anyIdleSession(config.sessionTtlMillis(), now.wallMillis())) {
      LogCommand expire =
          LogCommand.newBuilder()
              .setGroupId(config.groupId())
              .setProposedAtMillis(now.wallMillis())
              .setExpireSessions(
                  ExpireSessionsCommand.newBuilder().setIdleMillis(config.sessionTtlMillis()))
              .build();
      raft.propose(expire.toByteArray());
    }
  }

  // ---- effects ----

  private void sendRaft(List<io.capstan.node.raft.Message> messages) {
    for (int i = 0; i < messages.size(); i++) {
      io.capstan.node.raft.Message message = messages.get(i);
      send(message.to(), PeerMessage.newBuilder().setRaft(RaftCodec.encode(message)));
    }
  }

  private void send(String to, PeerMessage.Builder message) {
    outbox.emit(new Effect.Send(to, message.setGroupId(config.groupId()).build()));
  }

  private void deliver(Call call, CpAnswers.Answer answer) {
    Call.Origin origin = call.origin;
    if (origin == null) {
      outbox.emit(
          switch (answer) {
            case CpAnswers.Answer.Success success ->
                new Effect.Reply(call.callId, success.response());
            case CpAnswers.Answer.Failure failure -> new Effect.Fail(call.callId, failure.error());
          });
      return;
    }
    ForwardReply.Builder reply =
        ForwardReply.newBuilder().setForwardId(origin.forwardId()).setSenderRun(origin.senderRun());
    switch (answer) {
      case CpAnswers.Answer.Success success -> ForwardCodec.setResponse(reply, success.response());
      case CpAnswers.Answer.Failure failure -> reply.setError(failure.error());
    }
    send(origin.peer(), PeerMessage.newBuilder().setForwardReply(reply));
  }

  /** Where calls of the log leave. */
  private final class CallExit implements CpCalls.Exit {
    @Override
    public void answer(Call call, CpAnswers.Answer answer) {
      deliver(call, answer);
    }

    @Override
    public void forward(Call call, String leader, Message request, long timeoutMillis) {
      Forward.Builder forward =
          Forward.newBuilder()
              .setForwardId(call.forwardId)
              .setTimeoutMillis(timeoutMillis)
              .setSenderRun(senderRun);
      ForwardCodec.setRequest(forward, request);
      send(leader, PeerMessage.newBuilder().setForward(forward));
    }

    @Override
    public void catalogueSeen(Call call, boolean current) {
      router.catalogueSeen(call, current, now);
    }

    @Override
    public void epochPassed(Call call) {
      router.epochPassed(call, now);
    }
  }

  /** Keeps the AP keyspaces in step with the catalogue. */
  private final class CatalogueEvents implements StateMachine.CatalogueListener {
    @Override
    public void created(KeyspaceRecord keyspace, boolean byEntry) {
      apKeyspaces.created(keyspace, !byEntry, now);
    }

    @Override
    public void changed(KeyspaceRecord before, KeyspaceRecord after, boolean byEntry) {
      switching.changed(before, after, byEntry, now);
      router.keyspaceChanged(after.getId(), now);
    }

    @Override
    public void membersChanged() {
      apKeyspaces.replicasChanged(machine.catalogue().all(), now);
    }

    @Override
    public void dropped(KeyspaceRecord keyspace) {
      apKeyspaces.dropped(keyspace);
      switching.dropped(keyspace.getId());
      router.keyspaceChanged(keyspace.getId(), now);
      // Only once the drop is on disk, or a crash would leave a keyspace without its tables.
      outbox.whenDurable(() -> store.dropKeyspace(keyspace.getId()));
    }
  }

  /** Who holds an entry on disk, from the followers' answers. */
  private final class Acknowledged implements CpAnswers.Acknowledgements {
    @Override
    public List<String> acked(long index) {
      return members(index, true);
    }

    @Override
    public List<String> missing(long index) {
      return members(index, false);
    }

    private List<String> members(long index, boolean holding) {
      if (flushStatus == null) {
        flushStatus = raft.status();
      }
      List<String> found = new ArrayList<>();
      for (String member : raft.configuration().voters()) {
        boolean holds =
            member.equals(config.nodeId())
                ? raft.durableIndex() >= index
                : matchIndex(member) >= index;
        if (holds == holding) {
          found.add(member);
        }
      }
      return found;
    }

    private long matchIndex(String member) {
      RaftStatus status = flushStatus;
      if (status != null) {
        for (RaftStatus.FollowerStatus follower : status.followers()) {
          if (follower.nodeId().equals(member)) {
            return follower.matchIndex();
          }
        }
      }
      return 0;
    }
  }

  // ---- status ----

  /** What this replica knows of itself; the shell adds addresses, disk and process. */
  public StatusResponse.Builder status(Moment moment) {
    return statusPage.at(moment);
  }

  /**
   * The earliest moment, on the clock of {@link Moment#nanos}, at which a tick has something to do
   * if no other input comes; may be in the past.
   */
  public long nextTickNanos() {
    long earliest = raft.nextTickNanos();
    OptionalLong call = calls.nextTickNanos();
    if (call.isPresent() && call.getAsLong() - earliest < 0) {
      earliest = call.getAsLong();
    }
    earliest = switching.nextTickNanos(router.nextTickNanos(earliest));
    return snapshots.nextTickNanos(apKeyspaces.nextTickNanos(earliest));
  }

  /** Role, as cheaply as can be; {@link #raftStatus} tells more. */
  public Role role() {
    return raft.role();
  }

  /** Who belongs to the group, as the newest entry of this replica's log says. */
  public Configuration configuration() {
    return raft.configuration();
  }

  /** Current term. */
  public long term() {
    return raft.term();
  }

  /** Highest log index known to be committed. */
  public long commitIndex() {
    return raft.commitIndex();
  }

  /** The log index up to which this replica's state machine has come. */
  public long appliedIndex() {
    return machine.appliedIndex();
  }

  /** The Raft core's picture of itself. */
  public RaftStatus raftStatus() {
    return raft.status();
  }

  /** The AP keyspace on this replica, to be looked at only; null where there is none of that id. */
  public @Nullable LeaderlessKeyspace apKeyspace(long keyspaceId) {
    return apKeyspaces.keyspace(keyspaceId);
  }
}
