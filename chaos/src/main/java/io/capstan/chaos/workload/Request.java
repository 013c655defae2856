package io.capstan.chaos.workload;

import io.capstan.client.Bytes;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a workload asks of a keyspace. Keys and values are text. Immutable. */
public sealed interface Request {

  /** Reads one key: its siblings, the value of a counter, or the elements of a set. */
  record Read(String key) implements Request {}

  /**
   * Writes one key.
   *
   * @param context from an earlier reply: replaces exactly what that reply saw; null for none
   */
  record Write(String key, String value, @Nullable Bytes context) implements Request {}

  /**
   * Compares, writes and reads several keys as one step (CP only). Where every key holds what is
   * expected, all writes and reads are done; otherwise nothing is written and the compared keys are
   * read instead.
   *
   * @param expected key to the value that it must hold
   * @param writes key to its new value
   * @param reads keys to read
   */
  record Transaction(Map<String, String> expected, Map<String, String> writes, List<String> reads)
      implements Request {
    public Transaction {
      expected = Collections.unmodifiableMap(new LinkedHashMap<>(expected));
      writes = Collections.unmodifiableMap(new LinkedHashMap<>(writes));
      reads = List.copyOf(reads);
    }
  }

  /** Adds to a counter; a read of its key answers its value as text. */
  record CounterAdd(String key, long delta) implements Request {}

  /** Adds an element to a set; a read of its key answers one value for each element. */
  record SetAdd(String key, String element) implements Request {}
}
