package io.capstan.chaos.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("report.html, read without a browser")
class ReportPageTest {

  @Test
  @DisplayName("fetches nothing: no address in it is ever asked, and a policy forbids it")
  void fetchesNothing() {
    String page = ReportPage.html(ReportFixtures.twin());

    assertThat(page).contains("Content-Security-Policy\" content=\"default-src 'none';");
    assertThat(page)
        .doesNotContainPattern("(?i)<(script|img|iframe|object|embed)[^>]*\\ssrc\\s*=")
        .doesNotContainPattern("(?i)<link[^>]*href\\s*=\\s*\"(?!data:,)")
        .doesNotContainPattern("(?i)@import|url\\(")
        .doesNotContainPattern("fetch\\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon");
  }

  @Test
  @DisplayName("keeps the chart library's licence and says what every claim came to, in words")
  void saysEverythingInWords() {
    String page = ReportPage.html(ReportFixtures.twin());

    assertThat(page)
        .contains("Permission is hereby granted, free of charge")
        .contains("Every claim holds")
        .contains("no acknowledged write lost</strong> <span class='word'>holds</span>")
        .contains("value=\"capstan demo --seed 7\"");
    assertThat(page).doesNotContain("{{");
  }

  @Test
  @DisplayName("has no row for a side on which nobody ever was")
  void hasNoRowForAnEmptySide() {
    String page = ReportPage.html(ReportFixtures.twin());

    assertThat(page).contains("<th scope='row'>split: " + ReportFixtures.MINORITY + " (minority)");
    assertThat(page).doesNotContain("(majority)");
  }

  @Test
  @DisplayName("escapes what users wrote, wherever it shows")
  void escapesWhatUsersWrote() {
    String page = ReportPage.html(ReportFixtures.violated());

    assertThat(page).doesNotContain("<img").doesNotContain("alert(1)</script>");
    // Story, sentence more, keyspace (card, table, violation), reasons, the table of operations.
    assertThat(page.split("&lt;/script&gt;&lt;img src=x onerror=&quot;", -1).length)
        .isGreaterThan(8);
    assertThat(page).contains("&amp;&#39;{{data}}");
    // The two scripts of the page, the block of data and nothing else.
    Matcher ends = Pattern.compile("(?i)</script").matcher(page);
    assertThat(ends.results().count()).isEqualTo(2);
  }

  @Test
  @DisplayName("pins the operations of a violated claim and tells the story above all else")
  void pinsTheViolation() throws Exception {
    String page = ReportPage.html(ReportFixtures.violated());
    JsonNode run = data(page).at("/runs/0");

    assertThat(page).contains("is violated</h2>").contains("client 1 read");
    assertThat(page.indexOf("class='story'")).isLessThan(page.indexOf("class='claims'"));
    assertThat(run.at("/pins/0/claim").asText()).isEqualTo("linearizable");
    // Of the three operations all are needed: what was written, what replaced it, who read it
    // still.
    assertThat(run.at("/pins/0/ops").toString()).isEqualTo("[0,1,2]");
    assertThat(run.at("/texts").toString()).contains(ReportFixtures.EVIL.substring(0, 20));
  }

  @Test
  @DisplayName("carries every operation, with time, wait, lane and outcome")
  void carriesEveryOperation() throws Exception {
    Report report = ReportFixtures.twin();
    JsonNode run = data(ReportPage.html(report)).at("/runs/0");
    ScenarioResult.Ops ops = report.result().runs().get(0).ops();

    for (String column :
        List.of("t", "d", "lane", "side", "process", "f", "key", "in", "out", "o")) {
      assertThat(run.at("/" + column).size()).as(column).isEqualTo(ops.attempted());
    }
    assertThat(run.at("/lanes").size()).isEqualTo(6);
    assertThat(count(run, 1)).isEqualTo(ops.failed()).isPositive();
    assertThat(count(run, 2)).isEqualTo(ops.unknown()).isPositive();
    long lastMicros = 0;
    for (JsonNode delta : run.at("/t")) {
      lastMicros += delta.asLong();
    }
    assertThat(lastMicros)
        .isEqualTo(report.runs().get(0).history().operations().getLast().invokeNanos() / 1_000);
  }

  @Test
  @DisplayName("takes less than 16 bytes for each of 100,000 operations, library and all")
  void isCompact() {
    String page = ReportPage.html(ReportFixtures.large(100_000));

    assertThat(page.length()).isLessThan(1_600_000);
  }

  @Test
  @DisplayName("shares a lane among clients of one node where there are too many for a picture")
  void sharesLanes() {
    Report report = ReportFixtures.large(3_000);
    List<io.capstan.chaos.check.Operation> operations = report.runs().get(0).history().operations();
    List<io.capstan.chaos.check.Operation> strangers =
        operations.stream()
            .map(
                each ->
                    new io.capstan.chaos.check.Operation(
                        each.id(),
                        each.id(),
                        each.f(),
                        each.key(),
                        each.input(),
                        each.outcome(),
                        each.output(),
                        each.invokeNanos(),
                        each.completeNanos(),
                        each.invokePosition(),
                        each.completePosition(),
                        java.util.Map.of("node", each.id() % 2 == 0 ? "n1" : "n2")))
            .toList();

    ReportLanes lanes = new ReportLanes(strangers);

    assertThat(lanes.lanes()).hasSizeLessThanOrEqualTo(ReportLanes.LANES_MAX + 2);
    assertThat(lanes.lanes().get(0).label()).startsWith("clients 0 to ");
    assertThat(strangers)
        .allMatch(
            each ->
                lanes
                    .lanes()
                    .get(lanes.laneOf(each))
                    .node()
                    .equals(String.valueOf(each.extra("node"))));
  }

  private static long count(JsonNode run, int outcome) {
    long count = 0;
    for (JsonNode each : run.at("/o")) {
      count += each.asInt() == outcome ? 1 : 0;
    }
    return count;
  }

  private static JsonNode data(String page) throws Exception {
    String start = "<script type=\"application/octet-stream\" id=\"data\">";
    int from = page.indexOf(start) + start.length();
    byte[] packed = Base64.getDecoder().decode(page.substring(from, page.indexOf('<', from)));
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      return new ObjectMapper().readTree(new String(in.readAllBytes(), UTF_8));
    }
  }
}
