package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.ContextToken;
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

  Receipts(KeyspaceRecord record, QuorumConfig config) {
    this.record = record;
    this.config = config;
  }

  /** A receipt that says nothing about a key yet. */
  Receipt.Builder begin(Level level) {
    return Receipt.newBuilder()
        .setKeyspace(record.getName())
        .setKeyspaceId(record.getId())
        .setMode(Mode.MODE_AP)
        .setEpoch(record.getEpoch())
        .setLevel(level)
        .setPhase("serving")
        .setOutcome(Outcome.OUTCOME_OK)
        .setServedBy(config.nodeId())
        .setReceivedBy(config.nodeId());
  }

  /** Where nothing was done: no replica confirmed anything. */
  Receipt nothingDone(Level level, ByteString key) {
    return begin(level)
        .setKey(key)
        .setOutcome(Outcome.OUTCOME_FAILED)
        .addAllMissing(config.members())
        .build();
  }

  /**
   * What is stored under the key: the value where there is exactly one, all siblings where there
   * are values at all, and the context in any case.
   */
  Receipt.Builder describe(Level level, ByteString key, DottedVersionVectorSet joined) {
    DottedVersionVectorSet stored = ConflictRule.shown(record, joined);
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

  /** A row of a scan, or null where there is no value. */
  @Nullable ScanRow row(ByteString key, DottedVersionVectorSet joined, boolean keysOnly) {
    DottedVersionVectorSet stored = ConflictRule.shown(record, joined);
    if (!stored.hasValue()) {
      return null;
    }
    List<io.capstan.node.version.Sibling> visible = stored.visible();
    ScanRow.Builder row =
        ScanRow.newBuilder()
            .setKey(key)
            .addAllSiblings(siblings(visible, keysOnly))
            .setContext(token(key, stored))
            .addAllSeen(seen(stored));
    if (visible.size() == 1) {
      row.setVersion(visible.get(0).dot().toString());
    }
    return row.build();
  }

  /** What a session remembers: everything stored, tombstones and hidden duplicates included. */
  private static List<io.capstan.proto.store.v1.Dot> seen(DottedVersionVectorSet stored) {
    List<io.capstan.proto.store.v1.Dot> dots = new ArrayList<>(stored.siblings().size());
    for (io.capstan.node.version.Sibling sibling : stored.siblings()) {
      dots.add(sibling.dot().toProto());
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

  /** Fills in who confirmed, from a bit mask over the members. */
  void confirmed(Receipt.Builder receipt, long mask) {
    List<String> members = config.members();
    for (int i = 0; i < members.size(); i++) {
      if ((mask & 1L << i) != 0) {
        receipt.addAcked(members.get(i));
      } else {
        receipt.addMissing(members.get(i));
      }
    }
  }

  /** Fills in for whom a hint is kept, from a bit mask over the members; they are missing too. */
  void hinted(Receipt.Builder receipt, long mask) {
    List<String> members = config.members();
    for (int i = 0; i < members.size(); i++) {
      if ((mask & 1L << i) != 0) {
        receipt.addHinted(members.get(i));
      }
    }
  }
}
