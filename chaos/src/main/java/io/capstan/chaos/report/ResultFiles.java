package io.capstan.chaos.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.format.HistoryFormat;
import io.capstan.chaos.check.format.HistoryFormats;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The output folder of a run. Thread-safe. */
public final class ResultFiles {
  /** The name of the part of the CP history that is about single registers. */
  public static final String REGISTERS = "registers";

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final Path folder;

  /**
   * Uses a folder, which is made if it is not there; files of an earlier run in it are replaced.
   *
   * @throws IOException if it cannot be made or written to
   */
  public ResultFiles(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
    if (!Files.isWritable(folder)) {
      throw new IOException("the folder " + folder + " cannot be written to");
    }
    Files.deleteIfExists(resultJson());
    Files.deleteIfExists(reportHtml());
    Files.deleteIfExists(shrunkScenario());
  }

  /**
   * Nothing of the run is to stay: removes its journal, and the folder unless something else is in
   * it.
   *
   * @throws IOException if they cannot be removed
   */
  public void discard() throws IOException {
    Files.deleteIfExists(faultJournal());
    try {
      Files.delete(folder);
    } catch (DirectoryNotEmptyException e) {
      // Somebody else's, or of an earlier run.
    }
  }

  /**
   * Returns where the scenario stands that has the fewest faults with which a claim is violated.
   */
  public Path shrunkScenario() {
    return folder.resolve("shrunk.yaml");
  }

  /** Returns where the results of that scenario go. */
  public Path shrunkFolder() {
    return folder.resolve("shrunk");
  }

  /**
   * Writes that scenario.
   *
   * @throws IOException if it cannot be written
   */
  public void writeShrunkScenario(String text) throws IOException {
    Files.writeString(shrunkScenario(), text);
  }

  /** Returns where the verdicts stand. */
  public Path resultJson() {
    return folder.resolve("result.json");
  }

  /** Returns where the report for people stands. */
  public Path reportHtml() {
    return folder.resolve("report.html");
  }

  /** Returns where the fault journal stands. */
  public Path faultJournal() {
    return folder.resolve("faults.jsonl");
  }

  /** Returns where the nodes' log goes. */
  public Path clusterLog() {
    return folder.resolve("cluster.log");
  }

  /**
   * Returns where a history of a run stands.
   *
   * @param mode cp or ap
   * @param name of the history, such as history
   */
  public Path history(String mode, String name, HistoryFormat format) {
    return folder.resolve(mode).resolve(name + "." + format.label());
  }

  /** Returns where the whole history of a run stands, as Jepsen reads it. */
  public Path historyEdn(String mode) {
    return history(mode, "history", HistoryFormat.EDN);
  }

  /** Returns where the part of the CP history stands that is about single registers. */
  public Path registersEdn() {
    return history("cp", REGISTERS, HistoryFormat.EDN);
  }

  /**
   * Writes a history as EDN and as JSON lines.
   *
   * @throws IOException if it cannot be written
   */
  public void writeHistory(String mode, String name, History history) throws IOException {
    for (HistoryFormat format : new HistoryFormat[] {HistoryFormat.EDN, HistoryFormat.JSONL}) {
      Path file = history(mode, name, format);
      Files.createDirectories(folder.resolve(mode));
      HistoryFormats.write(history, format, file);
    }
  }

  /**
   * Writes result.json.
   *
   * @throws IOException if it cannot be written
   */
  public void writeResult(ScenarioResult result) throws IOException {
    Files.writeString(resultJson(), json(result) + "\n");
  }

  /**
   * Writes report.html.
   *
   * @throws IOException if it cannot be written
   */
  public void writeReport(Report report) throws IOException {
    Files.writeString(reportHtml(), ReportPage.html(report));
  }

  /** Returns the text of result.json. */
  public static String json(ScenarioResult result) {
    try {
      return JSON.writeValueAsString(result);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a result cannot be written as JSON", e);
    }
  }
}
