package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key of a scan.
 *
 * @param siblings more than one where concurrent writes were kept; without values where only keys
 *     were asked for
 * @param context opaque; given back with a write it says what that write has seen
 */
public record ScanRow(Bytes key, String version, List<Sibling> siblings, Bytes context) {

  public ScanRow {
    siblings = List.copyOf(siblings);
  }

  /** Returns the single value, or null where there is none or more than one. */
  public @Nullable Bytes value() {
    return siblings.size() == 1 ? siblings.get(0).value() : null;
  }
}
