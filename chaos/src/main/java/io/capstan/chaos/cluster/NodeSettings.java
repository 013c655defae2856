package io.capstan.chaos.cluster;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one node must be told to take part in a cluster.
 *
 * @param id the node
 * @param cluster name of the cluster; the same in all nodes
 * @param data its data folder
 * @param listen {@code host:port} for clients
 * @param peerListen {@code host:port} for other nodes (what the proxies of its inbound links carry
 *     to)
 * @param advertise {@code host:port} under which clients reach it
 * @param members all nodes in order, each with the address at which <em>this</em> node reaches it:
 *     the proxy of the link to it; for the node itself, {@code peerListen}
 * @param peerRoutes the peer addresses of nodes that may be added later, each with the proxy of the
 *     link to it
 * @param memberClients all nodes in order, each with the address for its clients
 */
public record NodeSettings(
    String id,
    String cluster,
    Path data,
    String listen,
    String peerListen,
    String advertise,
    Map<String, String> members,
    Map<String, String> peerRoutes,
    Map<String, String> memberClients) {

  public NodeSettings {
    members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    peerRoutes = Collections.unmodifiableMap(new LinkedHashMap<>(peerRoutes));
    memberClients = Collections.unmodifiableMap(new LinkedHashMap<>(memberClients));
  }
}
