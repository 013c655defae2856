package io.capstan.chaos.report;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import java.util.List;
import java.util.Locale;

/** A table of a few operations, exact to the microsecond. */
final class OperationTable {
  private static final double NANOS_PER_SECOND = 1e9;

  private OperationTable() {}

  static String html(List<Operation> operations) {
    StringBuilder html =
        new StringBuilder(
            "<div class='scroll'><table class='operations'><thead><tr><th"
                + " scope='col'>client</th><th scope='col'>node</th><th scope='col'>asked</th><th"
                + " scope='col'>until</th><th scope='col'>operation</th><th scope='col'>came"
                + " out</th></tr></thead><tbody>");
    for (Operation operation : operations) {
      Object node = operation.extra(Extras.NODE);
      html.append("<tr><td>")
          .append(operation.process())
          .append("</td><td>")
          .append(node == null ? "" : Html.escape(HistoryValues.show(node)))
          .append("</td><td>")
          .append(seconds(operation.invokeNanos()))
          .append("</td><td>")
          .append(seconds(operation.completeNanos()))
          .append("</td><td>")
          .append(Html.escape(asked(operation)))
          .append("</td><td>")
          .append(Html.escape(cameOut(operation)))
          .append("</td></tr>");
    }
    return html.append("</tbody></table></div>").toString();
  }

  private static String seconds(long nanos) {
    return nanos == HistoryEvent.NO_TIME || nanos == Operation.NEVER
        ? "–"
        : String.format(Locale.ROOT, "%.6f s", nanos / NANOS_PER_SECOND);
  }

  private static String asked(Operation operation) {
    return operation.f()
        + (operation.key() == null ? "" : " " + HistoryValues.show(operation.key()))
        + (operation.input() == null ? "" : " " + HistoryValues.show(operation.input()));
  }

  private static String cameOut(Operation operation) {
    Object error = operation.extra(Extras.ERROR);
    return switch (operation.outcome()) {
      case OK -> operation.f().equals("read") ? HistoryValues.show(operation.output()) : "ok";
      case FAILED -> "failed" + (error == null ? "" : ": " + HistoryValues.show(error));
      case UNKNOWN -> "unknown" + (error == null ? "" : ": " + HistoryValues.show(error));
    };
  }
}
