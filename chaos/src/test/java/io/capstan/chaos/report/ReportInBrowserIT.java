package io.capstan.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opens reports in a real browser, as a person would, and looks at what came to be. */
@DisplayName("report.html in a browser")
class ReportInBrowserIT {
  /** Each client's row of a picture is this many cells of five pixels wide, at the most. */
  private static final int CELLS_MAX = 264;

  private static Browser browser;

  @TempDir static Path folder;

  @BeforeAll
  static void startBrowser() throws IOException {
    Path program =
        Browser.find()
            .orElseGet(
                () ->
                    abort(
                        "no Chromium or Chrome on PATH: install Debian's package chromium to run"
                            + " the tests of report.html"));
    browser = Browser.start(program, Files.createDirectories(folder.resolve("profile")));
  }

  @AfterAll
  static void stopBrowser() throws InterruptedException {
    if (browser != null) {
      browser.close();
    }
  }

  private static void open(Report report, int width, boolean isDark) throws IOException {
    Path file = folder.resolve("report.html");
    Files.writeString(file, ReportPage.html(report));
    browser.show(width, 900, isDark);
    browser.open(file);
    assertThat(browser.complaints()).as("console").isEmpty();
    assertThat(browser.requests()).as("requests").isEmpty();
  }

  private static JsonNode js(String script) {
    return browser.evaluate(script);
  }

  @Test
  @DisplayName(
      "shows a twin run side by side: verdicts, network, charts and a lane for each client")
  void twinRun() throws IOException {
    open(ReportFixtures.twin(), 1280, false);

    assertThat(js("document.querySelector('header').dataset.verdict").asText()).isEqualTo("valid");
    assertThat(js("document.querySelector('h1').textContent").asText())
        .isEqualTo("Every claim holds");
    assertThat(js("document.querySelectorAll('.claim[data-verdict=valid]').length").asInt())
        .isEqualTo(2);
    assertThat(js("document.querySelectorAll('.uplot').length").asInt()).isEqualTo(8);
    assertThat(js("[...document.querySelectorAll('canvas.lanes')].map(c => +c.dataset.lanes)"))
        .hasToString("[6,6]");
    // Beside each other, not below.
    assertThat(
            js("[...document.querySelectorAll('canvas.lanes')].map(c => c.getBoundingClientRect())"
                    + ".reduce((a, b) => b.left > a.right && a.top === b.top)")
                .asBoolean())
        .isTrue();
    assertThat(js("document.querySelectorAll('#topology .cut').length").asInt()).isEqualTo(2);
    assertThat(js("document.getElementById('moment').textContent").asText())
        .isEqualTo("At 7.50 s: n1 leads in term 2; cut: n1–n2, n2–n3.");
  }

  @Test
  @DisplayName("goes through the run with the slider: before the cut every link carries")
  void slider() throws IOException {
    open(ReportFixtures.twin(), 1280, false);

    js(
        "{ const s = document.getElementById('scrub'); s.value = 2;"
            + " s.dispatchEvent(new Event('input')); }");

    assertThat(js("document.getElementById('moment').textContent").asText())
        .isEqualTo("At 2.00 s: n2 leads in term 1; every link carries.");
    assertThat(js("document.querySelectorAll('#topology .cut').length").asInt()).isZero();
  }

  @Test
  @DisplayName("zooms every picture where one is dragged over, and back with the key 0")
  void zoom() throws IOException {
    open(ReportFixtures.twin(), 1280, false);
    String whole = js("document.getElementById('range').textContent").asText();
    js(
        "document.querySelector('#availability .u-over').scrollIntoView({block: 'center',"
            + " behavior: 'instant'})");
    JsonNode place =
        js(
            "(r => [r.left, r.width, r.top + r.height / 2])"
                + "(document.querySelector('#availability .u-over').getBoundingClientRect())");
    double left = place.get(0).asDouble();
    double width = place.get(1).asDouble();

    browser.drag(left + 0.2 * width, left + 0.4 * width, place.get(2).asDouble());

    assertThat(js("document.getElementById('range').textContent").asText())
        .isNotEqualTo(whole)
        .matches("3\\.\\d\\d s to 6\\.\\d\\d s");

    js("document.querySelectorAll('canvas.lanes')[1].focus()");
    browser.key("0");
    assertThat(js("document.getElementById('range').textContent").asText()).isEqualTo(whole);
  }

  @Test
  @DisplayName("reads operations to whoever uses the keys alone")
  void keyboard() throws IOException {
    open(ReportFixtures.twin(), 1280, false);
    js("document.querySelector('canvas.lanes').focus()");

    browser.key("ArrowRight");
    String first = js("document.getElementById('operation').textContent").asText();
    browser.key("ArrowRight");

    assertThat(first).contains("read wall/").contains("client 0 at n1").contains("waited");
    assertThat(js("document.getElementById('operation').textContent").asText())
        .contains("write wall/")
        .isNotEqualTo(first);
  }

  @Test
  @DisplayName("draws the story of a violation, and runs nothing that a user wrote")
  void violatedRun() throws IOException {
    open(ReportFixtures.violated(), 1280, true);

    assertThat(js("document.querySelector('header').dataset.verdict").asText())
        .isEqualTo("invalid");
    assertThat(js("document.querySelectorAll('.violation').length").asInt()).isEqualTo(1);
    assertThat(js("document.querySelectorAll('.pinned rect').length").asInt()).isEqualTo(3);
    assertThat(js("document.querySelector('.story').textContent").asText())
        .contains("client 1 read old " + ReportFixtures.EVIL);
    assertThat(js("document.images.length").asInt()).isZero();
    assertThat(js("document.title").asText()).startsWith("Capstan: ");
    assertThat(js("document.querySelectorAll('.claim[data-verdict=unknown]').length").asInt())
        .isEqualTo(1);

    js("document.querySelector('.pinned button').click()");
    browser.awaitFrames();
    assertThat(js("document.getElementById('range').textContent").asText())
        .matches("4\\.\\d\\d s to 4\\.\\d\\d s");
  }

  @Test
  @DisplayName("draws 100,000 operations with a bounded number of marks, zoomed in or out")
  void largeRun() throws IOException {
    open(ReportFixtures.large(100_000), 1280, false);
    int lanes = js("+document.querySelector('canvas.lanes').dataset.lanes").asInt();

    assertThat(lanes).isEqualTo(24);
    assertThat(js("+document.querySelector('canvas.lanes').dataset.operations").asInt())
        .isBetween(99_900, 100_000);
    js("document.querySelector('canvas.lanes').focus()");
    for (int i = 0; i < 12; i++) {
      assertThat(js("+document.querySelector('canvas.lanes').dataset.marks").asInt())
          .isPositive()
          .isLessThanOrEqualTo(lanes * CELLS_MAX * 3);
      browser.key("+");
    }
    assertThat(browser.complaints()).isEmpty();
  }
}
