package io.capstan.chaos.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;

/**
 * Chooses TCP ports on which nobody listens, never the same one twice.
 *
 * <p>The ports lie below those that operating systems hand out for outgoing connections (32,768 and
 * up on Linux), so that a port that was chosen is still free when its node is started again. Not
 * thread-safe.
 */
final class FreePorts {
  private static final int LOWEST = 1_024;
  private static final int HIGHEST = 65_535;
  private static final int FIRST_CHOICE_MAX = 31_000;
  private static final int TRIES_MAX = 5_000;

  private final InetAddress host;
  private final Set<Integer> given = new HashSet<>();
  private int next;

  /**
   * @param host where to listen
   * @param firstChoice the port to try first; the ones above it follow
   */
  FreePorts(InetAddress host, int firstChoice) {
    this.host = host;
    this.next = firstChoice < LOWEST || firstChoice > FIRST_CHOICE_MAX ? 20_000 : firstChoice;
  }

  /**
   * Returns a place to start that differs between programs that run at the same time, so that they
   * seldom get in each other's way.
   */
  static int firstChoiceOfThisProcess() {
    return 10_000 + (int) (ProcessHandle.current().pid() * 61 % 20_000);
  }

  /** Marks a port as taken, so that {@link #choose} does not return it. */
  void reserve(int port) {
    given.add(port);
  }

  /** Returns the port if nobody listens on it and it was not given before, else another one. */
  int keepOrChoose(int port) {
    if (port >= LOWEST && port <= HIGHEST && !given.contains(port) && isFree(host, port)) {
      given.add(port);
      return port;
    }
    return choose();
  }

  /**
   * Returns a free port.
   *
   * @throws ClusterException (failed) if none was found
   */
  int choose() {
    for (int tries = 0; tries < TRIES_MAX; tries++) {
      int port = next;
      next = next >= HIGHEST ? LOWEST : next + 1;
      if (!given.contains(port) && isFree(host, port)) {
        given.add(port);
        return port;
      }
    }
    throw ClusterException.failed(
        "No free TCP port was found among " + TRIES_MAX + " tried.",
        "Stop other clusters on this machine, then start again.");
  }

  /** Whether a server could listen there at this moment. */
  static boolean isFree(InetAddress host, int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
