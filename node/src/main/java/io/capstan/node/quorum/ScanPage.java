package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Consecutive rows of one replica, or of several merged, in ascending unsigned byte order; deleted
 * keys included.
 *
 * @param more whether there may be rows after the last one
 */
record ScanPage(List<Row> rows, boolean more) {

  private static final Comparator<ByteString> BYTE_ORDER =
      ByteString.unsignedLexicographicalComparator();

  /** A key and what is stored there. */
  record Row(ByteString key, DottedVersionVectorSet value) {}

  ScanPage {
    if (more && rows.isEmpty()) {
      throw new IllegalArgumentException("a page with more to come has at least one row");
    }
    for (int i = 1; i < rows.size(); i++) {
      if (BYTE_ORDER.compare(rows.get(i - 1).key, rows.get(i).key) >= 0) {
        throw new IllegalArgumentException("the rows of a page are out of order");
      }
    }
  }

  /**
   * Joins pages of several replicas that begin at the same key. A replica that has more says
   * nothing about what follows its last row, so the result ends at the smallest such row.
   */
  static ScanPage merge(List<ScanPage> pages) {
    ByteString end = null;
    for (ScanPage page : pages) {
      if (page.more) {
        ByteString last = page.rows.get(page.rows.size() - 1).key;
        end = end == null || BYTE_ORDER.compare(last, end) < 0 ? last : end;
      }
    }
    Map<ByteString, DottedVersionVectorSet> merged = new TreeMap<>(BYTE_ORDER);
    for (ScanPage page : pages) {
      for (Row row : page.rows) {
        if (isWithin(row.key, end)) {
          merged.merge(row.key, row.value, DottedVersionVectorSet::join);
        }
      }
    }
    List<Row> rows = new ArrayList<>(merged.size());
    merged.forEach((key, value) -> rows.add(new Row(key, value)));
    return new ScanPage(rows, end != null);
  }

  private static boolean isWithin(ByteString key, @Nullable ByteString end) {
    return end == null || BYTE_ORDER.compare(key, end) <= 0;
  }
}
