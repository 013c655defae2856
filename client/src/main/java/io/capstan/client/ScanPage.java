package io.capstan.client;

import java.util.List;

/**
 * One page of a scan.
 *
 * @param more whether there are more rows, from {@code nextFrom} on
 * @param receipt of the whole page
 */
public record ScanPage(List<ScanRow> rows, boolean more, Bytes nextFrom, Receipt receipt) {

  public ScanPage {
    rows = List.copyOf(rows);
  }
}
