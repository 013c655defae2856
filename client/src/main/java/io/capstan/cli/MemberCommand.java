package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.MemberChange;
import io.capstan.client.MemberList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan member}. */
@Command(
    name = "member",
    description = "Lists, adds, removes and replaces the nodes of the cluster.",
    footer = {
      "",
      "A new node is started with the setting join and an empty data folder, then added.",
      "",
      "Examples:",
      "  capstan member list",
      "  capstan member add n4 10.0.0.4:7201 --client 10.0.0.4:7101",
      "  capstan member replace n3 n4 10.0.0.4:7201",
      "  capstan member remove n3"
    })
final class MemberCommand implements Runnable, CommandGroup {
  private static final String ACCEPT_LOSS =
      "If the leaving node cannot be reached, go on all the same: writes at level one that it alone"
          + " has acknowledged are lost. May be said again for a change that waits.";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("list", ListAll::new);
    all.put("add", Add::new);
    all.put("remove", Remove::new);
    all.put("replace", Replace::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Missing command: list, add, remove or replace.");
  }

  @Command(
      name = "list",
      description = "Lists the members with their role.",
      footer = {"", "Examples:", "  capstan member list", "  capstan member list -o json"})
  static final class ListAll extends ClientCommand {
    @Override
    int run(BlockingClient client) {
      show(this, client.members());
      return ExitCode.OK;
    }
  }

  private static void show(ClientCommand command, MemberList list) {
    switch (command.output()) {
      case JSON ->
          command.print(
              Json.object(
                  json -> {
                    json.writeArrayFieldStart("members");
                    for (MemberList.Member each : list.members()) {
                      json.writeStartObject();
                      json.writeStringField("id", each.id());
                      json.writeStringField("role", each.role());
                      json.writeStringField("peerAddress", each.peerAddress());
                      json.writeStringField("clientAddress", each.clientAddress());
                      json.writeStringField(
                          "incarnation", Long.toUnsignedString(each.incarnation(), 16));
                      json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeBooleanField("changing", list.changing());
                    json.writeStringField("leader", list.leader());
                    json.writeBooleanField("current", list.current());
                    json.writeArrayFieldStart("waitingFor");
                    for (String each : list.waitingFor()) {
                      json.writeString(each);
                    }
                    json.writeEndArray();
                  }));
      case TEXT -> {
        command.streams().out().print(table(list));
        if (list.changing()) {
          command.print("A change is under way.");
          list.waitingFor().forEach(each -> command.print("It waits: " + each + "."));
        }
      }
      case RAW -> list.members().forEach(each -> command.print(each.id() + "\t" + each.role()));
    }
    if (!list.current() && command.output() != OutputFormat.JSON) {
      command
          .streams()
          .err()
          .println(
              "capstan: no leader could be asked, so this is what one node knows; it may be old.");
    }
  }

  private static String table(MemberList list) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NODE", "ROLE", "LEADS", "PEER ADDRESS", "CLIENT ADDRESS", "INCARNATION"));
    for (MemberList.Member each : list.members()) {
      rows.add(
          List.of(
              each.id(),
              each.role(),
              each.id().equals(list.leader()) ? "yes" : "",
              each.peerAddress().isEmpty() ? "(settings)" : each.peerAddress(),
              each.clientAddress().isEmpty() ? "-" : each.clientAddress(),
              each.incarnation() == 0 ? "-" : Long.toUnsignedString(each.incarnation(), 16)));
    }
    return Text.table(rows);
  }

  /** What adding, removing and replacing have in common. */
  abstract static class Change extends ClientCommand {
    @Option(
        names = "--wait",
        paramLabel = "DURATION",
        converter = Converters.DurationConverter.class,
        description = "How long to watch the change before detaching. Default: 60s.")
    private Duration patience = Duration.ofSeconds(60);

    abstract MemberChange change();

    abstract Predicate<MemberList> done();

    @Override
    int run(BlockingClient client) {
      MemberList[] seen = {client.members()};
      client.changeMembers(change(), seen[0]);
      Watch.until(
          "The change of members",
          patience,
          "Watch it: capstan member list",
          () -> {
            seen[0] = client.members();
            return done().test(seen[0]);
          });
      show(this, seen[0]);
      return ExitCode.OK;
    }
  }

  @Command(
      name = "add",
      description = "Adds a node, which first learns and then votes.",
      footer = {
        "",
        "Examples:",
        "  capstan member add n4 10.0.0.4:7201 --client 10.0.0.4:7101 --wait 60s"
      })
  static final class Add extends Change {
    @Parameters(index = "0", paramLabel = "NODE", description = "The name of the new node.")
    private String id = "";

    @Parameters(
        index = "1",
        paramLabel = "HOST:PORT",
        description = "Where the other nodes reach it: its peerListen.")
    private String peerAddress = "";

    @Option(names = "--client", paramLabel = "HOST:PORT", description = "Where clients reach it.")
    private String clientAddress = "";

    @Override
    MemberChange change() {
      return new MemberChange.Add(id, peerAddress, clientAddress);
    }

    @Override
    Predicate<MemberList> done() {
      return list -> list.isSettledVoter(id);
    }
  }

  @Command(
      name = "remove",
      description = {
        "Removes a node. Its data stays on its disk; it does not serve any more.",
        "What an AP keyspace has on it alone is copied to the others first."
      },
      footer = {"", "Examples:", "  capstan member remove n3"})
  static final class Remove extends Change {
    @Parameters(paramLabel = "NODE", description = "Who leaves.")
    private String id = "";

    @Option(names = "--accept-loss", description = ACCEPT_LOSS)
    private boolean acceptLoss;

    @Override
    MemberChange change() {
      return new MemberChange.Remove(id, acceptLoss);
    }

    @Override
    Predicate<MemberList> done() {
      return list -> list.isGone(id);
    }
  }

  @Command(
      name = "replace",
      description = {
        "Adds a node and, once it has caught up, removes another one in the same step.",
        "The new node first takes over what AP keyspaces have on the others."
      },
      footer = {"", "Examples:", "  capstan member replace n3 n4 10.0.0.4:7201"})
  static final class Replace extends Change {
    @Parameters(index = "0", paramLabel = "OLD", description = "Who leaves.")
    private String removed = "";

    @Parameters(index = "1", paramLabel = "NEW", description = "The name of the new node.")
    private String added = "";

    @Parameters(
        index = "2",
        paramLabel = "HOST:PORT",
        description = "Where the other nodes reach the new one: its peerListen.")
    private String peerAddress = "";

    @Option(names = "--client", paramLabel = "HOST:PORT", description = "Where clients reach it.")
    private String clientAddress = "";

    @Option(names = "--accept-loss", description = ACCEPT_LOSS)
    private boolean acceptLoss;

    @Override
    MemberChange change() {
      return new MemberChange.Replace(
          removed, new MemberChange.Add(added, peerAddress, clientAddress), acceptLoss);
    }

    @Override
    Predicate<MemberList> done() {
      return list -> list.isSettledVoter(added) && list.isGone(removed);
    }
  }
}
