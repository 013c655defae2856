package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import ch.qos.logback.classic.Logger;
import com.google.protobuf.ByteString;
import io.capstan.cli.Capstan;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Real files of a node that has served, damaged, and started by the command line again. */
@DisplayName("A node that starts from its files")
final class DamagedDataTest {
  private static final int KEYS = 60;
  private static final int PLACES = 8;

  /** Handles of blocks, and zeros that stand for nothing. */
  private static final int TABLE_FOOTER_BYTES = 53;

  @TempDir private Path folder;
  private Map<String, String> flags = Map.of();

  @BeforeEach
  void serveForAWhile() throws Exception {
    List<Integer> ports = LocalCluster.freePorts(2);
    flags = new LinkedHashMap<>();
    flags.put("id", "n1");
    flags.put("data", folder.resolve("data").toString());
    flags.put("listen", "127.0.0.1:" + ports.get(0));
    flags.put("peerListen", "127.0.0.1:" + ports.get(1));
    NodeServer server = start();
    ManagedChannel channel = channel();
    try {
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
          .until(() -> client(channel).put(put(0)).hasReceipt());
      for (int i = 1; i < KEYS; i++) {
        var unused = client(channel).put(put(i));
      }
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      server.kill();
    }
  }

  private static PutRequest put(int number) {
    return PutRequest.newBuilder()
        .setKeyspace(KeyspaceRef.newBuilder().setName("default"))
        .setKey(ByteString.copyFromUtf8("key-" + number))
        .setValue(ByteString.copyFromUtf8(("value-" + number + " ").repeat(20)))
        .build();
  }

  /** The command makes this JVM as talkative as a node; the other tests want it quiet. */
  @AfterEach
  void quiet() {
    ((Logger) LoggerFactory.getLogger("io.capstan")).setLevel(null);
  }

  @Test
  @DisplayName("cuts a record that is incomplete at the end of the log, and serves all before it")
  void cutsAnIncompleteEnd() throws Exception {
    Path log = newest(".log");
    byte[] intact = Files.readAllBytes(log);
    Files.write(log, Arrays.copyOf(intact, intact.length - 5));

    assertThat(keysServed()).isGreaterThanOrEqualTo(KEYS - 1);
  }

  @Test
  @DisplayName("cuts zeros behind the log, and serves everything")
  void cutsZeros() throws Exception {
    Path log = newest(".log");
    byte[] intact = Files.readAllBytes(log);
    Files.write(log, Arrays.copyOf(intact, intact.length + 10_000));

    assertThat(keysServed()).isEqualTo(KEYS);
  }

  @Test
  @DisplayName("refuses where a byte of the log has flipped: names the file and the record")
  void refusesADamagedLog() throws Exception {
    Path log = newest(".log");

    for (int at : places(Files.size(log))) {
      assertThat(refusalWithFlip(log, at))
          .contains("The write-ahead log " + log, "the record at byte ");
    }
  }

  @Test
  @DisplayName("refuses where a byte of a table file has flipped: names the file and the block")
  void refusesADamagedTable() throws Exception {
    // The second start moves what the log holds into table files.
    start().close();

    for (Path table : files(".sst")) {
      for (int at : places(Files.size(table) - TABLE_FOOTER_BYTES)) {
        assertThat(refusalWithFlip(table, at)).contains(table.getFileName().toString());
      }
    }
  }

  @Test
  @DisplayName("refuses where a byte of the list of table files has flipped")
  void refusesADamagedManifest() throws Exception {
    start().close();
    Path manifest = newestStartingWith("MANIFEST-");

    for (int at : places(Files.size(manifest))) {
      assertThat(refusalWithFlip(manifest, at)).contains("MANIFEST");
    }
  }

  @Test
  @DisplayName("refuses where a table file is missing")
  void refusesAMissingTable() throws Exception {
    start().close();
    Path table = files(".sst").get(0);
    Files.move(table, folder.resolve("kept.sst"));

    assertThat(refusal()).contains(table.getFileName().toString());
  }

  private static List<Integer> places(long size) {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < PLACES; i++) {
      places.add((int) (size * (2 * i + 1) / (2 * PLACES)));
    }
    return places;
  }

  /** Starts with the byte flipped, and puts it right again. */
  private String refusalWithFlip(Path file, int at) throws IOException {
    byte[] intact = Files.readAllBytes(file);
    byte[] damaged = intact.clone();
    damaged[at] ^= 0x10;
    Files.write(file, damaged);
    String sentence = refusal();
    assertThat(Files.readAllBytes(file)).as("%s is left as it was", file).isEqualTo(damaged);
    Files.write(file, intact);
    return sentence;
  }

  /** What the command says that must not start the node. */
  private String refusal() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    Streams streams = new Streams(InputStream.nullInputStream(), errors, errors, false, Map.of());
    int exitCode =
        assertTimeoutPreemptively(
            Duration.ofSeconds(60),
            () ->
                Capstan.run(
                    streams,
                    "node",
                    "--id=n1",
                    "--data=" + flags.get("data"),
                    "--listen=" + flags.get("listen"),
                    "--peer-listen=" + flags.get("peerListen")));
    String sentence = err.toString(StandardCharsets.UTF_8);
    assertThat(exitCode).isEqualTo(ExitCode.ERROR);
    assertThat(sentence)
        .contains("to rebuild this node from its peers: 'capstan member remove'")
        .doesNotContain("\tat ", "Exception");
    return sentence;
  }

  private NodeServer start() throws StartException {
    return NodeServer.start(NodeConfig.load(null, Map.of(), flags));
  }

  private int keysServed() throws Exception {
    NodeServer server = start();
    ManagedChannel channel = channel();
    try {
      int found = 0;
      for (int i = 0; i < KEYS; i++) {
        found +=
            client(channel)
                    .get(
                        GetRequest.newBuilder()
                            .setKeyspace(KeyspaceRef.newBuilder().setName("default"))
                            .setKey(ByteString.copyFromUtf8("key-" + i))
                            .build())
                    .getReceipt()
                    .getFound()
                ? 1
                : 0;
      }
      return found;
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      server.close();
    }
  }

  private ManagedChannel channel() {
    int port = Integer.parseInt(String.valueOf(flags.get("listen")).split(":", 2)[1]);
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  private static KeyValueGrpc.KeyValueBlockingStub client(ManagedChannel channel) {
    return KeyValueGrpc.newBlockingStub(channel)
        .withWaitForReady()
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private List<Path> files(String ending) throws IOException {
    try (Stream<Path> listing = Files.list(folder.resolve("data").resolve("store"))) {
      return listing
          .filter(file -> file.getFileName().toString().endsWith(ending))
          .sorted(Comparator.comparing(Path::toString))
          .toList();
    }
  }

  private Path newest(String ending) throws IOException {
    List<Path> found = files(ending);
    return found.get(found.size() - 1);
  }

  private Path newestStartingWith(String start) throws IOException {
    return files("").stream()
        .filter(file -> file.getFileName().toString().startsWith(start))
        .reduce((older, newer) -> newer)
        .orElseThrow();
  }
}
