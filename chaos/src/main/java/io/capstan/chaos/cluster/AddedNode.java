package io.capstan.chaos.cluster;

/**
 * A node that was started beside a running cluster and waits to become a member.
 *
 * @param node its id
 * @param client where it serves clients, {@code host:port}
 * @param peer where the other nodes reach it, for {@code capstan member add}
 */
public record AddedNode(String node, String client, String peer) {}
