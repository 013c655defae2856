package io.capstan.node.server.config;

/**
 * A TCP address as people write it: {@code host:port}, with an IPv6 address in brackets. The host
 * is not resolved here.
 *
 * @param host name or address, without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

  private static final int PORT_MAX = 65_535;

  /**
   * Checks both parts.
   *
   * @throws IllegalArgumentException for an empty host or a port outside 1 to 65535
   */
  public HostPort {
    if (host.isEmpty() || host.chars().anyMatch(c -> Character.isWhitespace(c) || c == '/')) {
      throw new IllegalArgumentException("'" + host + "' is not the name or address of a host");
    }
    if (port < 1 || port > PORT_MAX) {
      throw new IllegalArgumentException(port + " is not a port, which is 1 to " + PORT_MAX);
    }
  }

  /**
   * Reads {@code host:port} or {@code [IPv6 address]:port}.
   *
   * @throws IllegalArgumentException when the text is neither
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw new IllegalArgumentException("an IPv6 address stands in brackets: [::1]:7101");
    }
    String port = text.substring(colon + 1);
    if (colon < 0
        || port.isEmpty()
        || port.length() > 5
        || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("'" + text + "' is not of the form host:port");
    }
    return new HostPort(host, Integer.parseInt(port));
  }

  /** Whether the address means every interface, so that nobody can connect to it by that name. */
  public boolean isWildcard() {
    return host.equals("0.0.0.0") || host.equals("::");
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
