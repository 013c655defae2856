package io.capstan.node.server;

import com.google.protobuf.ByteString;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Three nodes in this JVM, on loopback ports and in folders of their own, with a client for each.
 */
final class LocalCluster implements AutoCloseable {

  static final List<String> IDS = List.of("n1", "n2", "n3");

  private final Path folder;
  private final Map<String, Integer> clientPorts = new TreeMap<>();
  private final Map<String, Integer> peerPorts = new TreeMap<>();
  private final Map<String, Integer> joinedPeerPorts = new TreeMap<>();
  private final Map<String, String> tuning = new TreeMap<>();
  private final Map<String, NodeServer> servers = new TreeMap<>();
  private final Map<String, ManagedChannel> channels = new TreeMap<>();

  LocalCluster(Path folder) throws IOException {
    this.folder = folder;
    List<Integer> ports = freePorts(2 * IDS.size());
    for (String id : IDS) {
      clientPorts.put(id, ports.remove(0));
      peerPorts.put(id, ports.remove(0));
    }
  }

  static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      sockets.add(socket);
      ports.add(socket.getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return ports;
  }

  Map<String, String> flags(String id) {
    List<String> members = new ArrayList<>();
    peerPorts.forEach((member, port) -> members.add(member + "=127.0.0.1:" + port));
    Map<String, String> flags = new LinkedHashMap<>();
    flags.put("id", id);
    flags.put("cluster", "test");
    flags.put("data", folder.resolve(id).toString());
    flags.put("listen", "127.0.0.1:" + clientPorts.get(id));
    flags.put("peerListen", "127.0.0.1:" + peerPorts.get(id));
    flags.put("members", String.join(",", members));
    flags.putAll(tuning);
    return flags;
  }

  /** A node beside the three, on ports of its own, that waits to become a member. */
  NodeServer startJoining(String id) throws IOException, StartException {
    Map<String, String> flags = flags("n1");
    List<Integer> ports = freePorts(2);
    clientPorts.put(id, ports.get(0));
    joinedPeerPorts.put(id, ports.get(1));
    flags.put("id", id);
    flags.put("data", folder.resolve(id).toString());
    flags.put("listen", "127.0.0.1:" + ports.get(0));
    flags.put("peerListen", "127.0.0.1:" + ports.get(1));
    flags.put("join", flags.remove("members"));
    NodeServer server = NodeServer.start(NodeConfig.load(null, Map.of(), flags));
    servers.put(id, server);
    return server;
  }

  String peerAddress(String id) {
    return "127.0.0.1:" + joinedPeerPorts.getOrDefault(id, peerPorts.get(id));
  }

  NodeConfig config(String id) {
    return NodeConfig.load(null, Map.of(), flags(id));
  }

  /** Sets a setting for the nodes that are started from now on. */
  LocalCluster tuned(String key, String value) {
    tuning.put(key, value);
    return this;
  }

  LocalCluster startAll() throws StartException {
    for (String id : IDS) {
      start(id);
    }
    return this;
  }

  void start(String id) throws StartException {
    servers.put(id, NodeServer.start(config(id)));
  }

  NodeServer server(String id) {
    return servers.get(id);
  }

  void stop(String id) {
    servers.remove(id).close();
  }

  void kill(String id) {
    servers.remove(id).kill();
  }

  ManagedChannel channel(String id) {
    return channels.computeIfAbsent(
        id,
        node ->
            NettyChannelBuilder.forAddress("127.0.0.1", clientPorts.get(node))
                .usePlaintext()
                .build());
  }

  KeyValueGrpc.KeyValueBlockingStub client(String id) {
    return KeyValueGrpc.newBlockingStub(channel(id)).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  AdminGrpc.AdminBlockingStub admin(String id) {
    return AdminGrpc.newBlockingStub(channel(id)).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  StatusResponse status(String id) {
    return admin(id).status(StatusRequest.getDefaultInstance());
  }

  /** The node that leads as far as the running ones agree, or null. */
  @Nullable String leader() {
    String leader = null;
    for (String id : servers.keySet()) {
      StatusResponse status = status(id);
      if (status.getRole().equals("leader")) {
        leader = id;
      }
    }
    return leader;
  }

  void create(String keyspace, Mode mode) {
    var unused =
        admin("n1")
            .createKeyspace(
                CreateKeyspaceRequest.newBuilder().setName(keyspace).setMode(mode).build());
  }

  /** A put without an operation id: tried once, and UNKNOWN where the leader goes meanwhile. */
  Receipt put(String id, String keyspace, String key, String value) {
    return put(id, keyspace, key, value, OperationId.getDefaultInstance());
  }

  /** A put that the cluster may try again, because it would recognise it. */
  Receipt put(String id, String keyspace, String key, String value, OperationId operation) {
    return client(id)
        .put(
            PutRequest.newBuilder()
                .setKeyspace(KeyspaceRef.newBuilder().setName(keyspace))
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .setOperation(operation)
                .build())
        .getReceipt();
  }

  Receipt get(String id, String keyspace, String key) {
    return client(id)
        .get(
            GetRequest.newBuilder()
                .setKeyspace(KeyspaceRef.newBuilder().setName(keyspace))
                .setKey(ByteString.copyFromUtf8(key))
                .build())
        .getReceipt();
  }

  @Override
  public void close() throws InterruptedException {
    for (ManagedChannel channel : channels.values()) {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    servers.values().forEach(NodeServer::close);
  }
}
