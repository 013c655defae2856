package io.capstan.chaos.report;

import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes report.html: one file that needs nothing else, no network and no server. Verdicts, stories
 * and tables stand in the page itself and can be read without its script; the pictures are drawn by
 * the script from the data that it carries.
 */
public final class ReportPage {
  private static final int PER_PAGE_CLAIM_PINS_MAX = 40;

  private final Report report;

  private ReportPage(Report report) {
    this.report = report;
  }

  /** Returns the page. */
  public static String html(Report report) {
    return new ReportPage(report).html();
  }

  private String html() {
    Map<String, String> slots = new LinkedHashMap<>();
    ScenarioResult result = report.result();
    Verdict.Status verdict = result.verdict();
    slots.put("title", Html.escape(title()));
    slots.put("verdict-class", verdict.label());
    slots.put("verdict-mark", mark(verdict.label()));
    slots.put("verdict", Html.escape(overall(verdict)));
    slots.put("facts", Html.escape(facts()));
    slots.put("happened", paragraphs(report.whatHappened()));
    slots.put("replay", Html.escape(result.replay()));
    slots.put("violations", violations());
    slots.put("columns", report.runs().size() > 1 ? "two" : "one");
    slots.put("runs", runs());
    slots.put("tables", tables());
    slots.put("licence", Html.escape(ReportAssets.uplotLicence()));
    slots.put("style", ReportAssets.style());
    slots.put("data", new ReportData(report).base64());
    slots.put("script", ReportAssets.script());
    return fill(ReportAssets.template(), slots);
  }

  /** One pass, so that a text that looks like a slot stays a text. */
  private static String fill(String template, Map<String, String> slots) {
    StringBuilder page = new StringBuilder();
    int from = 0;
    for (int at = template.indexOf("{{"); at >= 0; at = template.indexOf("{{", from)) {
      int end = template.indexOf("}}", at);
      String value = slots.get(template.substring(at + 2, end));
      if (value == null) {
        throw new IllegalStateException("no value for " + template.substring(at, end + 2));
      }
      page.append(template, from, at).append(value);
      from = end + 2;
    }
    return page.append(template.substring(from)).toString();
  }

  private String title() {
    return "Capstan: " + report.result().scenario() + ", seed " + report.result().seed();
  }

  private static String overall(Verdict.Status verdict) {
    return switch (verdict) {
      case VALID -> "Every claim holds";
      case INVALID -> "A claim is violated";
      case UNKNOWN -> "Not every claim could be decided";
    };
  }

  private String facts() {
    ScenarioResult result = report.result();
    long attempted = result.runs().stream().mapToLong(run -> run.ops().attempted()).sum();
    return String.format(
        Locale.ROOT,
        "scenario %s · %d nodes · substrate %s · %s of load · %,d operations · seed %d",
        result.scenario(),
        result.nodes(),
        result.substrate(),
        ResultTable.duration(result.durationMillis()),
        attempted,
        result.seed());
  }

  private static String paragraphs(List<String> sentences) {
    return sentences.isEmpty() ? "" : "<p>" + Html.escape(String.join(" ", sentences)) + "</p>";
  }

  /** A shape for each verdict, so that nobody needs its colour. */
  private static String mark(String verdict) {
    String path =
        switch (verdict) {
          case "valid" ->
              "<circle cx='12' cy='12' r='11'/><path class='stroke' d='M6.5 12.5l3.7 3.7 7.3-8'/>";
          case "invalid" ->
              "<path d='M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z'/>"
                  + "<path class='stroke' d='M8 8l8 8M16 8l-8 8'/>";
          default ->
              "<path d='M12 0.5L23.5 12 12 23.5 0.5 12z'/><path class='stroke' d='M9 9.5a3 3 0 1 1"
                  + " 4.4 2.7c-1 .6-1.4 1.1-1.4 2.2M12 17.4v.2'/>";
        };
    return "<svg class='mark "
        + verdictClass(verdict)
        + "' viewBox='0 0 24 24' aria-hidden='true'>"
        + path
        + "</svg>";
  }

  private static String verdictClass(String verdict) {
    return verdict.equals("valid") || verdict.equals("invalid") ? verdict : "unknown";
  }

  private static String word(String verdict) {
    return switch (verdict) {
      case "valid" -> "holds";
      case "invalid" -> "VIOLATED";
      default -> "undecided";
    };
  }

  private String runs() {
    StringBuilder html = new StringBuilder();
    for (int i = 0; i < report.runs().size(); i++) {
      html.append(run(i));
    }
    return html.toString();
  }

  private static String modeName(String mode) {
    return switch (mode) {
      case "cp" -> "consistency first";
      case "ap" -> "availability first";
      default -> "";
    };
  }

  private static String heading(RunResult run) {
    String name = modeName(run.mode());
    return "<span class='mode'>"
        + Html.escape(run.mode().toUpperCase(Locale.ROOT))
        + "</span> "
        + Html.escape(run.keyspace())
        + (name.isEmpty() ? "" : " <small>" + name + "</small>");
  }

  private String run(int number) {
    RunResult run = report.result().runs().get(number);
    StringBuilder html = new StringBuilder();
    html.append("<section class='card run' data-verdict='")
        .append(verdictClass(run.verdict()))
        .append("'><h2>")
        .append(heading(run))
        .append("</h2>");
    html.append(figures(run));
    for (String sentence : report.runs().get(number).story()) {
      html.append("<p>").append(Html.escape(sentence)).append("</p>");
    }
    html.append("<ul class='claims'>");
    for (ClaimResult claim : run.claims()) {
      html.append("<li class='claim' data-verdict='")
          .append(verdictClass(claim.verdict()))
          .append("'>")
          .append(mark(claim.verdict()))
          .append("<div><strong>")
          .append(Html.escape(claim.claim()))
          .append("</strong> <span class='word'>")
          .append(word(claim.verdict()))
          .append("</span><br>")
          .append(Html.escape(claim.why()))
          .append("</div></li>");
    }
    return html.append("</ul></section>").toString();
  }

  private static String figures(RunResult run) {
    List<String> figures = new ArrayList<>();
    Double majority = run.availability().during().majority();
    Double minority = run.availability().during().minority();
    if (majority != null) {
      figures.add(figure(percent(majority), "answered, side with a majority"));
    }
    if (minority != null) {
      figures.add(figure(percent(minority), "answered, side without"));
    }
    ScenarioResult.Consistency found = run.consistency();
    figures.add(figure(number(found.staleReads()), "stale reads"));
    if (run.mode().equals("ap")) {
      figures.add(figure(number(found.siblingsSeen()), "keys with siblings"));
    }
    figures.add(figure(number(found.lostWrites()), "writes lost"));
    Long recovered = found.recoveredAfterHealMillis();
    Long converged = found.convergedAfterHealMillis();
    if (run.mode().equals("ap") && converged != null) {
      figures.add(figure(ResultTable.duration(converged), "heal to equal replicas"));
    } else if (recovered != null) {
      figures.add(figure(ResultTable.duration(recovered), "heal to all answering"));
    }
    return "<dl class='figures'>" + String.join("", figures) + "</dl>";
  }

  private static String figure(String value, String name) {
    return "<div><dd>" + Html.escape(value) + "</dd><dt>" + name + "</dt></div>";
  }

  private static String percent(double ratio) {
    return ratio == 0 || ratio == 1
        ? String.format(Locale.ROOT, "%.0f %%", 100 * ratio)
        : String.format(Locale.ROOT, "%.1f %%", 100 * ratio);
  }

  private static String number(@Nullable Long count) {
    return count == null ? "?" : String.format(Locale.ROOT, "%,d", count);
  }

  private String violations() {
    StringBuilder html = new StringBuilder();
    for (int i = 0; i < report.runs().size(); i++) {
      RunResult run = report.result().runs().get(i);
      int pin = 0;
      for (ClaimResult claim : run.claims()) {
        boolean hasPin = !claim.judged().operations().isEmpty();
        if (claim.verdict().equals(Verdict.Status.INVALID.label())) {
          html.append(violation(run, claim, i, hasPin ? pin : -1));
          html.append(shrunk(run, claim));
        }
        pin += hasPin ? 1 : 0;
      }
    }
    return html.toString();
  }

  private static String violation(RunResult run, ClaimResult claim, int runNumber, int pin) {
    StringBuilder html = new StringBuilder();
    html.append("<section class='card violation'><h2>")
        .append(mark("invalid"))
        .append(" ")
        .append(Html.escape(run.keyspace()))
        .append(": “")
        .append(Html.escape(claim.claim()))
        .append("” is violated</h2><p class='story'>")
        .append(Html.escape(claim.why()))
        .append("</p>");
    for (String sentence : claim.judged().story()) {
      if (claim.why().contains(sentence)) {
        continue;
      }
      html.append("<p>").append(Html.escape(sentence)).append("</p>");
    }
    if (pin >= 0) {
      List<Operation> operations = claim.judged().operations();
      html.append("<div class='pinned' data-run='")
          .append(runNumber)
          .append("' data-pin='")
          .append(pin)
          .append(
              "'></div><p class='look'>Each bar runs from the moment a client asked to the moment")
          .append(" it had its answer; whatever ended before another began must be visible to it.")
          .append("</p>")
          .append(
              OperationTable.html(
                  operations.subList(0, Math.min(operations.size(), PER_PAGE_CLAIM_PINS_MAX))));
    }
    return html.append("</section>").toString();
  }

  /** The fewest faults that violate this claim, where they were looked for. */
  private String shrunk(RunResult run, ClaimResult claim) {
    ShrunkSchedule shrunk = report.result().shrunk();
    if (shrunk == null
        || !shrunk.mode().equals(run.mode())
        || !shrunk.claim().equals(claim.claim())) {
      return "";
    }
    return "<section class='card shrunk'><h2>The fewest faults that violate it</h2><p>"
        + Html.escape(shrunk.told())
        + "</p>"
        + (shrunk.faults().isEmpty()
            ? ""
            : "<p>With them alone: " + Html.escape(shrunk.why()) + "</p>")
        + "<p class='look'>Run it: <code>"
        + Html.escape(shrunk.replay())
        + "</code></p></section>";
  }

  private String tables() {
    StringBuilder html = new StringBuilder();
    for (RunResult run : report.result().runs()) {
      if (run.inhabitedSides().isEmpty()) {
        continue;
      }
      html.append("<div class='scroll'><table><caption>")
          .append(heading(run))
          .append("</caption><thead><tr><th scope='col'>when and through whom</th>");
      for (String heading : ResultTable.HEADINGS) {
        html.append("<th scope='col'>").append(heading).append("</th>");
      }
      html.append("</tr></thead><tbody>");
      for (SideResult side : run.inhabitedSides()) {
        html.append("<tr><th scope='row'>")
            .append(Html.escape(ResultTable.label(side)))
            .append("</th>");
        for (String cell : ResultTable.cells(side, run.mode().equals("ap"))) {
          html.append("<td>").append(Html.escape(cell)).append("</td>");
        }
        html.append("</tr>");
      }
      html.append("</tbody></table></div>");
    }
    return html.toString();
  }
}
