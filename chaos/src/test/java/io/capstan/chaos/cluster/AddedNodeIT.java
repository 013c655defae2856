package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Level;
import io.capstan.client.MemberChange;
import io.capstan.client.MemberList;
import io.capstan.client.Mode;
import io.capstan.client.Scan;
import io.capstan.client.ScanRow;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members of a cluster of real processes come and go, and its log is short. */
@DisplayName("Three processes with a short log")
@Timeout(300)
class AddedNodeIT {
  private static final Duration CHANGED_WITHIN = Duration.ofSeconds(60);
  private static final String KEYSPACE = "kept";
  private static final int WRITES = 400;

  @Test
  @CapstanCluster(
      nodes = 3,
      nodesAs = CapstanCluster.NodesAs.PROCESSES,
      settings = {"snapshotEntries=100", "snapshotEntriesKept=10"})
  @DisplayName(
      "add a member and replace one, each caught up by a snapshot, over links that can cut")
  void addAndReplace(TestCluster given) throws Exception {
    ProcessCluster cluster = (ProcessCluster) given.cluster();
    CapstanClient client = given.client(builder -> builder.keyspace(KEYSPACE));

    // Given more writes than the log keeps.
    client.blocking().createKeyspace(KEYSPACE, Mode.CP);
    IntStream.range(0, WRITES)
        .mapToObj(i -> client.put("key-" + i, "value-" + i))
        .toList()
        .forEach(CompletableFuture::join);

    // When n4 is added, and n5 takes the place of n1.
    String added = cluster.add();
    change(client, member(cluster, added));
    String replacement = cluster.add();
    change(client, new MemberChange.Replace("n1", member(cluster, replacement)));
    cluster.stop("n1");

    // Then both got the state as a snapshot, and hold every write.
    for (String node : List.of(added, replacement)) {
      assertThat(Files.readString(given.folder(node).resolve("node.log")))
          .contains("snapshot arriving");
    }
    cluster.awaitReady(CHANGED_WITHIN);
    assertThat(keys(cluster, replacement)).hasSize(WRITES);
    assertThat(keys(cluster, added)).hasSize(WRITES);

    // And a cut from a member of the first hour to the new one is felt, and so is its end.
    assertThat(cluster.links()).contains(DirectedLink.parse("n2>" + added));
    Set<DirectedLink> around =
        Set.copyOf(
            cluster.links().stream()
                .filter(link -> link.from().equals(added) || link.to().equals(added))
                .toList());
    cluster.setLinks(around, LinkMode.BLACKHOLE);
    await()
        .atMost(CHANGED_WITHIN)
        .until(
            () -> {
              NodeView cutOff = cluster.views().get(added);
              return cutOff != null && cutOff.hears().isEmpty();
            });
    cluster.heal();
    cluster.awaitReady(CHANGED_WITHIN);
    cluster.awaitLinks(CHANGED_WITHIN);
  }

  private static MemberChange.Add member(ProcessCluster cluster, String node) {
    return new MemberChange.Add(
        node, cluster.layout().peerAddress(node), cluster.clientAddress(node));
  }

  /** Asks until it is done: a change may be refused while another one ends. */
  private static void change(CapstanClient client, MemberChange change) {
    await()
        .atMost(CHANGED_WITHIN)
        .until(
            () -> {
              try {
                MemberList list = client.blocking().members();
                boolean isDone =
                    switch (change) {
                      case MemberChange.Add add -> list.isSettledVoter(add.id());
                      case MemberChange.Replace replace ->
                          list.isSettledVoter(replace.added().id())
                              && list.isGone(replace.removed());
                      case MemberChange.Remove remove -> list.isGone(remove.id());
                    };
                if (!isDone && list.current() && !list.changing()) {
                  client.blocking().changeMembers(change, list);
                }
                return isDone && list.current();
              } catch (CapstanException e) {
                return false;
              }
            });
  }

  /** The keys that this node itself holds. */
  private static Set<String> keys(ProcessCluster cluster, String node) {
    try (CapstanClient client =
        CapstanClient.builder()
            .endpoints(List.of(cluster.clientAddress(node)))
            .keyspace(KEYSPACE)
            .build()) {
      Set<String> keys = new TreeSet<>();
      for (ScanRow row : client.blocking().rows(Scan.prefix("key-").level(Level.STALE))) {
        keys.add(row.key().toString());
      }
      return keys;
    }
  }
}
