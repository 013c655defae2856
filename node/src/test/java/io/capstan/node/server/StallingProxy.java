package io.capstan.node.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A TCP proxy that can turn into a black hole: connections stay open, new ones are accepted, and
 * nothing passes. Healing lets new connections through; those from before stay dead, as after a cut
 * that a firewall made.
 */
final class StallingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int targetPort;
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private volatile boolean blackHole;

  StallingProxy(int targetPort) throws IOException {
    this.targetPort = targetPort;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread acceptor = new Thread(this::accept, "proxy-accept");
    acceptor.setDaemon(true);
    acceptor.start();
  }

  int port() {
    return server.getLocalPort();
  }

  /** From now on nothing passes, in neither direction. */
  void swallow() {
    blackHole = true;
    connections.forEach(connection -> connection.frozen = true);
  }

  /** What the target sends is swallowed; what it is sent still arrives. */
  void swallowAnswers() {
    connections.forEach(connection -> connection.answersFrozen = true);
  }

  /** New connections pass. */
  void heal() {
    blackHole = false;
  }

  int connectionsSoFar() {
    return connections.size();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Connection connection : connections) {
      connection.close();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Connection connection = new Connection(server.accept());
        connection.frozen = blackHole;
        connections.add(connection);
        connection.start();
      } catch (IOException e) {
        // Closed, or the target is not there: the connection was closed with it.
      }
    }
  }

  private final class Connection {
    private final Socket client;
    private final Socket target;
    private volatile boolean frozen;
    private volatile boolean answersFrozen;

    Connection(Socket client) throws IOException {
      this.client = client;
      try {
        this.target = new Socket(InetAddress.getLoopbackAddress(), targetPort);
      } catch (IOException e) {
        client.close();
        throw e;
      }
    }

    void start() {
      pump(client, target, false);
      pump(target, client, true);
    }

    private void pump(Socket from, Socket to, boolean answers) {
      Thread thread =
          new Thread(
              () -> {
                byte[] buffer = new byte[1 << 16];
                try {
                  InputStream in = from.getInputStream();
                  OutputStream out = to.getOutputStream();
                  for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (!frozen && !(answers && answersFrozen)) {
                      out.write(buffer, 0, n);
                    }
                  }
                } catch (IOException e) {
                  // One side is gone: so is the other, below.
                }
                close();
              },
              "proxy-pump");
      thread.setDaemon(true);
      thread.start();
    }

    private void close() {
      try {
        client.close();
        target.close();
      } catch (IOException e) {
        // Closed is all that is wanted.
      }
    }
  }
}
