package io.capstan.node.server;

import io.capstan.node.replica.Effect;
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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of peer streams: checks who is speaking, hands the messages of each frame to
 * the event loop of their group, and acknowledges the frame. An acknowledgement says that the frame
 * arrived, nothing more.
 *
 * <p>Thread-safe. Runs on the I/O threads of the peer port and never blocks.
 */
final class PeerService extends PeerGrpc.PeerImplBase {

  /** Takes the messages of a frame; must not block. */
  @FunctionalInterface
  interface Receiver {
    void receive(String from, List<PeerMessage> messages, int sizeBytes);
  }

  private static final Logger log = LoggerFactory.getLogger(PeerService.class);

  private final Hello self;
  private final BiConsumer<String, Long> seen;
  private volatile Map<String, Long> peers;
  private volatile boolean open;
  private final long groupId;
  private final Receiver receiver;
  private final Set<String> objections = ConcurrentHashMap.newKeySet();
  private final AtomicLong strayMessages = new AtomicLong();
  private final PeerMessage signOfLife;

  /**
   * @param self this node's hello, without a receiver
   * @param peers the ids of the nodes that may speak at first; none: any node of the cluster may,
   *     because this one has yet to learn who belongs to it
   * @param seen is told which incarnation a peer is that was let in
   * @param groupId the group whose messages are taken; others are dropped
   * @param receiver takes the messages; an idle peer's keepalive reaches it as a message that
   *     carries nothing, so that the replica counts the peer as heard
   */
  PeerService(
      Hello self,
      Set<String> peers,
      BiConsumer<String, Long> seen,
      long groupId,
      Receiver receiver) {
    this.self = self;
    this.open = peers.isEmpty();
    this.peers = peers.stream().collect(Collectors.toUnmodifiableMap(id -> id, id -> 0L));
    this.seen = seen;
    this.groupId = groupId;
    this.receiver = receiver;
    this.signOfLife = PeerMessage.newBuilder().setGroupId(groupId).build();
  }

  /** The members have changed; streams that are open stay. */
  void changed(Effect.Peers members) {
    open = !members.member();
    peers =
        members.others().stream()
            .collect(Collectors.toUnmodifiableMap(Effect.Peer::id, Effect.Peer::incarnation));
  }

  /** Messages of groups that this node has no replica of. */
  long strayMessages() {
    return strayMessages.get();
  }

  @Override
  public StreamObserver<PeerFrame> link(StreamObserver<LinkAck> acks) {
    return new Incoming((ServerCallStreamObserver<LinkAck>) acks);
  }

  /** One stream of one peer. gRPC calls it from one thread at a time. */
  private final class Incoming implements StreamObserver<PeerFrame> {
    private final ServerCallStreamObserver<LinkAck> acks;
    private @Nullable String from;
    private long received;
    private long acknowledged;
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
      if (from == null && !welcome(frame)) {
        return;
      }
      hand(frame);
      received = frame.getFrameNumber();
      acknowledge();
    }

    private boolean welcome(PeerFrame frame) {
      String objection =
          frame.hasHello()
              ? PeerProtocol.objection(
                  self,
                  frame.getHello(),
                  open || peers.containsKey(frame.getHello().getNodeId()),
                  peers.getOrDefault(frame.getHello().getNodeId(), 0L))
              : "the first frame of a peer stream carries no hello";
      if (objection == null) {
        from = frame.getHello().getNodeId();
        seen.accept(frame.getHello().getNodeId(), frame.getHello().getIncarnation());
        return true;
      }
      over = true;
      // The refused peer tries again and again; each reason is told once.
      if (objections.size() < 100 && objections.add(objection)) {
        log.atWarn()
            .addKeyValue("node", self.getNodeId())
            .addKeyValue("why", objection)
            .log("peer refused");
      }
      acks.onError(Status.FAILED_PRECONDITION.withDescription(objection).asRuntimeException());
      return false;
    }

    private void hand(PeerFrame frame) {
      // A keepalive says nothing, but it says that the peer lives and that its way here is open.
      List<PeerMessage> messages =
          frame.getMessagesCount() == 0 ? List.of(signOfLife) : frame.getMessagesList();
      for (PeerMessage message : messages) {
        if (message.getGroupId() != groupId) {
          messages = ofGroup(messages);
          break;
        }
      }
      if (from != null && !messages.isEmpty()) {
        receiver.receive(from, messages, frame.getSerializedSize());
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
