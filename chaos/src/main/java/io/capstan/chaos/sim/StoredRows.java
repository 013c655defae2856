package io.capstan.chaos.sim;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.SessionMarks;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what stands on simulated disks: rows of keys, clocks and ledgers. */
final class StoredRows {
  /** The row of a clock table that holds the clock. */
  static final byte[] CLOCK_KEY = "clock".getBytes(US_ASCII);

  private StoredRows() {}

  static StoredValue parse(byte[] row) {
    try {
      return StoredValue.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  /** The siblings of a row and its context; what else stands there is not looked at. */
  static StoredValue parseSiblings(byte[] row) {
    CodedInputStream input = CodedInputStream.newInstance(row);
    ExtensionRegistryLite none = ExtensionRegistryLite.getEmptyRegistry();
    StoredValue.Builder siblings = StoredValue.newBuilder();
    try {
      for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
        switch (WireFormat.getTagFieldNumber(tag)) {
          case StoredValue.CONTEXT_FIELD_NUMBER ->
              siblings.setContext(
                  input.readMessage(io.capstan.proto.store.v1.VersionVector.parser(), none));
          case StoredValue.SIBLINGS_FIELD_NUMBER ->
              siblings.addSiblings(input.readMessage(StoredSibling.parser(), none));
          default -> input.skipField(tag);
        }
      }
    } catch (IOException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
    return siblings.build();
  }

  /** What a ledger of operations says of a session. */
  static SessionMarks marks(byte[] row) {
    try {
      return SessionMarks.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  /** What the clock among these rows covers. */
  static VersionVector basesOf(NavigableMap<byte[], byte[]> clockRows) {
    return basesOf(clockRows.get(CLOCK_KEY));
  }

  /** What a stored clock covers; nothing where there is none. */
  static VersionVector basesOf(byte @Nullable [] clock) {
    return clock == null ? VersionVector.EMPTY : clock(clock).bases();
  }

  /** A stored clock; an empty one where there is none. */
  static NodeClock clock(byte @Nullable [] stored) {
    if (stored == null) {
      return new NodeClock();
    }
    try {
      return NodeClock.fromProto(io.capstan.proto.store.v1.NodeClock.parseFrom(stored));
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a clock can be read", "one cannot: " + broken.getMessage());
    }
  }

  /** The entries of a ledger. */
  static List<DiscardedWrite> ledger(NavigableMap<byte[], byte[]> rows) {
    List<DiscardedWrite> entries = new ArrayList<>();
    rows.forEach(
        (key, row) -> {
          // Row 0 is the summary.
          if (key[0] != 0) {
            entries.add(discarded(row));
          }
        });
    return entries;
  }

  private static DiscardedWrite discarded(byte[] row) {
    try {
      return DiscardedWrite.parseFrom(row);
    } catch (InvalidProtocolBufferException broken) {
      throw new SimulationFailure("a row can be read", "one cannot: " + broken.getMessage());
    }
  }

  /** A context that covers the siblings of the row. */
  static VersionVector coveringOf(StoredValue stored) {
    VersionVector covering = VersionVector.EMPTY;
    for (StoredSibling sibling : stored.getSiblingsList()) {
      covering = covering.with(Dot.fromProto(sibling.getDot()));
    }
    return covering;
  }

  static Set<String> dots(StoredValue stored) {
    Set<String> dots = new LinkedHashSet<>();
    for (StoredSibling sibling : stored.getSiblingsList()) {
      dots.add(dotOf(sibling));
    }
    return dots;
  }

  /** The text form of {@link Dot}, without making one: asked for all that reaches any node. */
  static String dotOf(StoredSibling sibling) {
    io.capstan.proto.store.v1.Dot dot = sibling.getDot();
    return dot.getActor().getName()
        + "."
        + Long.toHexString(dot.getActor().getIncarnation())
        + ":"
        + dot.getCounter();
  }
}
