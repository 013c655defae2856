package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LinkProxyTest {
  private static final DirectedLink LINK = new DirectedLink("n1", "n2");
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** How long silence must last to be believed. */
  private static final int SILENCE_MILLIS = 200;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private ProxyLoop loop;
  private EchoServer echo;
  private LinkProxy proxy;

  @BeforeEach
  void openOneLinkToAnEchoServer() throws IOException {
    loop = ProxyLoop.start();
    echo = new EchoServer();
    proxy = LinkProxy.open(loop, LINK, ANY_PORT, echo.address());
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    proxy.close();
    echo.close();
    loop.close();
  }

  @Test
  void anOpenLinkCarriesBytesBothWays() throws Exception {
    Socket socket = connect();

    say(socket, "hello");

    assertThat(hear(socket, 5)).isEqualTo("hello");
  }

  @Test
  void anOrderlyEndIsPassedOnAfterTheLastByte() throws Exception {
    Socket socket = connect();

    say(socket, "last words");
    socket.shutdownOutput();

    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("last words");
    await().until(() -> proxy.connectionCount() == 0);
  }

  @Test
  void everyByteArrivesInOrderWhenTheReaderIsSlow() throws Exception {
    byte[] sent = new byte[8 << 20];
    new Random(1).nextBytes(sent);
    Socket socket = connect();

    // The writer fills every buffer on the way before anybody reads.
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                  } catch (IOException e) {
                    throw new IllegalStateException(e);
                  }
                });
    await().until(() -> echo.bytesReceived() > 0);

    assertThat(socket.getInputStream().readAllBytes()).isEqualTo(sent);
    writer.join();
  }

  @Test
  void nothingCrossesABlackholedLinkAndNothingIsLostOnceItOpens() throws Exception {
    Socket socket = connect();
    say(socket, "before ");
    assertThat(hear(socket, 7)).isEqualTo("before ");

    proxy.setMode(LinkMode.BLACKHOLE);
    long bytesBefore = echo.bytesReceived();
    say(socket, "during ");

    assertThat(isSilent(socket)).isTrue();
    assertThat(echo.bytesReceived()).isEqualTo(bytesBefore);

    proxy.setMode(LinkMode.OPEN);
    say(socket, "after");
    assertThat(hear(socket, 12)).isEqualTo("during after");
    assertThat(echo.connections()).isEqualTo(1);
  }

  @Test
  void aConnectionMadeDuringTheCutIsCarriedThroughOnceTheLinkOpens() throws Exception {
    proxy.setMode(LinkMode.BLACKHOLE);

    Socket socket = connect();
    say(socket, "patience");

    assertThat(isSilent(socket)).isTrue();
    assertThat(echo.connections()).isZero();

    proxy.setMode(LinkMode.OPEN);
    assertThat(hear(socket, 8)).isEqualTo("patience");
  }

  @Test
  void aConnectionGivenUpDuringTheCutNeverReachesThePeer() throws Exception {
    proxy.setMode(LinkMode.BLACKHOLE);
    Socket impatient = connect();
    say(impatient, "never to be heard");
    await().until(() -> proxy.connectionCount() == 1);

    impatient.close();

    await().until(() -> proxy.connectionCount() == 0);
    proxy.setMode(LinkMode.OPEN);
    Socket next = connect();
    say(next, "fresh");
    assertThat(hear(next, 5)).isEqualTo("fresh");
    assertThat(echo.connections()).isEqualTo(1);
    assertThat(echo.bytesReceived()).isEqualTo(5);
  }

  @Test
  void aRefusingLinkResetsWhatIsOpenAndWhatIsNew() throws Exception {
    Socket old = connect();
    say(old, "x");
    assertThat(hear(old, 1)).isEqualTo("x");

    proxy.setMode(LinkMode.REFUSE);

    assertThatExceptionOfType(SocketException.class).isThrownBy(() -> hear(old, 1));
    assertThatExceptionOfType(SocketException.class).isThrownBy(() -> hear(connect(), 1));
    assertThat(echo.connections()).isEqualTo(1);

    proxy.setMode(LinkMode.OPEN);
    Socket healed = connect();
    say(healed, "y");
    assertThat(hear(healed, 1)).isEqualTo("y");
  }

  @Test
  void theLinkTheOtherWayIsNotTouched() throws Exception {
    try (EchoServer other = new EchoServer();
        LinkProxy back = LinkProxy.open(loop, LINK.reversed(), ANY_PORT, other.address())) {
      Socket forth = connect();
      Socket home = connectTo(back.listenAddress());

      proxy.setMode(LinkMode.BLACKHOLE);
      say(forth, "lost");
      say(home, "heard");

      assertThat(hear(home, 5)).isEqualTo("heard");
      assertThat(isSilent(forth)).isTrue();
    }
  }

  @Test
  void whilePeerDoesNotListenConnectionsAreResetAndLaterOnesSucceed() throws Exception {
    // given a peer whose port is taken, so that no other process listens there, but not open
    Socket closedPort = new Socket();
    closedPort.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    InetSocketAddress peer = (InetSocketAddress) closedPort.getLocalSocketAddress();
    try (closedPort;
        LinkProxy early = LinkProxy.open(loop, LINK, ANY_PORT, peer)) {
      // then
      assertThatExceptionOfType(SocketException.class)
          .isThrownBy(() -> hear(connectTo(early.listenAddress()), 1));

      // when it begins to listen
      closedPort.close();
      try (EchoServer opened = new EchoServer(peer.getPort())) {
        Socket late = connectTo(early.listenAddress());
        say(late, "z");
        assertThat(hear(late, 1)).isEqualTo("z");
        assertThat(opened.connections()).isEqualTo(1);
      }
    }
  }

  @Test
  void manyConnectionsCarryTheirOwnBytesThroughCutsThatComeAndGo() throws Exception {
    int count = 40;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> conversations = new ArrayList<>();
      for (int index = 0; index < count; index++) {
        long seed = index;
        conversations.add(threads.submit(() -> converse(seed)));
      }
      for (int flap = 0; flap < 50; flap++) {
        proxy.setMode(LinkMode.BLACKHOLE);
        proxy.setMode(LinkMode.OPEN);
      }
      for (Future<Boolean> conversation : conversations) {
        assertThat(conversation.get(30, TimeUnit.SECONDS)).isTrue();
      }
    }
    await().until(() -> proxy.connectionCount() == 0);
  }

  private boolean converse(long seed) throws IOException {
    byte[] sent = new byte[200_000];
    new Random(seed).nextBytes(sent);
    try (Socket socket = connectTo(proxy.listenAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  socket.getOutputStream().write(sent);
                  socket.shutdownOutput();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      return Arrays.equals(socket.getInputStream().readAllBytes(), sent);
    }
  }

  @Test
  void moreConnectionsThanTheLimitAreResetAndTheOthersLive() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    for (int index = 0; index < LinkProxy.CONNECTIONS_MAX; index++) {
      sockets.add(connect());
    }
    await().until(() -> proxy.connectionCount() == LinkProxy.CONNECTIONS_MAX);

    assertThatExceptionOfType(SocketException.class).isThrownBy(() -> hear(connect(), 1));
    say(sockets.get(0), "alive");
    assertThat(hear(sockets.get(0), 5)).isEqualTo("alive");
  }

  @Test
  void aClosedProxyFreesItsPortAndResetsItsConnections() throws Exception {
    Socket socket = connect();
    say(socket, "x");
    assertThat(hear(socket, 1)).isEqualTo("x");

    proxy.close();

    assertThatExceptionOfType(SocketException.class).isThrownBy(() -> hear(socket, 1));
    assertThat(FreePorts.isFree(InetAddress.getLoopbackAddress(), proxy.listenAddress().getPort()))
        .isTrue();
  }

  private Socket connect() throws IOException {
    return connectTo(proxy.listenAddress());
  }

  private Socket connectTo(InetSocketAddress address) throws IOException {
    Socket socket = new Socket();
    opened.add(socket);
    socket.connect(address, 5_000);
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void say(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static String hear(Socket socket, int byteCount) throws IOException {
    InputStream in = socket.getInputStream();
    byte[] bytes = in.readNBytes(byteCount);
    if (bytes.length < byteCount) {
      throw new IOException("the connection ended after " + bytes.length + " bytes");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static boolean isSilent(Socket socket) throws IOException {
    int usualMillis = socket.getSoTimeout();
    socket.setSoTimeout(SILENCE_MILLIS);
    try {
      int heard = socket.getInputStream().read();
      throw new IOException("heard byte " + heard);
    } catch (SocketTimeoutException e) {
      return true;
    } finally {
      socket.setSoTimeout(usualMillis);
    }
  }
}
