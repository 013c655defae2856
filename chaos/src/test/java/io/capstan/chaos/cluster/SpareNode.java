package io.capstan.chaos.cluster;

import io.capstan.node.server.ForegroundNode;
import io.capstan.node.server.NodeServer;
import io.capstan.node.server.StartException;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.server.config.Setting;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * A process that can become a node in a moment. It runs a node of its own once, so that whatever
 * one needs is loaded, says that it is ready, and waits. Two lines on standard input, a log and a
 * configuration file, make it that node: from there on it is what {@code capstan node} is. Where
 * standard input ends before, so does the process.
 */
public final class SpareNode {
  /** What it says when it may be called upon. */
  static final String READY = "ready";

  private static final String HOST = "127.0.0.2";

  private SpareNode() {}

  /** The only argument is a folder that does not exist, for the rehearsal. */
  public static void main(String[] arguments)
      throws IOException, StartException, InterruptedException {
    rehearse(Path.of(arguments[0]));
    System.out.println(READY);
    BufferedReader order =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String log = order.readLine();
    String config = order.readLine();
    if (log == null || config == null) {
      return;
    }
    PrintStream stream =
        new PrintStream(new FileOutputStream(log, true), true, StandardCharsets.UTF_8);
    System.setOut(stream);
    System.setErr(stream);
    ForegroundNode.main(new String[] {config});
  }

  /**
   * One node, on an address of its own: a port that the real node will want must not be taken just
   * then.
   */
  private static void rehearse(Path folder) throws IOException, StartException {
    FreePorts ports =
        new FreePorts(InetAddress.getByName(HOST), FreePorts.firstChoiceOfThisProcess());
    String listen = HOST + ":" + ports.choose();
    String peerListen = HOST + ":" + ports.choose();
    NodeServer.start(
            NodeConfig.load(
                null,
                Map.of(),
                Map.of(
                    Setting.ID.key(),
                    "rehearsal",
                    Setting.DATA.key(),
                    folder.toString(),
                    Setting.LISTEN.key(),
                    listen,
                    Setting.PEER_LISTEN.key(),
                    peerListen)))
        .close();
  }
}
