package io.capstan.node.type;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import java.util.List;

/** What a write of a counter or set comes to on what a key holds. */
public sealed interface TypedChange {

  /**
   * Where and when the write happens.
   *
   * @param self whose dots are given
   * @param firstCounter the first counter that is free; the following ones are free too
   * @param wallMillis by the clock of the writer
   */
  record Moment(Actor self, long firstCounter, HybridTimestamp timestamp, long wallMillis) {
    Dot dot(int ahead) {
      return new Dot(self, firstCounter + ahead);
    }
  }

  /**
   * The key is to hold the last of the rows. Each of them adds one dot, the first one {@link
   * Moment#firstCounter}, the next the one after; one or two of them.
   *
   * @param superseded what is replaced, as receipts name it
   */
  record Written(List<DottedVersionVectorSet> rows, List<Sibling> superseded)
      implements TypedChange {
    public Written {
      rows = List.copyOf(rows);
      superseded = List.copyOf(superseded);
    }

    /** What the key holds afterwards. */
    public DottedVersionVectorSet last() {
      return rows.get(rows.size() - 1);
    }
  }

  /**
   * The operation was executed before; nothing is to be written.
   *
   * @param witness a dot that the key holds and that says so
   */
  record Repeated(Dot witness) implements TypedChange {}

  /** Whether the operation was executed is no longer remembered; it must not be executed again. */
  record BeyondWindow() implements TypedChange {}

  /**
   * The key holds something else.
   *
   * @param found such as "set" or "plain value"
   */
  record WrongType(String found) implements TypedChange {}

  /** A limit is reached; nothing is to be written. */
  record Full(Limit limit) implements TypedChange {}

  /** See {@link TypeLimits}. */
  enum Limit {
    /** The value would leave the range of a signed 64-bit number. */
    COUNTER_RANGE,
    /** Too many increments wait until every replica has them. */
    COUNTER_UNFOLDED,
    /** Too many elements, or too many bytes of them. */
    SET_SIZE,
    /** Too many sessions used the key just now. */
    SESSIONS
  }
}
