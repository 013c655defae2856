package io.capstan.client;

import java.time.Duration;
import java.util.List;

/**
 * What a client was built with.
 *
 * @param endpoints host:port; the complete list of what may be contacted
 * @param timeout of a call that names none
 * @param unreachableAfter a call gives up so long after its start where every endpoint has refused
 *     it a connection
 */
record ClientSettings(
    List<String> endpoints,
    String keyspace,
    Duration timeout,
    Duration unreachableAfter,
    boolean session,
    int networkThreads) {

  /** Bits of a long say which endpoints a call has tried. */
  static final int ENDPOINTS_MAX = 64;

  static final int PORT_MAX = 65_535;

  ClientSettings {
    endpoints = List.copyOf(endpoints);
    if (endpoints.isEmpty() || endpoints.size() > ENDPOINTS_MAX) {
      throw new IllegalArgumentException(
          "endpoints: " + endpoints.size() + " given; 1 to " + ENDPOINTS_MAX + " are allowed");
    }
    endpoints.forEach(ClientSettings::checkEndpoint);
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout: " + timeout + "; it must be positive");
    }
  }

  private static void checkEndpoint(String endpoint) {
    int colon = endpoint.lastIndexOf(':');
    int port = -1;
    try {
      port = Integer.parseInt(endpoint.substring(colon + 1));
    } catch (NumberFormatException e) {
      // Said below, together with every other way to be wrong.
    }
    if (colon < 1 || port < 1 || port > PORT_MAX) {
      throw new IllegalArgumentException(
          "endpoint \"" + endpoint + "\"; allowed is HOST:PORT, such as 127.0.0.1:7101");
    }
  }

  static String hostOf(String endpoint) {
    String host = endpoint.substring(0, endpoint.lastIndexOf(':'));
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  static int portOf(String endpoint) {
    return Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
  }
}
