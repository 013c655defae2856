package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.proto.peer.v1.AppendRequest;
import io.capstan.proto.peer.v1.Hello;
import io.capstan.proto.peer.v1.LogEntry;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.RaftMessage;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class PeerLinkTest {

  private static final int GROUP = 1;
  private static final long CLUSTER_ID = 77;

  private final List<Long> received = new CopyOnWriteArrayList<>();
  private final AtomicInteger signsOfLife = new AtomicInteger();
  private final AtomicInteger frames = new AtomicInteger();
  private final AtomicLong acknowledgements = new AtomicLong();
  private final List<Boolean> linked = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final IoThreads serverThreads = new IoThreads("test-peer-server", 1);
  private final IoThreads linkThreads = new IoThreads("test-peer-link", 1);
  private final ListAppender<ILoggingEvent> logs = new ListAppender<>();
  private final List<Input.PeerSeen> knocked = new CopyOnWriteArrayList<>();
  private PeerService service;
  private Server server;

  @BeforeEach
  void begin() throws IOException {
    logs.start();
    ((Logger) LoggerFactory.getLogger("io.capstan.node.server")).addAppender(logs);
    server = peer(0);
  }

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    server.shutdownNow().awaitTermination();
    linkThreads.close(5_000);
    serverThreads.close(5_000);
    ((Logger) LoggerFactory.getLogger("io.capstan.node.server")).detachAppender(logs);
    await()
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.startsWith("test-peer")));
  }

  @Test
  void carriesMessagesInOrderAndManyInOneFrame() {
    PeerLink link = link(server.getPort(), hello());
    await().until(() -> linked.equals(List.of(true)));

    for (long i = 0; i < 5_000; i++) {
      link.send(message(i, 100), System.nanoTime());
    }
    link.flush();

    await().until(() -> received.size() == 5_000);
    assertThat(received).isSorted();
    assertThat(frames.get()).isLessThan(100);
    assertThat(link.dropped()).isZero();
  }

  @Test
  void carriesMessagesLargerThanAFrame() {
    PeerLink link = link(server.getPort(), hello());
    await().until(() -> linked.equals(List.of(true)));

    for (long i = 0; i < 5; i++) {
      link.send(message(i, 3 << 20), System.nanoTime());
    }
    link.flush();

    await().until(() -> received.equals(List.of(0L, 1L, 2L, 3L, 4L)));
  }

  @Test
  void dropsMessagesOfOtherGroups() {
    PeerLink link = link(server.getPort(), hello());
    link.send(message(1, 1).toBuilder().setGroupId(7).build(), System.nanoTime());
    link.send(message(2, 1), System.nanoTime());
    link.flush();

    await().until(() -> received.equals(List.of(2L)));
  }

  @Test
  void anotherClusterIsRefusedWithASentenceInTheLogsOfBoth() {
    link(server.getPort(), hello().toBuilder().setClusterName("staging").build());

    String sentence =
        "node n1 belongs to cluster \"staging\", node n2 to \"test\"; correct the addresses or the"
            + " cluster names";
    await().until(() -> said("peer refused", sentence) && said("peer not reached", sentence));
    assertThat(linked).isEmpty();
  }

  @Test
  void theWrongNodeAtAnAddressIsRefusedWithASentence() {
    link(server.getPort(), hello().toBuilder().setToNodeId("n3").build());

    String sentence =
        "node n1 meant to reach node n3 and found node n2; correct the peer addresses in its"
            + " configuration";
    await().until(() -> said("peer refused", sentence) && said("peer not reached", sentence));
    assertThat(linked).isEmpty();
  }

  @Test
  void aNodeThatNobodyKnowsIsRefused() {
    link(server.getPort(), hello().toBuilder().setNodeId("n9").build());

    await()
        .until(
            () ->
                said(
                    "peer refused",
                    "node n9 is no member of the cluster, says node n2; to make it one: capstan"
                        + " member add n9 HOST:PORT"));
  }

  @Test
  void aNodeThatNobodyKnowsIsLetInOnceTheReplicaTakesItForAGuestAndLeavesWhenItIsNoneAnyMore() {
    PeerLink link =
        link(
            server.getPort(),
            hello().toBuilder()
                .setNodeId("n9")
                .setIncarnation(5)
                .setPeerAddress("n9.example:7200")
                .setClusterId(CLUSTER_ID)
                .setJoinedIndex(40)
                .build());

    // given that the refusal was passed on as a wish
    await().until(() -> !knocked.isEmpty());
    assertThat(knocked.get(0)).isEqualTo(new Input.PeerSeen("n9", 5, "n9.example:7200", 77, 40));
    assertThat(linked).isEmpty();

    // when the replica grants it, then messages arrive
    service.changed(peers(List.of(new Effect.Peer("n9", "n9.example:7200", "", 5))));
    await().until(() -> linked.equals(List.of(true)));
    link.send(message(1, 1), System.nanoTime());
    link.flush();
    await().until(() -> received.equals(List.of(1L)));

    // and when it does not any more, the stream that is open ends
    service.changed(peers(List.of()));
    await().until(() -> linked.equals(List.of(true, false)));
  }

  @Test
  void aNodeOfAnotherClusterOfTheSameNameIsRefusedAndItsWishIsNotPassedOn() {
    service.changed(peers(List.of()));
    link(server.getPort(), hello().toBuilder().setNodeId("n9").setClusterId(78).build());

    await()
        .until(
            () ->
                said(
                    "peer refused",
                    "node n9 belongs to another cluster that is called \"test\" too, says node n2:"
                        + " the two were begun apart; to bring it here: stop it, empty its data"
                        + " folder, start it with the setting join, then capstan member add n9"
                        + " HOST:PORT"));
    assertThat(knocked).isEmpty();
  }

  @Test
  void anAddressThatNobodyCanConnectToIsTakenForNone() {
    assertThat(PeerProtocol.addressOf(hello())).isEmpty();
    assertThat(PeerProtocol.addressOf(hello().toBuilder().setPeerAddress("no address").build()))
        .isEmpty();
    assertThat(PeerProtocol.addressOf(hello().toBuilder().setPeerAddress("0.0.0.0:7200").build()))
        .isEmpty();
    assertThat(PeerProtocol.addressOf(hello().toBuilder().setPeerAddress("[fe80::1]:7200").build()))
        .isEqualTo("[fe80::1]:7200");
  }

  private static Effect.Peers peers(List<Effect.Peer> guests) {
    return new Effect.Peers(
        true, CLUSTER_ID, 0, "", List.of(new Effect.Peer("n1", "", "", 0)), guests);
  }

  @Test
  void anotherProtocolVersionIsRefused() {
    link(server.getPort(), hello().toBuilder().setProtocolVersion(2).build());

    await()
        .until(
            () ->
                said(
                    "peer refused",
                    "node n1 speaks peer protocol 2, node n2 speaks 1; run the same version of"
                        + " Capstan on both"));
  }

  @Test
  void connectsAgainWhenThePeerComesBack() throws Exception {
    PeerLink link = link(server.getPort(), hello());
    await().until(() -> linked.equals(List.of(true)));
    int port = server.getPort();

    server.shutdownNow().awaitTermination();
    await().until(() -> linked.equals(List.of(true, false)));
    server = peer(port);

    await().atMost(Duration.ofSeconds(3)).until(() -> linked.equals(List.of(true, false, true)));
    link.send(message(1, 1), System.nanoTime());
    link.flush();
    await().until(() -> received.equals(List.of(1L)));
  }

  @Test
  void noticesABlackHoleAndFlowsAgainSoonAfterItHealed() throws Exception {
    StallingProxy proxy = new StallingProxy(server.getPort());
    open.add(proxy);
    PeerLink link = link(proxy.port(), hello());
    await().until(() -> linked.equals(List.of(true)));

    // when nothing passes any more, though every connection stays open
    proxy.swallow();

    // then keepalives without an answer give it away
    await().atMost(Duration.ofSeconds(4)).until(() -> linked.equals(List.of(true, false)));
    link.send(message(1, 1), System.nanoTime());
    link.flush();

    // and when it heals, a new connection carries what is fresh within a second or so
    int connectionsInTheDark = proxy.connectionsSoFar();
    await().until(() -> proxy.connectionsSoFar() > connectionsInTheDark + 1);
    proxy.heal();
    await().atMost(Duration.ofMillis(1_500)).until(() -> linked.equals(List.of(true, false, true)));
    link.send(message(2, 1), System.nanoTime());
    link.flush();
    await().until(() -> received.contains(2L));
  }

  @Test
  void noticesThatOnlyTheWayBackIsBlocked() throws Exception {
    StallingProxy proxy = new StallingProxy(server.getPort());
    open.add(proxy);
    link(proxy.port(), hello());
    await().until(() -> linked.equals(List.of(true)));

    proxy.swallowAnswers();

    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> linked.size() >= 3 && linked.subList(0, 3).equals(List.of(true, false, true)));
  }

  @Test
  void anIdleStreamStaysUp() {
    link(server.getPort(), hello());
    await().until(() -> linked.equals(List.of(true)));

    await()
        .during(Duration.ofNanos(PeerLink.ACK_TIMEOUT_NANOS + 500_000_000L))
        .atMost(Duration.ofSeconds(5))
        .until(() -> linked.equals(List.of(true)));
  }

  @Test
  void aBusyStreamStaysUpOnFarFewerAcknowledgementsThanFrames() {
    // given a stream on which a frame leaves every few milliseconds
    PeerLink link = link(server.getPort(), hello());
    await().until(() -> linked.equals(List.of(true)));
    AtomicLong sent = new AtomicLong();
    ScheduledFuture<?> sending =
        linkThreads
            .next()
            .scheduleAtFixedRate(
                () -> {
                  link.send(message(sent.incrementAndGet(), 1), System.nanoTime());
                  link.flush();
                },
                0,
                5,
                TimeUnit.MILLISECONDS);

    // when it has been busy for longer than silence is borne
    long begunNanos = System.nanoTime();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                System.nanoTime() - begunNanos > 1.5 * PeerLink.ACK_TIMEOUT_NANOS
                    && received.size() > 100);
    sending.cancel(false);

    // then
    assertThat(linked).containsExactly(true);
    long acksMax =
        (System.nanoTime() - begunNanos) / PeerService.ACK_INTERVAL_NANOS + signsOfLife.get() + 2;
    assertThat(acknowledgements.get()).isLessThanOrEqualTo(acksMax);
  }

  @Test
  void anIdlePeerIsHeardAllTheSame() {
    link(server.getPort(), hello());

    await().until(() -> signsOfLife.get() >= 3);

    assertThat(received).isEmpty();
  }

  @Test
  void dropsBeyondItsBoundAndNeverSendsWhatIsTooOld() throws Exception {
    // given a peer that is not there
    int port = freePort();
    PeerLink link = link(port, hello());
    for (long i = 0; i < PeerLink.QUEUE_MAX + 10; i++) {
      link.send(message(i, 1), System.nanoTime());
    }
    link.flush();
    assertThat(link.dropped()).isGreaterThanOrEqualTo(9); // one may be in the link's hand

    // when it comes after the messages have grown old
    await().until(() -> link.dropped() == PeerLink.QUEUE_MAX + 10);
    server.shutdownNow().awaitTermination();
    server = peer(port);
    await().until(() -> linked.equals(List.of(true)));
    link.send(message(77, 1), System.nanoTime());
    link.flush();

    // then only what is fresh arrives
    await().until(() -> !received.isEmpty());
    assertThat(received).containsExactly(77L);
  }

  private Server peer(int port) throws IOException {
    Hello self =
        Hello.newBuilder()
            .setNodeId("n2")
            .setClusterName("test")
            .setProtocolVersion(1)
            .setClusterId(CLUSTER_ID)
            .build();
    service = service(self);
    return NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .bossEventLoopGroup(serverThreads.group())
        .workerEventLoopGroup(serverThreads.group())
        .channelType(serverThreads.serverChannelType())
        .directExecutor()
        .maxInboundMessageSize(PeerProtocol.MESSAGE_MAX_BYTES + PeerProtocol.FRAME_MAX_BYTES)
        .addService(ServerInterceptors.intercept(service, new CountedAnswers()))
        .build()
        .start();
  }

  private final class CountedAnswers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendMessage(A answer) {
              acknowledgements.incrementAndGet();
              super.sendMessage(answer);
            }
          },
          headers);
    }
  }

  private PeerService service(Hello self) {
    return new PeerService(
        () -> self,
        Effect.Peers.ofSettings(true, List.of("n1", "n3")),
        new PeerService.Introductions() {
          @Override
          public void seen(Input.PeerSeen peer) {}

          @Override
          public void knocks(Input.PeerSeen stranger) {
            knocked.add(stranger);
          }
        },
        GROUP,
        (from, messages, sizeBytes) -> {
          if (!messages.get(0).hasRaft()) {
            signsOfLife.incrementAndGet();
            return;
          }
          frames.incrementAndGet();
          for (PeerMessage message : messages) {
            received.add(message.getRaft().getTerm());
          }
        });
  }

  private PeerLink link(int port, Hello hello) {
    EventLoop io = linkThreads.next();
    PeerLink link =
        new PeerLink(
            () -> hello,
            PeerConnection.dialer("127.0.0.1", port, linkThreads, io, Runnable::run),
            io,
            linked::add);
    link.start();
    open.add(link::close);
    return link;
  }

  private static Hello hello() {
    return Hello.newBuilder()
        .setNodeId("n1")
        .setToNodeId("n2")
        .setClusterName("test")
        .setProtocolVersion(PeerProtocol.VERSION)
        .build();
  }

  private static PeerMessage message(long number, int sizeBytes) {
    return PeerMessage.newBuilder()
        .setGroupId(GROUP)
        .setRaft(
            RaftMessage.newBuilder()
                .setTerm(number)
                .setAppendRequest(
                    AppendRequest.newBuilder()
                        .addEntries(
                            LogEntry.newBuilder()
                                .setPayload(ByteString.copyFrom(new byte[sizeBytes])))))
        .build();
  }

  private boolean said(String message, String why) {
    return new ArrayList<>(logs.list)
        .stream()
            .anyMatch(
                event ->
                    event.getMessage().equals(message)
                        && event.getLevel() == Level.WARN
                        && event.getKeyValuePairs().stream()
                            .anyMatch(pair -> why.equals(pair.value)));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
