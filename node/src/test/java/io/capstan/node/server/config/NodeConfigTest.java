package io.capstan.node.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.replica.ReplicaConfig;
import io.capstan.node.storage.rocks.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeConfigTest {

  private static final Path SAMPLE = Path.of("..", "docs", "node.example.yaml");

  @TempDir private Path folder;

  @Test
  void theSampleLoads() {
    NodeConfig config = NodeConfig.load(SAMPLE, Map.of(), Map.of());

    assertThat(config.id()).isEqualTo("n1");
    assertThat(config.data()).isEqualTo(Path.of("./data/n1"));
    assertThat(config.members().keySet()).containsExactly("n1", "n2", "n3");
    assertThat(config.members()).containsEntry("n3", new HostPort("127.0.0.1", 7203));
    assertThat(config.memberClients()).containsEntry("n2", new HostPort("127.0.0.1", 7102));
  }

  @Test
  void theSampleShowsEverySettingAndEveryDefault() throws IOException {
    String uncommented =
        Files.readAllLines(SAMPLE).stream()
            .map(line -> line.replaceFirst("^# (?=[a-zA-Z]+: \\S+$)", ""))
            .collect(Collectors.joining("\n"));

    NodeConfig withDefaultsWritten = load(uncommented);

    for (Setting setting : Setting.values()) {
      assertThat(uncommented).containsPattern("(?m)^(# )?" + setting.key() + ":");
    }
    assertThat(withDefaultsWritten).isEqualTo(NodeConfig.load(SAMPLE, Map.of(), Map.of()));
  }

  @Test
  void aRouteLeadsFromTheAddressInTheLogToTheOneToConnectTo() {
    Map<String, String> flags =
        Map.of("id", "n1", "data", "d", "peerRoutes", "127.0.0.1:7204=127.0.0.1:7304");

    assertThat(NodeConfig.load(null, Map.of(), flags).peerRoutes())
        .containsExactly(
            Map.entry(HostPort.parse("127.0.0.1:7204"), HostPort.parse("127.0.0.1:7304")));
  }

  @Test
  void twoSettingsAreEnoughForANodeByItself() {
    NodeConfig config = NodeConfig.load(null, Map.of(), Map.of("id", "n1", "data", "d"));

    assertThat(config.cluster()).isEqualTo("capstan");
    assertThat(config.listen()).isEqualTo(HostPort.parse("127.0.0.1:7101"));
    assertThat(config.advertise()).isEqualTo(config.listen());
    assertThat(config.members()).isEqualTo(new TreeMap<>(Map.of("n1", config.peerListen())));
    assertThat(config.memberClients()).isEqualTo(new TreeMap<>(Map.of("n1", config.listen())));
    assertThat(config.engine()).isEqualTo(EngineOptions.DEFAULT);
    assertThat(config.logLevel()).isEqualTo("INFO");
  }

  @Test
  void defaultsAreThoseOfTheReplica() {
    NodeConfig config = NodeConfig.load(null, Map.of(), Map.of("id", "n1", "data", "d"));
    ReplicaConfig replica = ReplicaConfig.defaults("n1", 1, List.of("n1"));

    assertThat(config.electionTimeoutMillis()).isEqualTo(replica.electionTimeoutMillis());
    assertThat(config.heartbeatIntervalMillis()).isEqualTo(replica.heartbeatIntervalMillis());
    assertThat(config.antiEntropyIntervalMillis()).isEqualTo(replica.antiEntropyIntervalMillis());
    assertThat(config.peerSilentMillis()).isEqualTo(replica.peerSilentMillis());
    assertThat(config.queueCallsMax()).isEqualTo(replica.callsMax());
    assertThat(config.uncommittedBytesMax()).isEqualTo(replica.uncommittedBytesMax());
  }

  @Test
  void aFlagBeatsTheEnvironmentWhichBeatsTheFile() throws IOException {
    Path file = write("id: n1\ndata: of-file\ncluster: of-file\nlogLevel: WARN\n");

    NodeConfig config =
        NodeConfig.load(
            file,
            Map.of("CAPSTAN_NODE_DATA", "of-environment", "CAPSTAN_NODE_CLUSTER", "of-environment"),
            Map.of("cluster", "of-flag"));

    assertThat(config.logLevel()).isEqualTo("WARN");
    assertThat(config.data()).isEqualTo(Path.of("of-environment"));
    assertThat(config.cluster()).isEqualTo("of-flag");
  }

  @Test
  void membersFitOnOneLine() {
    NodeConfig config =
        NodeConfig.load(
            null,
            Map.of("CAPSTAN_NODE_MEMBERS", "n2=[::1]:7202, n1=localhost:7201"),
            Map.of("id", "n1", "data", "d"));

    assertThat(config.members().keySet()).containsExactly("n1", "n2");
    assertThat(config.members().get("n2")).hasToString("[::1]:7202");
  }

  @Test
  void aVariableOfAnotherProgramIsNoError() {
    Map<String, String> environment = Map.of("CAPSTAN_NODE_PORT_7101_TCP_ADDR", "10.0.0.1");

    assertThat(NodeConfig.load(null, environment, Map.of("id", "n1", "data", "d")).id())
        .isEqualTo("n1");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "id | N1 | a name of 1 to 63 lower-case letters",
        "cluster | my cluster | a name of 1 to 63 lower-case letters",
        "listen | 7101 | host:port, such as 127.0.0.1:7101",
        "listen | localhost:70000 | 70000 is not a port",
        "listen | localhost:-1 | host:port",
        "listen | ::1:7101 | an IPv6 address stands in brackets",
        "advertise | 0.0.0.0:7101 | an address that clients can connect to",
        "members | n2=localhost:7202 | every node of the cluster, 'n1' included",
        "members | n1 | n1=host:port,n2=host:port",
        "members | n1=a:1,n1=b:2 | each node once",
        "members | n1=nowhere | host:port for every node",
        "peerRoutes | n4=localhost:1 | a map of host:port to host:port",
        "memberClients | n9=localhost:1 | only members, which are [n1]",
        "electionTimeoutMillis | soon | a whole number within 30 and 600000",
        "electionTimeoutMillis | 5 | a whole number within 30 and 600000",
        "electionTimeoutMillis | 500.5 | a whole number within 30 and 600000",
        "heartbeatIntervalMillis | 200 | at most a third of electionTimeoutMillis, which is 500",
        "peerSilentMillis | 600 | at least twice antiEntropyIntervalMillis, which is 500",
        "queueCallsMax | 0 | a whole number within 1 and 1000000",
        "memtableBytes | 1024 | a whole number within 1048576 and",
        "logLevel | LOUD | one of ERROR, WARN, INFO, DEBUG, TRACE",
      })
  void aWrongValueIsRefusedWithKeyValueAndWhatIsAllowed(String key, String value, String allowed) {
    Map<String, String> flags = new TreeMap<>(Map.of("id", "n1", "data", "d"));
    flags.put(key, value);

    assertThatThrownBy(() -> NodeConfig.load(null, Map.of(), flags))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("'" + key + "'")
        // A map is shown by its keys.
        .hasMessageContaining(value.split("[=,]")[0])
        .hasMessageContaining(allowed);
  }

  @Test
  void aMissingSettingNamesEveryWayToSetIt() {
    assertThatThrownBy(() -> NodeConfig.load(null, Map.of(), Map.of("data", "d")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("'id' is missing")
        .hasMessageContaining("--id")
        .hasMessageContaining("CAPSTAN_NODE_ID");
  }

  @Test
  void anUnknownKeyIsRefusedNamingTheNearestAndTheLine() {
    assertThatThrownBy(() -> load("id: n1\nelection-timeout: 5\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Line 2 of")
        .hasMessageContaining("there is no setting 'election-timeout'")
        .hasMessageContaining("'electionTimeoutMillis'");
    assertThatThrownBy(() -> NodeConfig.load(null, Map.of(), Map.of("member", "n1=a:1")))
        .hasMessageContaining("Did you mean 'members'?");
  }

  @Test
  void aWrongValueInTheFileNamesItsLine() {
    assertThatThrownBy(() -> load("# a comment\nid: n1\n\nlisten: nowhere\ndata: d\n"))
        .hasMessageContaining("Line 4 of")
        .hasMessageContaining("'listen' is 'nowhere'");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "id: \"n1                                 | line 1",
        "id: n1\\nmembers: {n1: 127.0.0.1:7201    | line 2",
        "id: n1\\ndata: 'd\\nlisten: a:1          | line",
        "id: n1\\nid: n2                          | line 2",
        "id: n1\\n  data: d                       | line 2",
        "id: n1\\n\\tdata: d                      | line 2",
        "id: n1\\ndat                             | line",
      })
  void aHalfWrittenFileIsRefusedWithItsLine(String yaml, String line) {
    assertThatThrownBy(() -> load(yaml.replace("\\n", "\n").replace("\\t", "\t")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(line);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "id:                     | 'id' has no value",
        "id: ''                  | 'id' has no value",
        "id: [n1, n2]            | must have one value",
        "members: {n1: {a: b}}   | must have one value",
        "- n1                    | must begin with a line 'key: value'",
        "n1                      | must begin with a line 'key: value'",
        "id: {a: b}              | 'id' is '{a=b}' but must be one value",
      })
  void aStructureThatIsNotExpectedIsRefused(String yaml, String why) {
    assertThatThrownBy(() -> load(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("ine 1 of")
        .hasMessageContaining(why);
  }

  @Test
  void aFileThatIsNotThereIsRefusedWithASentence() {
    assertThatThrownBy(() -> NodeConfig.load(folder.resolve("none.yaml"), Map.of(), Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("none.yaml does not exist");
    assertThatThrownBy(() -> NodeConfig.load(folder, Map.of(), Map.of()))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void anEmptyFileSetsNothing() throws IOException {
    assertThat(NodeConfig.load(write(""), Map.of(), Map.of("id", "n1", "data", "d")).id())
        .isEqualTo("n1");
    assertThat(
            NodeConfig.load(write("# nothing\n"), Map.of(), Map.of("id", "n1", "data", "d")).id())
        .isEqualTo("n1");
  }

  @Test
  void everyInterfaceNeedsAnAddressToAdvertise() {
    Map<String, String> flags =
        new TreeMap<>(Map.of("id", "n1", "data", "d", "listen", "0.0.0.0:1"));

    assertThatThrownBy(() -> NodeConfig.load(null, Map.of(), flags))
        .hasMessageContaining("set advertise");
    flags.put("advertise", "db.example:7101");
    assertThat(NodeConfig.load(null, Map.of(), flags).advertise()).hasToString("db.example:7101");
  }

  @Test
  void clientsAndPeersNeedAnAddressEach() {
    Map<String, String> flags =
        Map.of("id", "n1", "data", "d", "listen", "a:1", "peerListen", "a:1");

    assertThatThrownBy(() -> NodeConfig.load(null, Map.of(), flags))
        .hasMessageContaining("listen and peerListen are both a:1");
  }

  private NodeConfig load(String yaml) throws IOException {
    return NodeConfig.load(write(yaml), Map.of(), Map.of());
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(folder.resolve("node.yaml"), yaml);
  }
}
