package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every answer carries: which promise was asked for, which was kept, and by whom.
 *
 * @param key empty where the answer is not about one key
 * @param value null where nothing was found, or where siblings leave no single value
 * @param found whether the key has a value
 * @param version CP: the log index of the write, in decimal; AP: the dot of the write
 * @param context opaque; given back with a write it says what that write has seen
 * @param siblings all live concurrent values; one where there is no conflict
 * @param keyspaceId never reused, even when the name is
 * @param mode null where the keyspace is not known
 * @param epoch grows with every change of mode
 * @param level what was asked for, and met where the outcome is OK; null where none applies
 * @param phase "serving", or the phase of a change of mode
 * @param acked replicas that hold the write on disk (AP), or the leader that committed it (CP); for
 *     a read those that answered
 * @param hinted replicas for which another one keeps the write
 * @param missing replicas that did not answer
 * @param superseded versions that this write replaced
 * @param servedBy the node that decided: the leader, or the coordinator
 * @param receivedBy the node that the client spoke to
 * @param stalenessMillis how old the answer may be at most; null where no bound is known
 * @param serverMicros time inside the cluster
 * @param type "counter" or "set" where the key holds one, and then the value is its text; empty for
 *     a plain value
 * @param counter the value of a counter; null for anything else
 * @param members the elements of a set in ascending byte order; empty for anything else, and in
 *     receipts of writes
 * @param leftBehind versions that the session had seen and that did not come across a change of
 *     sides: read at level one from a replica that took no part in it, acknowledged to nobody, and
 *     shown by no replica any more. The session forgets them
 * @param latencyMicros time from call to answer as the client saw it, retries included
 */
public record Receipt(
    Bytes key,
    @Nullable Bytes value,
    boolean found,
    String version,
    Bytes context,
    List<Sibling> siblings,
    String keyspace,
    long keyspaceId,
    @Nullable Mode mode,
    long epoch,
    @Nullable Level level,
    String phase,
    Outcome outcome,
    List<String> acked,
    List<String> hinted,
    List<String> missing,
    List<String> superseded,
    String servedBy,
    String receivedBy,
    @Nullable Long stalenessMillis,
    long serverMicros,
    String type,
    @Nullable Long counter,
    List<Bytes> members,
    List<String> leftBehind,
    long latencyMicros) {

  public Receipt {
    siblings = List.copyOf(siblings);
    acked = List.copyOf(acked);
    hinted = List.copyOf(hinted);
    missing = List.copyOf(missing);
    superseded = List.copyOf(superseded);
    members = List.copyOf(members);
    leftBehind = List.copyOf(leftBehind);
  }

  /** Whether concurrent values leave no single one. */
  public boolean hasSiblings() {
    return siblings.size() > 1;
  }

  /** Returns the value as text, or null where there is none. */
  public @Nullable String valueUtf8() {
    return value == null ? null : value.utf8();
  }
}
