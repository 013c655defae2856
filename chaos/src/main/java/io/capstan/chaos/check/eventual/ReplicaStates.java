package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.HistoryValues;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What each replica holds at one moment: by replica, by key, the siblings. A key without siblings,
 * deleted or never written, is the same as an absent one. Immutable.
 */
public final class ReplicaStates {
  private final Map<String, Map<@Nullable Object, List<@Nullable Object>>> byReplica;

  private ReplicaStates(Map<String, Map<@Nullable Object, List<@Nullable Object>>> byReplica) {
    this.byReplica = byReplica;
  }

  /**
   * Copies the states.
   *
   * @param byReplica name of the replica, to key, to siblings in any order
   */
  public static ReplicaStates of(Map<String, ? extends Map<?, ? extends Collection<?>>> byReplica) {
    Map<String, Map<@Nullable Object, List<@Nullable Object>>> copy = new LinkedHashMap<>();
    byReplica.forEach(
        (replica, state) -> {
          Map<@Nullable Object, List<@Nullable Object>> keys = new LinkedHashMap<>();
          state.forEach(
              (key, siblings) -> {
                if (!siblings.isEmpty()) {
                  List<@Nullable Object> values = new ArrayList<>(siblings.size());
                  siblings.forEach(value -> values.add(HistoryValues.canonical(value)));
                  keys.put(HistoryValues.canonical(key), Collections.unmodifiableList(values));
                }
              });
          copy.put(replica, Collections.unmodifiableMap(keys));
        });
    return new ReplicaStates(Collections.unmodifiableMap(copy));
  }

  /** The replicas' names. */
  public Set<String> replicas() {
    return byReplica.keySet();
  }

  /** Every key that some replica holds. */
  public Set<@Nullable Object> keys() {
    Set<@Nullable Object> keys = new LinkedHashSet<>();
    byReplica.values().forEach(state -> keys.addAll(state.keySet()));
    return keys;
  }

  /** The siblings that one replica holds under a key. */
  public List<@Nullable Object> siblings(String replica, @Nullable Object key) {
    Map<@Nullable Object, List<@Nullable Object>> state = byReplica.get(replica);
    return state == null ? List.of() : state.getOrDefault(key, List.of());
  }

  /** The values that any replica holds under a key. */
  public Set<@Nullable Object> anywhere(@Nullable Object key) {
    Set<@Nullable Object> values = new LinkedHashSet<>();
    byReplica.values().forEach(state -> values.addAll(state.getOrDefault(key, List.of())));
    return values;
  }
}
