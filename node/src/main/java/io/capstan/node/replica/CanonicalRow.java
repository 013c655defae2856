package io.capstan.node.replica;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.store.v1.VersionVector;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A row as a CP keyspace sees it, whichever epoch wrote it. An AP epoch leaves tombstones behind
 * and strips contexts of what its clock says; replicas do both at different moments. Seen so, the
 * rows of all replicas are equal: live siblings only, and a context that covers these. What a row
 * remembers of superseded operations is left out: replicas forget it at different moments, and a CP
 * epoch executes no operation of an AP epoch again.
 */
final class CanonicalRow {

  private CanonicalRow() {}

  /** The row in canonical form; null where nothing in it is live. */
  static @Nullable StoredValue of(StoredValue stored) {
    if (isCanonical(stored)) {
      return stored;
    }
    StoredValue.Builder live = StoredValue.newBuilder();
    io.capstan.node.version.VersionVector context = io.capstan.node.version.VersionVector.EMPTY;
    // Asked for membership only.
    Set<OperationId> shown = new HashSet<>();
    for (StoredSibling sibling : stored.getSiblingsList()) {
      // A retry through another coordinator wrote the same value under a second dot.
      boolean repeated =
          sibling.hasValue() && sibling.hasOperation() && !shown.add(sibling.getOperation());
      if ((sibling.hasValue() && !repeated) || sibling.hasTyped()) {
        live.addSiblings(sibling);
        context = context.with(io.capstan.node.version.Dot.fromProto(sibling.getDot()));
      }
    }
    if (live.getSiblingsCount() == 0) {
      return null;
    }
    return live.setContext(context.toProto()).build();
  }

  /** What the log itself writes, at the cost of a glance. */
  private static boolean isCanonical(StoredValue stored) {
    if (stored.getSiblingsCount() != 1
        || stored.getContext().getEntriesCount() != 1
        || stored.hasSupersededOperations()) {
      return false;
    }
    StoredSibling only = stored.getSiblings(0);
    VersionVector.Entry entry = stored.getContext().getEntries(0);
    return (only.hasValue() || only.hasTyped())
        && entry.getCounter() == only.getDot().getCounter()
        && entry.getActor().equals(only.getDot().getActor());
  }
}
