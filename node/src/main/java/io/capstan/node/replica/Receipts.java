package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.node.keyspace.SessionClaims;
import io.capstan.node.type.TypedView;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.Sibling;
import org.jspecify.annotations.Nullable;

/** Builds the receipts of CP answers. */
final class Receipts {

  static final String SERVING = "serving";

  private Receipts() {}

  /** What is known before anything was done. */
  static Receipt.Builder of(KeyspaceRecord keyspace, Level level, String servedBy) {
    return Receipt.newBuilder()
        .setKeyspace(keyspace.getName())
        .setKeyspaceId(keyspace.getId())
        .setMode(keyspace.getMode())
        .setEpoch(keyspace.getEpoch())
        .setOpenedEpoch(SessionClaims.openedEpochOf(keyspace))
        .setLevel(level)
        .setPhase(SERVING)
        .setOutcome(Outcome.OUTCOME_OK)
        .setServedBy(servedBy);
  }

  /** Fills in what is stored under the key. */
  static Receipt.Builder found(
      Receipt.Builder receipt,
      KeyspaceRecord keyspace,
      ByteString key,
      @Nullable StoredValue stored) {
    receipt.setKey(key);
    if (stored == null || stored.getSiblingsCount() == 0) {
      return receipt;
    }
    if (isTyped(stored)) {
      return receipt.mergeFrom(shown(stored));
    }
    receipt.setFound(true).setContext(contextOf(keyspace, key, stored));
    for (StoredSibling sibling : stored.getSiblingsList()) {
      receipt.addSiblings(sibling(sibling)).addSeen(sibling.getDot());
    }
    if (stored.getSiblingsCount() == 1) {
      receipt.setVersion(version(stored.getSiblings(0).getDot()));
      receipt.setValue(stored.getSiblings(0).getValue());
    }
    return receipt;
  }

  /** Whether the key holds a counter or a set. */
  static boolean isTyped(StoredValue stored) {
    for (StoredSibling sibling : stored.getSiblingsList()) {
      if (sibling.hasTyped()) {
        return true;
      }
    }
    return false;
  }

  /** What is stored, in the fields of a receipt and nothing else. */
  static Receipt shown(StoredValue stored) {
    Receipt.Builder shown = Receipt.newBuilder().setFound(stored.getSiblingsCount() > 0);
    if (isTyped(stored)) {
      for (TypedView view : TypedView.of(DottedVersionVectorSet.fromProto(stored))) {
        shown.addSiblings(
            Sibling.newBuilder()
                .setValue(view.text())
                .setVersion(version(view.newest().dot().toProto()))
                .setWrittenAtMillis(view.newest().writtenAt().physicalMillis()));
        typed(shown, view);
      }
    }
    for (StoredSibling sibling : stored.getSiblingsList()) {
      if (!sibling.hasTyped()) {
        shown.addSiblings(sibling(sibling));
      }
    }
    if (shown.getSiblingsCount() == 1) {
      Sibling only = shown.getSiblings(0);
      return shown.setValue(only.getValue()).setVersion(only.getVersion()).build();
    }
    return shown.clearType().clearCounter().clearMembers().build();
  }

  /** The counter or set that the key holds; its empty value where it holds none. */
  static Receipt.Builder typed(
      Receipt.Builder receipt, DottedVersionVectorSet held, ValueType type) {
    for (TypedView view : TypedView.of(held)) {
      if (view.type() == type) {
        return typed(receipt, view)
            .setFound(true)
            .setVersion(version(view.newest().dot().toProto()));
      }
    }
    receipt.setType(type.label());
    return type == ValueType.COUNTER ? receipt.setCounter(0) : receipt;
  }

  private static Receipt.Builder typed(Receipt.Builder receipt, TypedView view) {
    receipt.setType(view.type().label());
    return view.type() == ValueType.COUNTER
        ? receipt.setCounter(view.counter())
        : receipt.addAllMembers(view.members());
  }

  static Sibling.Builder sibling(StoredSibling stored) {
    Sibling.Builder sibling =
        Sibling.newBuilder()
            .setVersion(version(stored.getDot()))
            .setWrittenAtMillis(stored.getWrittenAt().getPhysicalMillis());
    if (stored.hasValue()) {
      sibling.setValue(stored.getValue());
    }
    if (stored.hasOperation()) {
      sibling.setOperation(stored.getOperation());
    }
    return sibling;
  }

  /** The log index for a dot of a log, the dot's text for one of a node. */
  static String version(Dot dot) {
    return dot.getActor().getName().equals(CpData.LOG_ACTOR)
        ? Long.toUnsignedString(dot.getCounter())
        : io.capstan.node.version.Dot.fromProto(dot).toString();
  }

  /** The context that covers what was written with the dot, and nothing else that is unseen. */
  static ByteString contextOfWrite(KeyspaceRecord keyspace, ByteString key, Dot written) {
    StoredValue stored =
        StoredValue.newBuilder()
            .setContext(
                io.capstan.proto.store.v1.VersionVector.newBuilder()
                    .addEntries(
                        io.capstan.proto.store.v1.VersionVector.Entry.newBuilder()
                            .setActor(written.getActor())
                            .setCounter(written.getCounter())))
            .build();
    return contextOf(keyspace, key, stored);
  }

  private static ByteString contextOf(KeyspaceRecord keyspace, ByteString key, StoredValue stored) {
    return ContextToken.encode(
        keyspace.getId(), keyspace.getEpoch(), key, VersionVector.fromProto(stored.getContext()));
  }
}
