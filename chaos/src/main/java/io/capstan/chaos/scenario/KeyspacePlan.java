package io.capstan.chaos.scenario;

import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.util.List;

/**
 * One keyspace of a run.
 *
 * @param mode with which it begins
 * @param keyspace its name
 * @param workload the name of its workload
 * @param level of its clients
 * @param conflicts what it does with concurrent writes, where the mode is AP
 * @param claims what is claimed of it
 */
public record KeyspacePlan(
    Mode mode,
    String keyspace,
    String workload,
    Level level,
    ConflictPolicy conflicts,
    List<ClaimKind> claims) {
  public KeyspacePlan {
    claims = List.copyOf(claims);
  }

  /** Returns the same keyspace with other claims. */
  KeyspacePlan claiming(List<ClaimKind> others) {
    return new KeyspacePlan(mode, keyspace, workload, level, conflicts, others);
  }

  /** Returns the same keyspace under another name. */
  KeyspacePlan named(String other) {
    return new KeyspacePlan(mode, other, workload, level, conflicts, claims);
  }
}
