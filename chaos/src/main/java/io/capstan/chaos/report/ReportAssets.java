package io.capstan.chaos.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;

/** What is copied into every report: our style and scripts, and the chart library's. */
final class ReportAssets {
  private static final String UPLOT_VERSION =
      "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/";

  /** In the order in which they need each other. */
  private static final List<String> SCRIPTS =
      List.of(
          "data.js",
          "view.js",
          "measure.js",
          "charts.js",
          "cluster.js",
          "lanes.js",
          "story.js",
          "main.js");

  private ReportAssets() {}

  /** Returns the page, with a name in double braces wherever something is filled in. */
  static String template() {
    return own("report.html");
  }

  static String style() {
    return withoutEnd(uplot("dist/uPlot.min.css") + "\n" + own("report.css"), "</style");
  }

  static String script() {
    StringBuilder script = new StringBuilder(uplot("dist/uPlot.iife.min.js"));
    script.append("\n(function () {\n\"use strict\";\n");
    for (String name : SCRIPTS) {
      script.append(own(name)).append('\n');
    }
    return withoutEnd(script.append("})();\n").toString(), "</script");
  }

  /** Returns the licence notice of the chart library. */
  static String uplotLicence() {
    return uplot("LICENSE");
  }

  /** What stands inside an element must not end it. */
  private static String withoutEnd(String text, String end) {
    if (text.toLowerCase(java.util.Locale.ROOT).contains(end)) {
      throw new IllegalStateException("a script or style of the report contains " + end);
    }
    return text;
  }

  private static String own(String name) {
    return read(name);
  }

  private static String uplot(String name) {
    Properties properties = new Properties();
    try (InputStream in = open(UPLOT_VERSION)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read(UPLOT + properties.getProperty("version") + "/" + name);
  }

  private static String read(String name) {
    try (InputStream in = open(name)) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String name) {
    InputStream in = ReportAssets.class.getResourceAsStream(name);
    if (in == null) {
      throw new IllegalStateException(
          "the class path lacks " + name + ", which reports are made of");
    }
    return in;
  }
}
