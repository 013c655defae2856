package io.capstan.chaos.command;

import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.scenario.Remains;
import io.capstan.cli.ExitCode;
import io.capstan.cli.GlobalOptions;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan chaos heal}. */
@Command(
    name = "heal",
    description = {
      "Undoes what a run left behind whose harness died: resumes and ends its node processes,"
          + " removes its containers, networks and temporary data. Only what its journal names as"
          + " its own is touched."
    })
final class ChaosHeal implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "JOURNAL",
      defaultValue = "capstan-chaos/faults.jsonl",
      description = "The faults.jsonl of the run. Default: ${DEFAULT-VALUE}.")
  private Path journal = Path.of("");

  @Override
  public Integer call() {
    var out = GlobalOptions.of(spec).streams().out();
    List<FaultJournal.Entry> open;
    try {
      Path file = Files.isDirectory(journal) ? journal.resolve("faults.jsonl") : journal;
      open = FaultJournal.unhealed(file);
    } catch (IOException e) {
      throw new CapstanException(
          ErrorCode.INTERNAL,
          Outcome.FAILED,
          "The journal " + journal + " cannot be read: " + e.getMessage(),
          "It is faults.jsonl in the folder that the run wrote to.",
          null);
    }
    List<String> deeds = new ArrayList<>();
    for (FaultJournal.Entry entry : open) {
      if (entry.name().equals(FaultJournal.CLUSTER)) {
        deeds.addAll(Remains.remove(entry.detail()));
      }
    }
    // Faults go with their cluster: where that is gone, nothing is open any more.
    for (FaultJournal.Entry entry : open) {
      if (!deeds.isEmpty() && !entry.name().equals(FaultJournal.CLUSTER)) {
        out.println(
            "was open: "
                + entry.name()
                + " of "
                + entry.detail()
                + ", since "
                + entry.atMillis()
                + " ms");
      }
    }
    deeds.forEach(out::println);
    out.println(deeds.isEmpty() ? "Nothing of that run is left." : "Everything is undone.");
    out.flush();
    return ExitCode.OK;
  }
}
