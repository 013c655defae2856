package io.capstan.chaos.cluster;

import io.capstan.node.server.NodeServer;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.server.config.Setting;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Starts real nodes inside this JVM. Thread-safe. */
public final class NodeServerLauncher implements NodeLauncher {
  private final Map<Setting, String> tuning;

  /** Starts nodes whose settings, apart from names and addresses, are the defaults. */
  public NodeServerLauncher() {
    this(Map.of());
  }

  /**
   * @param tuning settings other than names and addresses, as they would stand in a node's file
   */
  public NodeServerLauncher(Map<Setting, String> tuning) {
    this.tuning = Map.copyOf(tuning);
  }

  @Override
  public EmbeddedNode launch(NodeSettings settings) throws Exception {
    Map<String, String> values = new LinkedHashMap<>();
    tuning.forEach((setting, value) -> values.put(setting.key(), value));
    values.put(Setting.ID.key(), settings.id());
    values.put(Setting.CLUSTER.key(), settings.cluster());
    values.put(Setting.DATA.key(), settings.data().toString());
    values.put(Setting.LISTEN.key(), settings.listen());
    values.put(Setting.PEER_LISTEN.key(), settings.peerListen());
    values.put(Setting.ADVERTISE.key(), settings.advertise());
    values.put(Setting.MEMBERS.key(), text(settings.members()));
    values.put(Setting.MEMBER_CLIENTS.key(), text(settings.memberClients()));
    // Neither file nor environment: what a shell happens to export must not reach these nodes.
    return new RunningServer(NodeServer.start(NodeConfig.load(null, Map.of(), values)));
  }

  private static String text(Map<String, String> addresses) {
    return addresses.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(","));
  }

  private record RunningServer(NodeServer server) implements EmbeddedNode {
    @Override
    public void close() {
      server.close();
    }

    @Override
    public void kill() {
      server.kill();
    }

    @Override
    public boolean isRunning() {
      return server.isRunning();
    }
  }
}
