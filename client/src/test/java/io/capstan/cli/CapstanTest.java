package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command line without a cluster: help, usage errors, where settings come from. */
class CapstanTest {
  private final CommandRun.Setting setting = new CommandRun.Setting();

  @Test
  void versionIsTheOneOfTheBuild() {
    CommandRun run = setting.run("--version");

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out()).matches("capstan \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\\R");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void helpGoesToStandardOutputAndNamesEveryCommand() {
    CommandRun run = setting.run("--help");

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out())
        .startsWith("Usage: capstan")
        .contains("put", "get", "delete", "scan", "txn", "keyspace", "mode", "status", "bench")
        .contains("--endpoints", "CAPSTAN_ENDPOINTS", "--timeout");
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "put",
        "get",
        "delete",
        "scan",
        "txn",
        "keyspace",
        "keyspace create",
        "keyspace list",
        "keyspace describe",
        "keyspace drop",
        "mode",
        "mode get",
        "mode set",
        "status",
        "bench",
        "counter get",
        "counter add",
        "set add",
        "set remove",
        "set members",
        "conflicts list",
        "conflicts show",
        "member add",
        "member remove",
        "member replace"
      })
  void everyCommandHelpsWithExamples(String command) {
    CommandRun run = setting.run((command + " --help").split(" "));

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out()).startsWith("Usage: capstan " + command).containsPattern("Examples?:");
    assertThat(run.out()).contains("--endpoints");
    assertThat(run.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "keyspace: create list describe drop",
        "mode: get set",
        "counter: add get",
        "set: add remove members",
        "member: list add remove replace",
        "leader: transfer",
        "conflicts: list show"
      })
  void aGroupNamesItsCommandsInHelpAndWhereNoneOfThemIsTyped(String line) {
    String group = line.substring(0, line.indexOf(':'));
    String[] commands = line.substring(line.indexOf(':') + 2).split(" ");

    for (String typed : new String[] {"--help", "x", "-k x"}) {
      CommandRun run = setting.run((group + " " + typed).split(" "));

      assertThat(run.exitCode()).isEqualTo(typed.equals("--help") ? ExitCode.OK : ExitCode.USAGE);
      assertThat(run.out() + run.err()).contains(typed.equals("x") ? group : commands[0]);
    }
    for (String command : commands) {
      CommandRun run = setting.run("-k", "x", group, command, "--help");

      assertThat(run.out()).startsWith("Usage: capstan " + group + " " + command);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-k set get x",
        "--keyspace mode -o raw get x",
        "-o raw -k put get x",
        "-k=put get x",
        "get x -k counter"
      })
  void aKeyspaceMayHaveTheNameOfACommand(String line) {
    CommandRun run = setting.run((line + " --endpoints 127.0.0.1:1 --timeout 300ms").split(" "));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCode.UNREACHABLE);
  }

  @Test
  void aMisspeltCommandOfAGroupIsAUsageErrorThatSuggestsTheRightOne() {
    CommandRun run = setting.run("keyspace", "creaet", "x");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("creaet").contains("create");
  }

  @Test
  void commandsOfGroupsCarryTheNamesOfTheirAnnotations() {
    List<CommandGroup> groups =
        List.of(
            new KeyspaceCommand(),
            new ModeCommand(),
            new CounterCommand(),
            new SetCommand(),
            new MemberCommand(),
            new LeaderCommand(),
            new ConflictsCommand());

    for (CommandGroup group : groups) {
      group
          .subcommands()
          .forEach(
              (name, command) ->
                  assertThat(new CommandLine(command.get()).getCommandName()).isEqualTo(name));
    }
  }

  @Test
  void noCommandIsAUsageError() {
    CommandRun run = setting.run();

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("capstan: Missing command.").contains("capstan --help");
  }

  @Test
  void aMisspeltOptionIsNamedRatherThanTheValueThatItTookAlong() {
    CommandRun run = setting.run("put", "--levl", "one", "key", "value");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("capstan: Unknown option").contains("--levl");

    CommandRun lacking = setting.run("put", "--bogus", "1");

    assertThat(lacking.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(lacking.err()).startsWith("capstan: Unknown option").contains("--bogus");
  }

  @Test
  void anUnknownFlagIsAUsageErrorThatSuggestsTheRightOne() {
    CommandRun run = setting.run("get", "k", "--endpoint", "127.0.0.1:1");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("--endpoint").contains("Did you mean --endpoints");
  }

  @Test
  void anUnknownCommandIsAUsageErrorThatSuggestsTheRightOne() {
    CommandRun run = setting.run("stauts");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("stauts").contains("status");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "get k -c sometimes",
        "get",
        "put k",
        "put k v -c stale",
        "put k v --if-version 3 --if-absent",
        "put k v --context ???",
        "get k --timeout 5",
        "get k --timeout 0s",
        "get k -o yaml",
        "get k --endpoints nonsense",
        "get k --endpoints 127.0.0.1:99999",
        "get k --endpoints ,",
        "scan --limit 0",
        "keyspace drop feed",
        "keyspace create x",
        "keyspace create x --mode xp",
        "keyspace create x --mode ap --min-writes stale",
        "keyspace",
        "mode",
        "mode set x",
        "txn /nonexistent/file.json",
        "bench fly",
        "bench put --clients 0"
      })
  void wrongUsageIsASentenceAndExitCodeTwo(String line) {
    CommandRun run = setting.run(line.split(" "));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("capstan: ").contains("--help");
  }

  @Test
  void aUsageErrorIsJsonWhereJsonWasAskedFor() {
    CommandRun run = setting.run("get", "k", "--nonsense", "-o", "json");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(JsonTree.of(run.err()).path("error").path("code").asText()).isEqualTo("USAGE");
    assertThat(JsonTree.of(run.err()).path("error").path("outcome").asText()).isEqualTo("failed");
  }

  @Test
  void flagBeatsEnvironmentBeatsFileBeatsDefault(@TempDir Path state) throws Exception {
    Files.writeString(
        state.resolve("current-cluster.json"), "{\"dir\": \"" + state.resolve("c") + "\"}");
    Files.createDirectories(state.resolve("c"));
    Files.writeString(
        state.resolve("c/cluster.json"),
        """
        {"basePort": 7101, "nodes": [
          {"id": "n1", "pid": 4, "links": [{"address": "x"}], "address": "127.0.0.1:8101"},
          {"id": "n2", "address": "127.0.0.1:8102"}]}
        """);
    CommandRun.Setting withFile =
        new CommandRun.Setting().variable("CAPSTAN_STATE_DIR", state.toString());

    assertThat(endpoints(new CommandRun.Setting())).containsExactly("127.0.0.1:7101");
    assertThat(endpoints(withFile)).containsExactly("127.0.0.1:8101", "127.0.0.1:8102");
    withFile.variable("CAPSTAN_ENDPOINTS", "127.0.0.1:9101");
    assertThat(endpoints(withFile)).containsExactly("127.0.0.1:9101");
    assertThat(endpoints(withFile, "--endpoints", "127.0.0.1:1, 127.0.0.1:2"))
        .containsExactly("127.0.0.1:1", "127.0.0.1:2");
  }

  /** The endpoints that an unreachable cluster is reported with. */
  private static List<String> endpoints(CommandRun.Setting setting, String... more) {
    String[] arguments = new String[more.length + 5];
    System.arraycopy(more, 0, arguments, 0, more.length);
    System.arraycopy(
        new String[] {"status", "-o", "json", "--timeout", "200ms"}, 0, arguments, more.length, 5);
    CommandRun run = setting.run(arguments);
    return JsonTree.of(run.out()).path("nodes").findValuesAsText("address");
  }

  @Test
  void aProviderAddsItsCommandAndABrokenOneNoneAndNoHarm(@TempDir Path classes) throws Exception {
    try (var ignored = new TestProviders.OnClassPath(classes)) {
      CommandRun help = setting.run("--help");
      CommandRun hello = setting.run("-o", "raw", "hello-from-test", "-k", "bank");
      CommandRun builtIn = setting.run("get", "--help");

      assertThat(help.out()).contains("hello-from-test").contains("status");
      assertThat(help.err()).contains("broken-in-test").contains("missing");
      assertThat(hello.exitCode()).isEqualTo(ExitCode.CLAIM_VIOLATED);
      assertThat(hello.out()).isEqualTo("hello bank its own RAW\n");
      assertThat(builtIn.err()).isEmpty();
    }
  }

  @Test
  void anUnexpectedErrorIsASentence(@TempDir Path classes) throws Exception {
    try (var ignored = new TestProviders.OnClassPath(classes)) {
      CommandRun run = setting.run("hello-from-test", "--fail");

      assertThat(run.exitCode()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).contains("capstan: it broke").doesNotContain("\tat ");
    }
  }
}
