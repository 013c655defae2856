package io.capstan.chaos.command;

import io.capstan.chaos.report.ResultFiles;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.nio.file.Path;

/** The folder that {@code --out} names. */
final class OutputFolder {
  private OutputFolder() {}

  /**
   * Opens it; results of an earlier run go.
   *
   * @throws CapstanException told to the user, if it cannot be written to
   */
  static ResultFiles open(Path folder) {
    try {
      return new ResultFiles(folder);
    } catch (IOException e) {
      throw new CapstanException(
          ErrorCode.INTERNAL,
          Outcome.FAILED,
          "The folder " + folder + " cannot be written to: " + e.getMessage() + ".",
          "Name another one with --out DIR.",
          null);
    }
  }
}
