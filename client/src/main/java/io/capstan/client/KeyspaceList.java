package io.capstan.client;

import java.util.List;

/**
 * The keyspaces of the cluster.
 *
 * @param current false where no leader could be asked, so that the list may be old
 */
public record KeyspaceList(List<Keyspace> keyspaces, boolean current) {

  public KeyspaceList {
    keyspaces = List.copyOf(keyspaces);
  }
}
