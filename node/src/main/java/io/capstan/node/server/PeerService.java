package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.proto.peer.v1.Hello;
import io.capstan.proto.peer.v1.LinkAck;
import io.capstan.proto.peer.v1.PeerFrame;
import io.capstan.proto.peer.v1.PeerGrpc;
import io.capstan.proto.peer.v1.PeerMessage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of peer streams: checks who is speaking, hands the messages of each frame to
 * the event loop of their group, and acknowledges the newest frame now and then. An acknowledgement
 * says that the frames arrived, nothing more.
 *
 * <p>Thread-safe. Runs on the I/O threads of the peer port and never blocks.
 */
final class PeerService extends PeerGrpc.PeerImplBase {

  /** Takes the messages of a frame; must not block. */
  @FunctionalInterface
  interface Receiver {
    void receive(String from, List<PeerMessage> messages, int sizeBytes);
  }

  private static final int OBJECTIONS_TOLD_MAX = 100;

  /**
   * Between two acknowledgements of a busy stream: they tell its sender only that the way is open,
   * and one for each frame would cost as much as the frames. A keepalive, which follows on silence,
   * is acknowledged at once.
   */
  static final long ACK_INTERVAL_NANOS = 100_000_000L;

  private static final Logger log = LoggerFactory.getLogger(PeerService.class);

  /** Takes introductions; must not block. */
  interface Introductions {
    /** A node was let in. */
    void seen(Input.PeerSeen peer);

    /** A node was not let in, and may be after a moment: the replica decides. */
    void knocks(Input.PeerSeen stranger);
  }

  private final Supplier<Hello> self;
  private final Introductions introductions;
  private volatile Effect.Peers peers;
  private final long groupId;
  private final Receiver receiver;
  private final Set<String> objections = ConcurrentHashMap.newKeySet();
  private final AtomicLong strayMessages = new AtomicLong();
  private final PeerMessage signOfLife;

  /**
   * @param self this node's hello, without a receiver, as of now
   * @param peers the nodes that may speak at first
   * @param introductions is told who speaks, and who would like to
   * @param groupId the group whose messages are taken; others are dropped
   * @param receiver takes the messages; an idle peer's keepalive reaches it as a message that
   *     carries nothing, so that the replica counts the peer as heard
   */
  PeerService(
      Supplier<Hello> self,
      Effect.Peers peers,
      Introductions introductions,
      long groupId,
      Receiver receiver) {
    this.self = self;
    this.peers = peers;
    this.introductions = introductions;
    this.groupId = groupId;
    this.receiver = receiver;
    this.signOfLife = PeerMessage.newBuilder().setGroupId(groupId).build();
  }

  /** Who may speak has changed; the streams of those who may not any more end. */
  void changed(Effect.Peers now) {
    peers = now;
  }

  /** Messages of groups that this node has no replica of. */
  long strayMessages() {
    return strayMessages.get();
  }

  @Override
  public StreamObserver<PeerFrame> link(StreamObserver<LinkAck> acks) {
    return new Incoming((ServerCallStreamObserver<LinkAck>) acks);
  }

  private static Input.PeerSeen introduction(Hello sender) {
    return new Input.PeerSeen(
        sender.getNodeId(),
        sender.getIncarnation(),
        PeerProtocol.addressOf(sender),
        sender.getClusterId(),
        sender.getJoinedIndex());
  }

  /** One stream of one peer. gRPC calls it from one thread at a time. */
  private final class Incoming implements StreamObserver<PeerFrame> {
    private final ServerCallStreamObserver<LinkAck> acks;
    private @Nullable Hello from;
    private Effect.@Nullable Peers admittedBy;
    private long received;
    private long acknowledged;
    private long acknowledgedNanos;
    private boolean over;

    Incoming(ServerCallStreamObserver<LinkAck> acks) {
      this.acks = acks;
      acks.setOnReadyHandler(this::acknowledge);
      acks.setOnCancelHandler(() -> over = true);
    }

    @Override
    public void onNext(PeerFrame frame) {
      if (over) {
        return;
      }
      Hello sender = from;
      if (sender == null) {
        if (!frame.hasHello()) {
          refuse("the first frame of a peer stream carries no hello");
          return;
        }
        sender = frame.getHello();
      }
      if (!isWelcome(sender)) {
        return;
      }
      hand(sender.getNodeId(), frame);
      received = frame.getFrameNumber();
      boolean isAwaited = acknowledged == 0 || frame.getMessagesCount() == 0;
      if (isAwaited || System.nanoTime() - acknowledgedNanos >= ACK_INTERVAL_NANOS) {
        acknowledge();
      }
    }

    /** Looks again whenever it has changed who may speak. */
    private boolean isWelcome(Hello sender) {
      Effect.Peers current = peers;
      if (admittedBy == current) {
        return true;
      }
      Hello mine = self.get();
      String mismatch = PeerProtocol.mismatch(mine, sender);
      if (mismatch != null) {
        refuse(mismatch);
        return false;
      }
      Effect.Admission admission = current.admission(sender.getNodeId(), sender.getIncarnation());
      String objection = PeerProtocol.objection(mine, sender, admission);
      if (objection != null) {
        introductions.knocks(introduction(sender));
        refuse(objection);
        return false;
      }
      admittedBy = current;
      if (from == null) {
        from = sender;
        introductions.seen(introduction(sender));
      }
      return true;
    }

    private void refuse(String objection) {
      over = true;
      // The refused peer tries again and again; each reason is told once.
      if (objections.size() < OBJECTIONS_TOLD_MAX && objections.add(objection)) {
        log.atWarn()
            .addKeyValue("node", self.get().getNodeId())
            .addKeyValue("why", objection)
            .log("peer refused");
      }
      acks.onError(Status.FAILED_PRECONDITION.withDescription(objection).asRuntimeException());
    }

    private void hand(String sender, PeerFrame frame) {
      // A keepalive says nothing, but it says that the peer lives and that its way here is open.
      List<PeerMessage> messages =
          frame.getMessagesCount() == 0 ? List.of(signOfLife) : frame.getMessagesList();
      for (PeerMessage message : messages) {
        if (message.getGroupId() != groupId) {
          messages = ofGroup(messages);
          break;
        }
      }
      if (!messages.isEmpty()) {
        receiver.receive(sender, messages, frame.getSerializedSize());
      }
    }

    private List<PeerMessage> ofGroup(List<PeerMessage> messages) {
      List<PeerMessage> mine = new ArrayList<>(messages.size());
      for (PeerMessage message : messages) {
        if (message.getGroupId() == groupId) {
          mine.add(message);
        }
      }
      strayMessages.addAndGet(messages.size() - mine.size());
      return mine;
    }

    /** Only the newest frame counts, so nothing piles up where the way back is blocked. */
    private void acknowledge() {
      if (!over && received > acknowledged && acks.isReady()) {
        acknowledged = received;
        acknowledgedNanos = System.nanoTime();
        acks.onNext(LinkAck.newBuilder().setFrameNumber(received).build());
      }
    }

    @Override
    public void onError(Throwable problem) {
      over = true;
    }

    @Override
    public void onCompleted() {
      if (!over) {
        over = true;
        acks.onCompleted();
      }
    }
  }
}
