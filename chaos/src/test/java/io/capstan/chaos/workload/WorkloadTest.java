package io.capstan.chaos.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.client.Bytes;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What clients ask follows from the seed, and what they make of answers is what happened. */
class WorkloadTest {
  private static final int ATTEMPTS = 500;

  @Test
  void theSameSeedGivesTheSameAttempts() {
    assertThat(attempts(new BankWorkload("bank"), 7))
        .isEqualTo(attempts(new BankWorkload("bank"), 7));
    assertThat(attempts(new FeedWorkload("feed"), 7))
        .isEqualTo(attempts(new FeedWorkload("feed"), 7));
    assertThat(attempts(new FeedWorkload("feed"), 7))
        .isNotEqualTo(attempts(new FeedWorkload("feed"), 8));
  }

  @Test
  void theSameSeedGivesTheSameTimesOneInEachInterval() {
    AttemptTimes times = new AttemptTimes(Duration.ofMillis(40), new SplittableRandom(7));
    AttemptTimes again = new AttemptTimes(Duration.ofMillis(40), new SplittableRandom(7));

    for (int i = 0; i < ATTEMPTS; i++) {
      long nanos = times.nextNanos();
      assertThat(nanos).isEqualTo(again.nextNanos());
      assertThat(nanos / Duration.ofMillis(40).toNanos()).isEqualTo(i);
    }
  }

  @Test
  void noTwoWritesOfAnyClientsCarryTheSameValue() {
    for (Workload workload : List.of(new BankWorkload("bank"), new FeedWorkload("feed"))) {
      Set<Object> values = new HashSet<>();
      for (int client = 0; client < 6; client++) {
        ClientScript script = workload.script(client, new SplittableRandom(client));
        for (int i = 0; i < ATTEMPTS; i++) {
          Attempt attempt = script.next(Phase.BEFORE);
          if (attempt.f().equals("write")) {
            assertThat(values.add(attempt.value())).as("%s is new", attempt.value()).isTrue();
          }
        }
      }
      assertThat(values).isNotEmpty();
    }
  }

  @Test
  void aClientWhoseReceiptsGetLostWritesWithTheContextOfItsLook() {
    Workload feed = Workloads.named(Workloads.FEED, "feed", Mode.AP);
    Bytes context = Bytes.of("what the look covers");

    for (boolean isExact : new boolean[] {true, false}) {
      ClientScript script = feed.script(0, new SplittableRandom(1));
      script = isExact ? script.exact() : script;
      Attempt post = script.next(Phase.BEFORE);
      while (!post.f().equals("write") || !(post.request() instanceof Request.Read)) {
        post = script.next(Phase.BEFORE);
      }
      Map<String, List<StoredValue>> held =
          Map.of(String.valueOf(post.key()), List.of(new StoredValue("old", "n1.a:1")));

      Request write = script.again(post, Reply.read(true, held, context));
      Ending ending = script.end(post.with(write), Reply.error(Outcome.UNKNOWN, "TIMEOUT"));

      assertThat(((Request.Write) write).context()).isEqualTo(isExact ? context : null);
      assertThat(ending.extras())
          .containsEntry(isExact ? Extras.COVERS : Extras.HELD, List.of("old"));
    }
  }

  @Test
  void aTransferThatMetOtherBalancesIsTriedAgainOnThose() {
    ClientScript script = new BankWorkload("bank").script(0, new SplittableRandom(1));
    Attempt transfer = nextTransfer(script);
    Request.Transaction first = (Request.Transaction) transfer.request();
    List<String> accounts = List.copyOf(first.expected().keySet());
    long amount = (Long) ((Map<?, ?>) transfer.value()).get("amount");

    Request again =
        script.again(
            transfer,
            Reply.read(
                false, held(Map.of(accounts.get(0), "90", accounts.get(1), "30")), Bytes.EMPTY));

    assertThat(again).isInstanceOf(Request.Transaction.class);
    Request.Transaction second = (Request.Transaction) again;
    assertThat(second.expected())
        .containsEntry(accounts.get(0), "90")
        .containsEntry(accounts.get(1), "30");
    assertThat(second.writes())
        .containsEntry(accounts.get(0), Long.toString(90 - amount))
        .containsEntry(accounts.get(1), Long.toString(30 + amount));
  }

  @Test
  void aTransferBeyondTheBalanceOfNowEndsAsAnsweredWithoutEffect() {
    ClientScript script = new BankWorkload("bank").script(0, new SplittableRandom(1));
    Attempt transfer = nextTransfer(script);
    List<String> accounts =
        List.copyOf(((Request.Transaction) transfer.request()).expected().keySet());
    Reply poor =
        Reply.read(false, held(Map.of(accounts.get(0), "0", accounts.get(1), "30")), Bytes.EMPTY);

    assertThat(script.again(transfer, poor)).isNull();
    Ending ending = script.end(transfer, poor);
    assertThat(ending.type()).isEqualTo(EventType.FAIL);
    assertThat(ending.extras()).containsEntry(Extras.ERROR, Ending.COMPARISON_FAILED);
  }

  @Test
  void anUnknownOutcomeIsNeverTriedAgainByTheClient() {
    ClientScript script = new BankWorkload("bank").script(0, new SplittableRandom(1));
    Attempt transfer = nextTransfer(script);
    Reply unknown = Reply.error(Outcome.UNKNOWN, "TIMEOUT");

    assertThat(script.again(transfer, unknown)).isNull();
    assertThat(script.end(transfer, unknown).type()).isEqualTo(EventType.INFO);
  }

  @Test
  void aPostThatReplacesWhatItReadSaysWhatItCovers() {
    ClientScript script = new FeedWorkload("feed").script(0, new SplittableRandom(3));
    Bytes context = Bytes.of("seen two");
    Attempt replacing = null;
    for (int i = 0; i < ATTEMPTS && replacing == null; i++) {
      Attempt attempt = script.next(Phase.DURING);
      if (attempt.request() instanceof Request.Read read) {
        script.end(
            attempt,
            Reply.read(
                true,
                Map.of(
                    read.key(),
                    List.of(new StoredValue("x", "n1:1"), new StoredValue("y", "n2:1"))),
                context));
      } else if (attempt.request() instanceof Request.Write write && write.context() != null) {
        replacing = attempt;
      }
    }

    assertThat(replacing).isNotNull();
    assertThat(((Request.Write) replacing.request()).context()).isEqualTo(context);
    assertThat(replacing.extras()).containsEntry(Extras.COVERS, List.of("x", "y"));
  }

  @Test
  void afterTheHealQuietWallsAreOnlyRead() {
    FeedWorkload feed = new FeedWorkload("feed");
    ClientScript script = feed.script(0, new SplittableRandom(3));
    Set<Object> written = new HashSet<>();
    for (int i = 0; i < ATTEMPTS; i++) {
      Attempt attempt = script.next(Phase.AFTER);
      if (attempt.f().equals("write")) {
        written.add(attempt.key());
      }
    }

    assertThat(written).isNotEmpty().doesNotContainAnyElementsOf(feed.quietKeys());
  }

  @Test
  void versionsInReceiptsBecomeTheValuesThatWereWrittenUnderThem() {
    List<HistoryEvent> events = new ArrayList<>();
    write(events, 0, "first", "n1:1", List.of());
    write(events, 1, "second", "n2:1", List.of("n1:1", "n3:9"));

    History completed = HistoryCompletion.withSupersededValues(History.of(events));

    Operation second = completed.operations().get(1);
    assertThat(second.extraList(Extras.SUPERSEDED)).containsExactly("first");
  }

  @Test
  void anAnswerThatComesAfterItsTimeTellsWhatTheWriteReplaced() {
    List<HistoryEvent> events = new ArrayList<>();
    write(events, 0, "first", "n1:1", List.of());
    unanswered(events, 1, "second");
    unanswered(events, 2, "third");
    unanswered(events, 3, "fourth");
    write(events, 4, "fifth", "n3:1", List.of("n2:1", "n4:8"));
    Map<Long, Reply> late =
        Map.of(
            1L, Reply.written("n2:1", Bytes.EMPTY, List.of("n1:1")),
            2L, Reply.error(Outcome.FAILED, "NO_QUORUM"),
            3L, Reply.error(Outcome.UNKNOWN, "TIMEOUT"));

    List<Operation> completed =
        HistoryCompletion.completed(events, late, Map.of(), (node, nanos) -> "majority")
            .operations();

    assertThat(completed.subList(1, 4))
        .as("for their clients they stay what they were")
        .allMatch(each -> each.outcome() == Outcome.UNKNOWN);
    assertThat(completed.get(1).extra(Extras.LATE)).isEqualTo(Extras.LATE_OK);
    assertThat(completed.get(1).extraList(Extras.SUPERSEDED)).containsExactly("first");
    assertThat(completed.get(2).extra(Extras.LATE)).isEqualTo(Extras.LATE_FAILED);
    assertThat(completed.get(3).extra(Extras.LATE)).isNull();
    assertThat(completed.get(4).extraList(Extras.SUPERSEDED)).containsExactly("second");
    assertThat(completed.get(4).extraList(Extras.SUPERSEDED_UNIDENTIFIED)).containsExactly("n4:8");
  }

  @Test
  void aClientGoesOnAtItsTimeAndListensForWhatItsWriteIsAnswered() {
    HistoryRecorder recorder = new HistoryRecorder(System::nanoTime);
    CompletableFuture<Reply> inTime = new CompletableFuture<>();
    List<Consumer<Reply>> listeners = new ArrayList<>();
    WorkloadClient client =
        new WorkloadClient(
            "feed",
            new SlowClient(inTime, listeners),
            new OneWrite(),
            new AttemptTimes(Duration.ofMillis(100), new SplittableRandom(1)),
            recorder,
            new AtomicLong(),
            (keyspace, node, type, answered) -> {});
    client.attempt(Phase.BEFORE, Duration.ofSeconds(1));

    inTime.complete(Reply.UNANSWERED);

    assertThat(client.outstanding()).isZero();
    assertThat(client.listening()).isOne();
    assertThat(recorder.history().operations().get(0).outcome()).isEqualTo(Outcome.UNKNOWN);

    Reply receipt = Reply.written("n1:1", Bytes.EMPTY, List.of());
    listeners.get(0).accept(receipt);

    assertThat(client.listening()).isZero();
    assertThat(client.lateReplies()).isEqualTo(Map.of(0L, receipt));
  }

  private record SlowClient(CompletableFuture<Reply> inTime, List<Consumer<Reply>> listeners)
      implements KeyspaceClient {
    @Override
    public String nodeId() {
      return "n1";
    }

    @Override
    public String level() {
      return "one";
    }

    @Override
    public CompletableFuture<Reply> send(Request request, Duration timeout) {
      throw new AssertionError("it listens no longer than the timeout");
    }

    @Override
    public CompletableFuture<Reply> send(
        Request request, Duration timeout, Duration linger, Consumer<Reply> late) {
      listeners.add(late);
      return inTime;
    }
  }

  private static final class OneWrite implements ClientScript {
    @Override
    public Attempt next(Phase phase) {
      return new Attempt("write", "wall/ada", "v", Map.of(), new Request.Write("k", "v", null));
    }

    @Override
    public Ending end(Attempt attempt, Reply reply) {
      return Ending.of(reply.isOk() ? EventType.OK : EventType.INFO, attempt.value());
    }
  }

  @Test
  void aWriteOfUnknownOutcomeIsGivenTheVersionUnderWhichItsValueWasSeen() {
    List<HistoryEvent> events = new ArrayList<>();
    unanswered(events, 1, "seen by a reader");
    unanswered(events, 2, "held at the end");
    unanswered(events, 3, "never seen");
    int index = events.size();
    events.add(HistoryEvent.of(index, index, 4, EventType.INVOKE, "read", "wall/ada", null));
    events.add(
        new HistoryEvent(
            index + 1,
            index + 1,
            4,
            EventType.OK,
            "read",
            "wall/ada",
            List.of("seen by a reader"),
            Map.of(Extras.VERSIONS, List.of("n1.x:4"))));
    write(events, 5, "last", "n2.x:1", List.of("n1.x:4"));

    History completed =
        HistoryCompletion.withSupersededValues(
            History.of(events),
            Map.of("wall/ada", List.of(new StoredValue("held at the end", "n1.x:5"))));

    assertThat(completed.operations())
        .extracting(each -> each.extra(Extras.VERSION))
        .containsExactly("n1.x:4", "n1.x:5", null, null, "n2.x:1");
    assertThat(completed.operations().get(4).extraList(Extras.SUPERSEDED))
        .containsExactly("seen by a reader");
  }

  @Test
  void theSideOfAClientIsTheSideOfItsNode() {
    List<HistoryEvent> events = new ArrayList<>();
    write(events, 0, "first", "n1:1", List.of());

    History completed = HistoryCompletion.withSides(History.of(events), Set.of("n1"));

    assertThat(completed.operations().get(0).extra(Extras.SIDE)).isEqualTo("minority");
  }

  private static void write(
      List<HistoryEvent> events,
      long process,
      String value,
      String version,
      List<String> superseded) {
    int index = events.size();
    events.add(
        new HistoryEvent(
            index,
            index,
            process,
            EventType.INVOKE,
            "write",
            "wall/ada",
            value,
            Map.of(Extras.NODE, "n1")));
    Map<String, Object> receipt = new LinkedHashMap<>();
    receipt.put(HistoryCompletion.VERSION, version);
    receipt.put(HistoryCompletion.SUPERSEDED_VERSIONS, superseded);
    events.add(
        new HistoryEvent(
            index + 1, index + 1, process, EventType.OK, "write", "wall/ada", value, receipt));
  }

  private static void unanswered(List<HistoryEvent> events, long process, String value) {
    for (EventType type : List.of(EventType.INVOKE, EventType.INFO)) {
      int index = events.size();
      events.add(
          new HistoryEvent(index, index, process, type, "write", "wall/ada", value, Map.of()));
    }
  }

  private static Attempt nextTransfer(ClientScript script) {
    for (int i = 0; i < ATTEMPTS; i++) {
      Attempt attempt = script.next(Phase.BEFORE);
      if (attempt.f().equals(BankWorkload.TRANSFER)) {
        return attempt;
      }
      script.end(attempt, answer(attempt));
    }
    throw new AssertionError("no transfer in " + ATTEMPTS + " attempts");
  }

  private static List<Attempt> attempts(Workload workload, long seed) {
    ClientScript script = workload.script(3, new SplittableRandom(seed));
    List<Attempt> attempts = new ArrayList<>();
    for (int i = 0; i < ATTEMPTS; i++) {
      Attempt attempt = script.next(Phase.BEFORE);
      attempts.add(attempt);
      script.end(attempt, answer(attempt));
    }
    return attempts;
  }

  /** A cluster in which every key holds 100. */
  private static Reply answer(Attempt attempt) {
    return switch (attempt.request()) {
      case Request.Read read -> Reply.read(true, held(Map.of(read.key(), "100")), Bytes.of("ctx"));
      case Request.Write write -> Reply.written("n1:1", Bytes.EMPTY, List.of());
      case Request.Transaction transaction -> {
        Map<String, String> values = new LinkedHashMap<>();
        transaction.reads().forEach(key -> values.put(key, "100"));
        yield Reply.read(true, held(values), Bytes.EMPTY);
      }
      default -> throw new IllegalStateException("the bank asks for " + attempt.request());
    };
  }

  private static Map<String, List<StoredValue>> held(Map<String, String> values) {
    Map<String, List<StoredValue>> held = new LinkedHashMap<>();
    values.forEach((key, value) -> held.put(key, List.of(new StoredValue(value, "n1:1"))));
    return held;
  }
}
