import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Checks the result folder of a demo: what CP and AP must have shown during the split. Run by
 * .ci/run as a source file; exits 1 with a sentence for the first thing that is not as promised.
 */
public final class CheckDemoResult {

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    JsonNode result = new ObjectMapper().readTree(folder.resolve("result.json").toFile());
    JsonNode cp = run(result, "cp");
    JsonNode ap = run(result, "ap");
    require(cp.at("/consistency/linearizable").asBoolean(), "the CP run is linearizable");
    require(number(cp, "/availability/during/minority") == 0, "the CP minority served nothing");
    require(number(cp, "/availability/during/majority") > 0.7, "the CP majority went on");
    require(number(ap, "/availability/during/minority") > 0.95, "the AP minority went on");
    require(number(ap, "/consistency/lostWrites") == 0, "no acknowledged AP write was lost");
    require(number(ap, "/consistency/siblingsSeen") > 0, "both sides wrote the same keys");
    require(number(ap, "/consistency/convergedAfterHealMillis") >= 0, "the replicas converged");
    for (String mode : new String[] {"cp", "ap"}) {
      require(Files.size(folder.resolve(mode).resolve("history.edn")) > 0, mode + "/history.edn");
      require(
          Files.size(folder.resolve(mode).resolve("history.jsonl")) > 0, mode + "/history.jsonl");
    }
    System.out.println("The demo's result is as promised.");
  }

  private static JsonNode run(JsonNode result, String mode) {
    for (JsonNode run : result.path("runs")) {
      if (run.path("mode").asText().equals(mode)) {
        return run;
      }
    }
    require(false, "result.json has a run in mode " + mode);
    throw new IllegalStateException();
  }

  private static double number(JsonNode run, String path) {
    JsonNode value = run.at(path);
    if (!value.isNumber()) {
      require(false, path + " is a number, not " + value);
    }
    return value.asDouble();
  }

  private static void require(boolean holds, String what) {
    System.out.println((holds ? "ok      " : "BROKEN  ") + what);
    if (!holds) {
      System.exit(1);
    }
  }
}
