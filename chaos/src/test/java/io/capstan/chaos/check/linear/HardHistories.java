package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Makes histories that are hard to decide: all clients busy all the time, and a large part of what
 * they write crashed, to take effect at some later time or never. Answers are those of a real
 * object, so the history is linearizable, until a few of them are falsified: just so much that a
 * search has to rule out every order to say no.
 */
final class HardHistories {
  private HardHistories() {}

  /** What the clients work on. */
  enum Kind {
    /** Few values, so that each is written many times. */
    REGISTER("register", 5),
    /** The same, a third of the writes being compare-and-set. */
    CAS_REGISTER("cas-register", 5),
    /** Additions of one to four. */
    COUNTER("counter", 4),
    /** Additions and subtractions. */
    MOVING_COUNTER("counter", 4),
    /** Puts and appends of few letters. */
    KV("kv", 3),
    /** Puts and appends, each of a text of its own. */
    UNIQUE_KV("kv", 0);

    final String model;
    final int values;

    Kind(String model, int values) {
      this.model = model;
      this.values = values;
    }

    Model<?> model() {
      return Models.named(model, this == CAS_REGISTER || this == REGISTER ? 0L : null)
          .orElseThrow();
    }
  }

  /** What is made wrong. */
  enum Lie {
    /** Nothing: the history is linearizable. */
    NONE,
    /** One of the last reads. */
    LATE,
    /** One read in ten. */
    SOME,
    /** Every other read. */
    HALF,
    /** A value comes back at the end once more often than it was written. */
    ONCE_TOO_OFTEN,
    /** After all is over a client reads at random, about as often as crashed writes can explain. */
    SCARCE
  }

  /**
   * One client's running operation.
   *
   * @param crashes whether nobody will ever hear of it
   */
  private record Running(Call call, boolean crashes) {}

  static History draw(
      Kind kind, Lie lie, long seed, int operations, int processes, double crashes) {
    return new Drawing(kind, lie, seed, operations, crashes).draw(processes);
  }

  private static final class Drawing {
    private final Kind kind;
    private final Lie lie;
    private final SplittableRandom random;
    private final int operations;
    private final double crashes;
    private final HistoryScript script = new HistoryScript();
    private final Map<Long, Running> running = new HashMap<>();
    private final Map<Long, Object> answers = new HashMap<>();
    private final List<Call> ghosts = new ArrayList<>();
    private final Map<Object, Integer> written = new HashMap<>();
    private final Model<Object> model;
    private Object state;
    private int invoked;
    private int crashed;

    @SuppressWarnings("unchecked")
    Drawing(Kind kind, Lie lie, long seed, int operations, double crashes) {
      this.kind = kind;
      this.lie = lie;
      this.random = new SplittableRandom(seed);
      this.operations = operations;
      this.crashes = crashes;
      this.model = (Model<Object>) kind.model();
      this.state = model.initial();
    }

    History draw(int processes) {
      List<Long> clients = new ArrayList<>();
      for (long p = 0; p < processes; p++) {
        clients.add(p);
      }
      long nextProcess = processes;
      while (invoked < operations || !running.isEmpty()) {
        if (!ghosts.isEmpty() && random.nextInt(8) == 0) {
          take(ghosts.remove(random.nextInt(ghosts.size())));
        }
        int place = random.nextInt(clients.size());
        long client = clients.get(place);
        Running now = running.get(client);
        if (now == null) {
          if (invoked < operations) {
            invoke(client);
          }
        } else if (now.crashes()) {
          script.info(client);
          crashed++;
          running.remove(client);
          clients.set(place, nextProcess++);
          if (random.nextBoolean()) {
            ghosts.add(now.call());
          }
        } else if (!answers.containsKey(client)) {
          takeEffect(client, now.call());
        } else {
          complete(client, now.call());
        }
      }
      if (lie == Lie.ONCE_TOO_OFTEN) {
        comeBackTooOften();
      } else if (lie == Lie.SCARCE) {
        readAtRandom();
      }
      return script.history();
    }

    private void invoke(long client) {
      Call call = call();
      boolean reads = model.isReadOnly(call);
      running.put(client, new Running(call, !reads && random.nextDouble() < crashes));
      script.invoke(client, call.f(), call.input());
      invoked++;
      if (!reads && kind.model.endsWith("register")) {
        Object value = call.input() instanceof List<?> pair ? pair.get(1) : call.input();
        written.merge(String.valueOf(value), 1, Integer::sum);
      }
    }

    private Call call() {
      boolean reads = random.nextInt(5) < 2;
      long number = kind.values == 0 ? invoked : random.nextInt(kind.values);
      String letter = kind.values == 0 ? invoked + "." : String.valueOf((char) ('a' + number));
      return switch (kind) {
        case REGISTER -> reads ? new Call("read", null, null, true) : open("write", number);
        case CAS_REGISTER ->
            reads
                ? new Call("read", null, null, true)
                : random.nextInt(3) > 0
                    ? open("write", number)
                    : open("cas", List.of((long) random.nextInt(kind.values), number));
        case COUNTER -> reads ? new Call("read", null, null, true) : open("add", number + 1);
        case MOVING_COUNTER ->
            reads
                ? new Call("read", null, null, true)
                : open("add", random.nextBoolean() ? number + 1 : -number - 1);
        case KV, UNIQUE_KV ->
            reads
                ? new Call("get", null, null, true)
                : open(random.nextInt(5) == 0 ? "put" : "append", letter);
      };
    }

    private static Call open(String f, Object input) {
      return new Call(f, input, null, false);
    }

    private boolean take(Call call) {
      Object after = model.step(state, call);
      state = after == null ? state : after;
      return after != null;
    }

    private void takeEffect(long client, Call call) {
      if (model.isReadOnly(call)) {
        answers.put(client, shown(state));
      } else if (take(call)) {
        answers.put(client, call.input());
      } else {
        script.fail(client);
        running.remove(client);
      }
    }

    private static Object shown(Object state) {
      return state instanceof RegisterModel.State register
          ? String.valueOf(register.value()).equals("null") ? 0L : register.value()
          : state;
    }

    private void complete(long client, Call call) {
      Object answer = answers.remove(client);
      boolean lies =
          switch (lie) {
            case NONE, ONCE_TOO_OFTEN, SCARCE -> false;
            case LATE -> invoked > operations * 9 / 10;
            case SOME -> random.nextInt(10) == 0;
            case HALF -> random.nextBoolean();
          };
      script.ok(client, model.isReadOnly(call) && lies ? falsified(answer) : answer);
      running.remove(client);
    }

    private Object falsified(Object answer) {
      return switch (answer) {
        case Long number when kind.model.equals("counter") ->
            number + (random.nextBoolean() ? 1 : -1);
        case Long number -> (number + 1 + random.nextInt(kind.values - 1)) % kind.values;
        case String text when text.length() > 3 -> {
          int at = random.nextInt(text.length() - 2);
          yield text.substring(0, at)
              + text.charAt(at + 1)
              + text.charAt(at)
              + text.substring(at + 2);
        }
        default -> answer;
      };
    }

    private void readAtRandom() {
      long reader = 1_000_000;
      if (!kind.model.endsWith("register")) {
        Object last = shown(state);
        for (int i = 0; i < 4; i++) {
          last = falsified(last);
          script.did(reader, kind.model.equals("counter") ? "read" : "get", last);
        }
        return;
      }
      int reads = (int) (crashed * (0.3 + random.nextDouble() * 0.6));
      for (int i = 0; i < reads; i++) {
        script.read(reader, (long) random.nextInt(kind.values));
      }
    }

    /** One value alternates with a new one as often as it was written, and once more. */
    private void comeBackTooOften() {
      long reader = 1_000_000;
      if (!kind.model.endsWith("register")) {
        Object last = shown(state);
        script.did(reader, kind.model.equals("counter") ? "read" : "get", falsified(last));
        return;
      }
      int supply = written.getOrDefault("1", 0);
      for (int i = 0; i <= supply; i++) {
        script.did(reader, "write", 100L + i).read(reader, 1L);
      }
    }
  }

  /** A trial by hand: every kind and lie, so many seeds each, so much time for each. */
  public static void main(String[] args) {
    int seeds = Integer.parseInt(args[0]);
    int operations = Integer.parseInt(args[1]);
    int processes = Integer.parseInt(args[2]);
    Duration time = Duration.ofSeconds(Integer.parseInt(args[3]));
    String only = args.length > 4 ? args[4] : "";
    double[] crashRates = {0.3, 0.5, 0.8};
    for (Kind kind : Kind.values()) {
      for (Lie lie : Lie.values()) {
        if (!(kind + "/" + lie).matches(only.isEmpty() ? ".*" : only)) {
          continue;
        }
        int[] verdicts = new int[3];
        List<Long> millis = new ArrayList<>();
        List<Long> configurations = new ArrayList<>();
        StringBuilder undecided = new StringBuilder();
        for (int seed = 0; seed < seeds; seed++) {
          History history =
              draw(kind, lie, seed, operations, processes, crashRates[seed % crashRates.length]);
          long start = System.nanoTime();
          LinearizabilityReport report =
              new LinearizabilityChecker(1, false).check(history, kind.model(), Budget.of(time));
          millis.add((System.nanoTime() - start) / 1_000_000);
          configurations.add(report.configurations());
          verdicts[report.verdict().status().ordinal()]++;
          if (report.verdict().status() == Verdict.Status.UNKNOWN) {
            undecided.append(' ').append(seed);
          }
        }
        millis.sort(null);
        configurations.sort(null);
        System.out.printf(
            "%-15s %-15s valid %3d invalid %3d unknown %3d  median %6d max %6d ms  configurations"
                + " median %,d max %,d%s%n",
            kind,
            lie,
            verdicts[Verdict.Status.VALID.ordinal()],
            verdicts[Verdict.Status.INVALID.ordinal()],
            verdicts[Verdict.Status.UNKNOWN.ordinal()],
            millis.get(seeds / 2),
            millis.get(seeds - 1),
            configurations.get(seeds / 2),
            configurations.get(seeds - 1),
            undecided.isEmpty() ? "" : "  undecided:" + undecided);
      }
    }
  }
}
