package io.capstan.chaos.scenario;

import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import io.capstan.chaos.workload.StoredValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What each replica of an AP keyspace holds, as reads of one replica show it; such reads repair
 * nothing.
 *
 * @param valuesByNode node to key to its siblings, by version
 * @param silent nodes that did not answer for every key
 */
public record ReplicaContents(
    Map<String, Map<String, List<StoredValue>>> valuesByNode, List<String> silent) {

  public ReplicaContents {
    valuesByNode = Collections.unmodifiableMap(new LinkedHashMap<>(valuesByNode));
    silent = List.copyOf(silent);
  }

  /** Reads all keys through all clients at the same time. */
  static ReplicaContents read(
      Collection<KeyspaceClient> clients, List<String> keys, Duration timeout) {
    return read(clients, keys, timeout, CompletableFuture::join);
  }

  /** The same in a time of its own. */
  static ReplicaContents read(
      Collection<KeyspaceClient> clients, List<String> keys, Duration timeout, Pace pace) {
    return read(
        clients,
        keys,
        timeout,
        reply -> {
          pace.await(reply);
          return reply.join();
        });
  }

  private static ReplicaContents read(
      Collection<KeyspaceClient> clients,
      List<String> keys,
      Duration timeout,
      Function<CompletableFuture<Reply>, Reply> await) {
    Map<String, Map<String, CompletableFuture<Reply>>> asked = new LinkedHashMap<>();
    for (KeyspaceClient client : clients) {
      Map<String, CompletableFuture<Reply>> byKey = new LinkedHashMap<>();
      keys.forEach(key -> byKey.put(key, client.send(new Request.Read(key), timeout)));
      asked.put(client.nodeId(), byKey);
    }
    Map<String, Map<String, List<StoredValue>>> valuesByNode = new LinkedHashMap<>();
    List<String> silent = new ArrayList<>();
    asked.forEach(
        (node, byKey) -> {
          Map<String, List<StoredValue>> values = new TreeMap<>();
          byKey.forEach(
              (key, reply) -> {
                List<StoredValue> held = held(await.apply(reply), key);
                if (held != null) {
                  values.put(key, held);
                }
              });
          if (values.size() < keys.size()) {
            silent.add(node);
          }
          valuesByNode.put(node, values);
        });
    return new ReplicaContents(valuesByNode, silent);
  }

  private static @Nullable List<StoredValue> held(Reply reply, String key) {
    return reply.isOk()
        ? reply.valuesOf(key).stream().sorted(Comparator.comparing(StoredValue::version)).toList()
        : null;
  }

  /** Returns the same as the checkers take it. */
  ReplicaStates states() {
    Map<String, Map<String, List<String>>> byReplica = new LinkedHashMap<>();
    valuesByNode.forEach(
        (node, values) -> {
          Map<String, List<String>> byKey = new TreeMap<>();
          values.forEach(
              (key, held) -> byKey.put(key, held.stream().map(StoredValue::value).toList()));
          byReplica.put(node, byKey);
        });
    return ReplicaStates.of(byReplica);
  }

  /** Whether every replica answered and all of them hold the same. */
  public boolean agree() {
    return silent.isEmpty() && valuesByNode.values().stream().distinct().count() == 1;
  }
}
