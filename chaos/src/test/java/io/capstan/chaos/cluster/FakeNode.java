package io.capstan.chaos.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.PeerStatus;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands in for a node in tests of the cluster: it says its name to its peers over and over,
 * believes a peer reachable whom it has heard lately, and calls the first name among a reachable
 * majority the leader. It writes a line into its data folder at each start, and refuses to start if
 * that folder has a file named {@code corrupt}.
 */
final class FakeNode implements NodeLauncher.EmbeddedNode {
  private static final Duration SAY_INTERVAL = Duration.ofMillis(20);
  private static final Duration SILENCE = Duration.ofMillis(400);

  /** For processes that live for seconds: they start faster without the second compiler. */
  static final List<String> QUICK_FLAGS =
      List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");

  private final String id;
  private final String address;
  private final Map<String, String> members;
  private final Map<String, Long> heardNanos = new ConcurrentHashMap<>();
  private final ServerSocket peerListener = new ServerSocket();
  private final Server server;
  private final Thread acceptor;
  private volatile boolean closed;

  FakeNode(NodeSettings settings) throws IOException {
    id = settings.id();
    address = settings.advertise();
    members = settings.members();
    if (Files.exists(settings.data().resolve("corrupt"))) {
      throw new IOException("the data folder is corrupt");
    }
    Files.writeString(
        settings.data().resolve("starts"),
        "started\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    peerListener.setReuseAddress(true);
    peerListener.bind(socketAddress(settings.peerListen()));
    server =
        NettyServerBuilder.forAddress(socketAddress(settings.listen()))
            .addService(new Admin())
            .build()
            .start();
    acceptor = Thread.ofPlatform().daemon().start(this::accept);
    for (String peer : members.keySet()) {
      if (!peer.equals(id)) {
        Thread.ofVirtual().start(() -> speakTo(peer));
      }
    }
  }

  /** Returns the command that runs such a node in a process that starts as fast as may be. */
  static NodeCommand command() {
    return configFile -> {
      List<String> command = NodeCommand.javaCommand(QUICK_FLAGS, FakeNode.class.getName());
      command.add(configFile.toString());
      return command;
    };
  }

  /** Runs as a process, like {@code capstan node --config FILE}. */
  public static void main(String[] arguments) throws Exception {
    JsonNode config = new YAMLMapper().readTree(Files.readString(Path.of(arguments[0])));
    Map<String, String> members = new LinkedHashMap<>();
    config
        .path("members")
        .properties()
        .forEach(member -> members.put(member.getKey(), member.getValue().asText()));
    NodeSettings settings =
        new NodeSettings(
            config.path("id").asText(),
            config.path("cluster").asText(),
            Path.of(config.path("data").asText()),
            config.path("listen").asText(),
            config.path("peerListen").asText(),
            config.path("advertise").asText(),
            members,
            Map.of(),
            Map.of());
    FakeNode node = new FakeNode(settings);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  System.out.println("stopping in order");
                  node.close();
                }));
    node.server.awaitTermination();
  }

  private static InetSocketAddress socketAddress(String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    return new InetSocketAddress(
        hostAndPort.substring(0, colon), Integer.parseInt(hostAndPort.substring(colon + 1)));
  }

  private void accept() {
    while (!closed) {
      try {
        Socket socket = peerListener.accept();
        Thread.ofVirtual().start(() -> listenTo(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void listenTo(Socket socket) {
    try (socket) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (!closed) {
        heardNanos.put(in.readUTF(), System.nanoTime());
      }
    } catch (IOException e) {
      // The peer is gone or cut off; it will connect again.
      return;
    }
  }

  private void speakTo(String peer) {
    while (!closed) {
      InetSocketAddress at = socketAddress(members.get(peer));
      try (Socket socket = new Socket(InetAddress.getByName(at.getHostString()), at.getPort())) {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        while (!closed) {
          out.writeUTF(id);
          LockSupport.parkNanos(SAY_INTERVAL.toNanos());
        }
      } catch (IOException e) {
        LockSupport.parkNanos(SAY_INTERVAL.toNanos());
      }
    }
  }

  private boolean hears(String peer) {
    Long heard = heardNanos.get(peer);
    return heard != null && System.nanoTime() - heard < SILENCE.toNanos();
  }

  private StatusResponse status() {
    TreeSet<String> reachable = new TreeSet<>(List.of(id));
    List<PeerStatus> peers = new ArrayList<>();
    for (String peer : members.keySet()) {
      if (!peer.equals(id)) {
        boolean hears = hears(peer);
        if (hears) {
          reachable.add(peer);
        }
        peers.add(PeerStatus.newBuilder().setId(peer).setReachable(hears).build());
      }
    }
    String leader = 2 * reachable.size() > members.size() ? reachable.first() : "";
    return StatusResponse.newBuilder()
        .setId(id)
        .setAddress(address)
        .setRole(id.equals(leader) ? "leader" : "follower")
        .setTerm(1)
        .setLeader(leader)
        .addAllPeers(peers)
        .build();
  }

  @Override
  public boolean isRunning() {
    return !closed;
  }

  @Override
  public void kill() {
    close();
  }

  @Override
  public void close() {
    closed = true;
    server.shutdownNow();
    try {
      peerListener.close();
      // The port is free only once nobody waits on it any more.
      acceptor.join();
      server.awaitTermination();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private final class Admin extends AdminGrpc.AdminImplBase {
    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> answer) {
      answer.onNext(FakeNode.this.status());
      answer.onCompleted();
    }
  }
}
