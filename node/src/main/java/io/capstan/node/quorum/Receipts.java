package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.keyspace.SessionClaims;
import io.capstan.node.type.TypedView;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRow;
import io.capstan.proto.v1.Sibling;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns what is stored into what clients are shown. */
final class Receipts {
  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Replicas replicas;

  private String phase = "serving";

  Receipts(KeyspaceRecord record, QuorumConfig config, Replicas replicas) {
    this.record = record;
    this.config = config;
    this.replicas = replicas;
  }

  void phase(String now) {
    phase = now;
  }

  /** A receipt that says nothing about a key yet. */
  Receipt.Builder begin(Level level) {
    return Receipt.newBuilder()
        .setKeyspace(record.getName())
        .setKeyspaceId(record.getId())
        .setMode(Mode.MODE_AP)
        .setEpoch(record.getEpoch())
        .setOpenedEpoch(SessionClaims.openedEpochOf(record))
        .setLevel(level)
        .setPhase(phase)
        .setOutcome(Outcome.OUTCOME_OK)
        .setServedBy(config.nodeId())
        .setReceivedBy(config.nodeId());
  }

  /** Where nothing was done: no replica confirmed anything. */
  Receipt nothingDone(Level level, ByteString key) {
    return begin(level)
        .setKey(key)
        .setOutcome(Outcome.OUTCOME_FAILED)
        .addAllMissing(replicas.now().all())
        .build();
  }

  /**
   * What is stored under the key: the value where there is exactly one, all siblings where there
   * are values at all, and the context in any case.
   */
  Receipt.Builder describe(Level level, ByteString key, DottedVersionVectorSet joined) {
    DottedVersionVectorSet stored = ConflictRule.shown(record, joined);
    List<TypedView> views = TypedView.of(stored);
    if (!views.isEmpty()) {
      return describeTyped(level, key, stored, views);
    }
    Receipt.Builder receipt =
        begin(level).setKey(key).setContext(token(key, stored)).setFound(false);
    receipt.addAllSeen(seen(stored));
    if (stored.hasValue()) {
      List<io.capstan.node.version.Sibling> visible = stored.visible();
      receipt.setFound(true).addAllSiblings(siblings(visible, false));
      io.capstan.node.version.Sibling first = visible.get(0);
      ByteString value = first.value();
      if (visible.size() == 1 && value != null) {
        receipt.setValue(value).setVersion(first.dot().toString());
      }
    }
    return receipt;
  }

  /**
   * The same for the answer to a write of a set: without its members, of which there may be
   * thousands, and which nobody has asked for.
   */
  Receipt.Builder describeSetWrite(Level level, ByteString key, DottedVersionVectorSet joined) {
    DottedVersionVectorSet stored = ConflictRule.shown(record, joined);
    if (ValueType.plainIn(stored)
        || ValueType.COUNTER.isIn(stored)
        || !ValueType.SET.isIn(stored)) {
      return describe(level, key, joined).clearMembers().clearValue().clearSiblings();
    }
    return begin(level)
        .setKey(key)
        .setFound(true)
        .setType(ValueType.SET.label())
        .addAllSeen(seen(stored));
  }

  /** The counter or set that the key holds; its empty value where it holds none. */
  Receipt.Builder describeTyped(
      Level level, ByteString key, DottedVersionVectorSet stored, ValueType type) {
    for (TypedView view : TypedView.of(stored)) {
      if (view.type() == type) {
        Receipt.Builder receipt = begin(level).setKey(key).setFound(true).addAllSeen(seen(stored));
        return typed(receipt, view).setVersion(view.newest().dot().toString());
      }
    }
    Receipt.Builder receipt =
        begin(level).setKey(key).setFound(false).setType(type.label()).addAllSeen(seen(stored));
    return type == ValueType.COUNTER ? receipt.setCounter(0) : receipt;
  }

  /**
   * A key with a counter or a set, and perhaps with more under the same name from another side of a
   * partition. There is no context: a put with it would supersede increments that its coordinator
   * has yet to see.
   */
  private Receipt.Builder describeTyped(
      Level level, ByteString key, DottedVersionVectorSet stored, List<TypedView> views) {
    Receipt.Builder receipt =
        begin(level)
            .setKey(key)
            .setFound(true)
            .addAllSeen(seen(stored))
            .addAllSiblings(siblings(shown(stored, views), false));
    if (receipt.getSiblingsCount() == 1) {
      TypedView view = views.get(0);
      typed(receipt, view).setVersion(view.newest().dot().toString());
      receipt.setValue(receipt.getSiblings(0).getValue());
    }
    return receipt;
  }

  private static Receipt.Builder typed(Receipt.Builder receipt, TypedView view) {
    receipt.setType(view.type().label());
    return view.type() == ValueType.COUNTER
        ? receipt.setCounter(view.counter())
        : receipt.addAllMembers(view.members());
  }

  /** One sibling with the text of each counter or set, and the plain values beside them. */
  private static List<io.capstan.node.version.Sibling> shown(
      DottedVersionVectorSet stored, List<TypedView> views) {
    List<io.capstan.node.version.Sibling> shown = new ArrayList<>(views.size());
    for (TypedView view : views) {
      io.capstan.node.version.Sibling newest = view.newest();
      shown.add(
          new io.capstan.node.version.Sibling(
              newest.dot(), newest.writtenAt(), newest.operation(), view.text()));
    }
    for (io.capstan.node.version.Sibling sibling : stored.visible()) {
      if (sibling.value() != null) {
        shown.add(sibling);
      }
    }
    return shown;
  }

  /** A row of a scan, or null where there is no value. */
  @Nullable ScanRow row(ByteString key, DottedVersionVectorSet joined, boolean keysOnly) {
    DottedVersionVectorSet stored = ConflictRule.shown(record, joined);
    if (!stored.hasValue()) {
      return null;
    }
    List<TypedView> views = TypedView.of(stored);
    List<io.capstan.node.version.Sibling> visible =
        views.isEmpty() ? stored.visible() : shown(stored, views);
    ScanRow.Builder row =
        ScanRow.newBuilder()
            .setKey(key)
            .addAllSiblings(siblings(visible, keysOnly))
            .addAllSeen(seen(stored));
    if (views.isEmpty()) {
      row.setContext(token(key, stored));
    }
    if (visible.size() == 1) {
      row.setVersion(visible.get(0).dot().toString());
    }
    return row.build();
  }

  /** What a session remembers: everything stored, tombstones and hidden duplicates included. */
  private static List<io.capstan.proto.store.v1.Dot> seen(DottedVersionVectorSet stored) {
    // A counter may have many siblings; a context that covers one of them covers all earlier ones
    // of the same actor.
    boolean newestOnly = ValueType.anyIn(stored);
    List<io.capstan.proto.store.v1.Dot> dots = new ArrayList<>();
    List<io.capstan.node.version.Sibling> siblings = stored.siblings();
    for (int i = 0; i < siblings.size(); i++) {
      Dot dot = siblings.get(i).dot();
      boolean isNewest =
          i + 1 == siblings.size() || !siblings.get(i + 1).dot().actor().equals(dot.actor());
      if (isNewest || !newestOnly) {
        dots.add(dot.toProto());
      }
    }
    return dots;
  }

  private ByteString token(ByteString key, DottedVersionVectorSet stored) {
    HybridTimestamp newest =
        ConflictRule.latestWins(record) ? stored.newest() : HybridTimestamp.ZERO;
    return ContextToken.encode(record.getId(), record.getEpoch(), key, stored.context(), newest);
  }

  private static List<Sibling> siblings(
      List<io.capstan.node.version.Sibling> visible, boolean withoutValues) {
    List<Sibling> shown = new ArrayList<>(visible.size());
    for (io.capstan.node.version.Sibling sibling : visible) {
      Sibling.Builder one =
          Sibling.newBuilder()
              .setVersion(sibling.dot().toString())
              .setWrittenAtMillis(sibling.writtenAt().physicalMillis());
      ByteString value = sibling.value();
      if (value != null && !withoutValues) {
        one.setValue(value);
      }
      if (sibling.operation() != null) {
        one.setOperation(sibling.operation());
      }
      shown.add(one.build());
    }
    return shown;
  }

  /** Fills in who confirmed, from a bit mask over the replicas. */
  void confirmed(Receipt.Builder receipt, long mask) {
    receipt.addAllAcked(replicas.now().in(mask)).addAllMissing(replicas.now().missing(mask));
  }

  /** Fills in for whom a hint is kept, from a bit mask over the replicas; they are missing too. */
  void hinted(Receipt.Builder receipt, long mask) {
    receipt.addAllHinted(replicas.now().in(mask));
  }

  /**
   * Fills in how old the answer may be at most: not at all where every read meets every write, else
   * what clocks have proven, else nothing.
   */
  void staleness(
      Receipt.Builder receipt, Levels levels, Level level, boolean isKnown, long ageNanos) {
    if (replicas.now().meets(level, levels.minWrites())) {
      receipt.setStalenessMillis(0);
    } else if (isKnown) {
      receipt.setStalenessMillis((Math.max(0, ageNanos) + 999_999) / 1_000_000);
    }
  }
}
