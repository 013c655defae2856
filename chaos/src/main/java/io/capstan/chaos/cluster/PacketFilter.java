package io.capstan.chaos.cluster;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Scripts that cut links inside a container, and that look whether they are cut. Pure.
 *
 * <p>A node sends to a peer only on the connection that it opened itself to the peer's port, so the
 * link {@code n1>n2} is cut where n2 takes in what n1 sends to that port; what n2 sends of its own
 * accord travels on another connection and passes.
 *
 * <p>A link that loses packets loses them on the same connection; what is lost in the other
 * direction are acknowledgements alone.
 *
 * <p>The rules stand in a chain of their own. Nothing else is changed, and a new set of rules takes
 * the place of the old one in one step, so that a link that stays cut leaks nothing meanwhile.
 */
final class PacketFilter {
  /** The chain; nobody else's rules are touched. */
  static final String CHAIN = "CAPSTAN-CUT";

  private static final int LOCK_MAX_SECONDS = 5;
  private static final int CONNECT_MAX_SECONDS = 1;

  private PacketFilter() {}

  /**
   * Returns the script that makes the container of a node refuse exactly these links.
   *
   * @param modes mode of each link that ends at the node; those that are open need no entry
   * @param losses so many of a hundred packets vanish on a link that ends at the node; those that
   *     lose nothing need no entry
   * @param addresses IPv4 address of each node
   */
  static String rules(
      Map<DirectedLink, LinkMode> modes,
      Map<DirectedLink, Integer> losses,
      Map<String, String> addresses) {
    List<String> lines = new ArrayList<>();
    lines.add("*filter");
    lines.add(":" + CHAIN + " - [0:0]");
    modes.forEach(
        (link, mode) -> {
          String match = match(link, addresses);
          switch (mode) {
            case OPEN -> {}
            case BLACKHOLE -> lines.add(match + " -j DROP");
            case REFUSE -> lines.add(match + " -j REJECT --reject-with tcp-reset");
          }
        });
    losses.forEach(
        (link, percent) ->
            lines.add(
                match(link, addresses)
                    + String.format(
                        Locale.ROOT,
                        " -m statistic --mode random --probability %.2f -j DROP",
                        percent / 100.0)));
    lines.add("COMMIT");
    String wait = "-w " + LOCK_MAX_SECONDS;
    String jump = "INPUT -j " + CHAIN;
    return String.join(
        "\n",
        "set -e",
        "iptables-restore " + wait + " --noflush <<'RULES'",
        String.join("\n", lines),
        "RULES",
        "iptables " + wait + " -C " + jump + " 2>/dev/null || iptables " + wait + " -I " + jump);
  }

  private static String match(DirectedLink link, Map<String, String> addresses) {
    return "-A "
        + CHAIN
        + " -s "
        + addresses.get(link.from())
        + "/32 -p tcp --dport "
        + ContainerNode.PEER_PORT;
  }

  /** Returns the script that prints how many links lose packets, as the kernel has it. */
  static String countLosses() {
    return "iptables -w "
        + LOCK_MAX_SECONDS
        + " -S "
        + CHAIN
        + " | grep -c -- '--mode random' || :";
  }

  /** Returns the script that tries to connect to every peer and prints the ids it reached. */
  static String probe(Set<String> peers, Map<String, String> addresses) {
    StringBuilder script = new StringBuilder();
    for (String peer : peers) {
      script
          .append("( timeout ")
          .append(CONNECT_MAX_SECONDS)
          .append(" bash -c '</dev/tcp/")
          .append(addresses.get(peer))
          .append('/')
          .append(ContainerNode.PEER_PORT)
          .append("' 2>/dev/null && echo ")
          .append(peer)
          .append(" ) &\n");
    }
    return script.append("wait\n").toString();
  }

  /** Returns the ids that a probe printed. */
  static Set<String> reached(String probeOutput) {
    return new LinkedHashSet<>(probeOutput.lines().map(String::strip).toList());
  }
}
