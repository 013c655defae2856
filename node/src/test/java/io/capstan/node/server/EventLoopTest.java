package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.StatusResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopTest {

  private static final int CALLS_WAITING_MAX = 10_000;
  private static final PutRequest PUT =
      PutRequest.newBuilder().setKey(ByteString.copyFromUtf8("k")).build();
  private static final PutResponse DONE =
      PutResponse.newBuilder().setReceipt(Receipt.newBuilder().setVersion("7")).build();

  private final ScriptedReplica replica = new ScriptedReplica();
  private final List<Object> world = new CopyOnWriteArrayList<>();
  private final AtomicReference<String> stopped = new AtomicReference<>();
  private final AtomicReference<Throwable> cause = new AtomicReference<>();
  private volatile Supplier<Moment> readClock = EventLoopTest::moment;
  private final EventLoop loop =
      new EventLoop(
          "test-loop",
          CALLS_WAITING_MAX,
          replica,
          () -> readClock().get(),
          new EventLoop.World(
              new EventLoop.Outbound() {
                @Override
                public void send(String to, PeerMessage message, long nowNanos) {
                  world.add("send to " + to);
                }

                @Override
                public void flush() {
                  world.add("flush");
                }
              },
              new Answers("n1", Runnable::run),
              sequence -> world.add("sync " + sequence),
              effect -> {},
              peers -> {},
              status -> {},
              failure -> {},
              (reason, problem) -> {
                stopped.compareAndSet(null, reason);
                cause.compareAndSet(null, problem);
              }));

  private Supplier<Moment> readClock() {
    return readClock;
  }

  private static Moment moment() {
    return new Moment(System.nanoTime(), System.currentTimeMillis());
  }

  @AfterEach
  void end() {
    loop.abandon(5_000);
  }

  @Test
  void stepsWhatArrivesAndAnswersWithTheReceiptCompleted() {
    // given a replica that answers every call at once
    replica.script = (input, now) -> answerCalls(input);
    loop.start();

    // when
    RecordedCall put = new RecordedCall(PUT);
    assertThat(loop.offerCall(put.call, 10)).isTrue();

    // then
    await().until(() -> put.heard.size() == 2);
    PutResponse answer = (PutResponse) put.heard.get(0);
    assertThat(answer.getReceipt().getVersion()).isEqualTo("7");
    assertThat(answer.getReceipt().getReceivedBy()).isEqualTo("n1");
    assertThat(put.heard.get(1)).isEqualTo("completed");
  }

  @Test
  void drainsWhatHasGatheredInOneRoundWithOneFlush() {
    // given 500 calls that arrive before the loop runs
    for (int i = 0; i < 500; i++) {
      loop.offerCall(new RecordedCall(PUT).call, 10);
    }

    // when
    loop.start();

    // then
    await().until(() -> replica.inputs.size() == 500);
    assertThat(replica.inputsPerFlush).containsExactly(500);
  }

  @Test
  void neverDecidesACallAsOfAMomentBeforeItCame() {
    // given calls that each arrive just after the clock was read
    Map<Long, Long> arrivedNanos = new ConcurrentHashMap<>();
    AtomicLong arrivals = new AtomicLong();
    readClock =
        () -> {
          Moment moment = moment();
          long number = arrivals.incrementAndGet();
          if (number <= 50) {
            arrivedNanos.put(number, System.nanoTime());
            loop.offerCall(new RecordedCall(PUT).call, 10);
          }
          return moment;
        };
    List<Long> decidedNanos = new CopyOnWriteArrayList<>();
    replica.script =
        (input, now) -> {
          if (input instanceof Input.ClientCall) {
            decidedNanos.add(now.nanos());
          }
          return answerCalls(input);
        };

    // when
    loop.start();

    // then
    await().until(() -> decidedNanos.size() == 50);
    for (int i = 0; i < 50; i++) {
      assertThat(decidedNanos.get(i)).isGreaterThanOrEqualTo(arrivedNanos.get(i + 1L));
    }
  }

  @Test
  void boundsARoundSoThatTicksAreNeverFarOff() {
    for (int i = 0; i < 2 * EventLoop.ROUND_INPUTS_MAX; i++) {
      loop.offerCall(new RecordedCall(PUT).call, 10);
    }

    loop.start();

    await().until(() -> replica.inputs.size() == 2 * EventLoop.ROUND_INPUTS_MAX);
    assertThat(replica.inputsPerFlush)
        .allSatisfy(count -> assertThat(count).isLessThanOrEqualTo(EventLoop.ROUND_INPUTS_MAX));
  }

  @Test
  void asksForTheSyncBeforeTheMessagesLeaveAndCarriesEffectsOutInOrder() {
    // given a step that writes, sends twice and answers
    replica.script =
        (input, now) -> {
          if (!(input instanceof Input.ClientCall call)) {
            return List.of();
          }
          replica.writeSequence = 5;
          replica.awaitedSequence = 5;
          return List.of(
              new Effect.Send("n2", PeerMessage.getDefaultInstance()),
              new Effect.Send("n3", PeerMessage.getDefaultInstance()),
              new Effect.Reply(call.callId(), DONE));
        };
    loop.start();

    RecordedCall put = new RecordedCall(PUT);
    loop.offerCall(put.call, 10);

    await().until(() -> put.heard.size() == 2);
    assertThat(world).containsExactly("sync 5", "send to n2", "send to n3", "flush");
  }

  @Test
  void asksForASyncOnlyWhereSomethingNewWasWritten() {
    replica.writeSequence = 3;
    replica.awaitedSequence = 3;
    loop.start();
    await().until(() -> world.contains("sync 3"));

    loop.durable(3);

    await().until(() -> replica.inputs.contains(new Input.Durable(3)));
    assertThat(world).containsExactly("sync 3");
  }

  @Test
  void asksForNoSyncOfWhatNobodyWaitsForUntilSomebodyDoes() {
    // given a write that nobody waits for
    replica.writeSequence = 3;
    loop.start();
    RecordedCall first = new RecordedCall(PUT);
    loop.offerCall(first.call, 10);
    await().until(() -> replica.inputs.size() == 1);

    // when a second one is waited for
    replica.script =
        (input, now) -> {
          if (input instanceof Input.ClientCall) {
            replica.writeSequence = 4;
            replica.awaitedSequence = 4;
          }
          return List.of();
        };
    RecordedCall second = new RecordedCall(PUT);
    loop.offerCall(second.call, 10);

    // then one sync serves both
    await().until(() -> world.contains("sync 4"));
    assertThat(world).containsExactly("sync 4");
  }

  @Test
  void refusesCallsBeyondItsBoundButTakesPeersAndNeverDropsDurable() {
    // given a full inbox of a loop that does not run
    int taken = 0;
    while (loop.offerCall(new RecordedCall(PUT).call, 10)) {
      taken++;
    }
    assertThat(taken).isEqualTo(CALLS_WAITING_MAX);

    // when a peer and the disk report
    loop.offerFromPeer("n2", List.of(PeerMessage.getDefaultInstance()), 10);
    loop.durable(9);

    // then both arrive
    loop.start();
    await().until(() -> replica.inputs.contains(new Input.Durable(9)));
    assertThat(replica.inputs).contains(new Input.FromPeer("n2", PeerMessage.getDefaultInstance()));
    assertThat(loop.peerMessagesDropped()).isZero();
  }

  @Test
  void refusesCallsBeyondItsBoundInBytes() {
    int half = (int) (EventLoop.CALLS_WAITING_MAX_BYTES / 2);
    assertThat(loop.offerCall(new RecordedCall(PUT).call, half)).isTrue();
    assertThat(loop.offerCall(new RecordedCall(PUT).call, half)).isTrue();

    assertThat(loop.offerCall(new RecordedCall(PUT).call, 1)).isFalse();
  }

  @Test
  void dropsPeerMessagesOnlyWhenEvenTheirRoomIsFullAndCountsThem() {
    List<PeerMessage> frame =
        java.util.Collections.nCopies(
            CALLS_WAITING_MAX + EventLoop.PEER_MESSAGES_WAITING_MAX,
            PeerMessage.getDefaultInstance());
    loop.offerFromPeer("n2", frame, 10);

    loop.offerFromPeer("n2", List.of(PeerMessage.getDefaultInstance()), 10);

    assertThat(loop.peerMessagesDropped()).isEqualTo(1);
  }

  @Test
  void ticksSoonAfterTheMomentThatTheReplicaWaitsFor() {
    // given a replica that always waits for something that is due
    AtomicInteger ticks = countTicks();
    replica.waitsUntilNanos = () -> System.nanoTime() - 1_000_000_000L;
    long begun = System.nanoTime();
    loop.start();

    await().atMost(10, TimeUnit.SECONDS).until(() -> ticks.get() >= 100);

    // 100 ticks take 0.5 s; a shared machine may lose some, but not half of them.
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.MILLISECONDS.toNanos(1_500));
  }

  @Test
  void sleepsWhileTheReplicaWaitsForNothingButLetsItHearOfTime() {
    AtomicInteger ticks = countTicks();
    long begunNanos = System.nanoTime();
    loop.start();

    await().until(() -> ticks.get() >= 10);

    long ticksSoFar = ticks.get();
    long passedNanos = System.nanoTime() - begunNanos;
    assertThat(ticksSoFar).isLessThanOrEqualTo(passedNanos / EventLoop.TICK_INTERVAL_MAX_NANOS + 2);
  }

  @Test
  void asksAgainWhatTheReplicaWaitsForOnceItHasHeardSomething() {
    // given a clock that stands still, and a replica that waits for nothing until it hears
    // something
    AtomicLong nowNanos = new AtomicLong(System.nanoTime());
    AtomicLong dueNanos = new AtomicLong(nowNanos.get() + 3_600_000_000_000L);
    AtomicInteger asked = new AtomicInteger();
    List<Long> ticks = new CopyOnWriteArrayList<>();
    readClock = () -> new Moment(nowNanos.get(), 0);
    replica.waitsUntilNanos =
        () -> {
          asked.incrementAndGet();
          return dueNanos.get();
        };
    replica.script =
        (input, now) -> {
          if (input instanceof Input.Durable) {
            dueNanos.set(now.nanos());
          } else {
            ticks.add(now.nanos());
          }
          return List.of();
        };
    loop.start();
    await().until(() -> asked.get() > 0);

    // when, long before a tick would come by itself
    long later = nowNanos.addAndGet(2 * EventLoop.LOOK_INTERVAL_NANOS);
    loop.durable(1);

    // then
    await().until(() -> ticks.contains(later));
  }

  private AtomicInteger countTicks() {
    AtomicInteger ticks = new AtomicInteger();
    replica.script =
        (input, now) -> {
          if (input instanceof Input.Tick) {
            ticks.incrementAndGet();
          }
          return List.of();
        };
    return ticks;
  }

  @Test
  void hearsWhatHasWaitedBeforeItCountsSilence() {
    // given a message that came while the loop could not run, and a tick that is overdue
    replica.waitsUntilNanos = () -> System.nanoTime() - 1_000_000_000L;
    List<Input> order = new CopyOnWriteArrayList<>();
    replica.script =
        (input, now) -> {
          order.add(input);
          return List.of();
        };
    loop.offerFromPeer("n2", List.of(PeerMessage.getDefaultInstance()), 10);

    // when
    loop.start();

    // then
    await().until(() -> order.size() >= 2);
    assertThat(order.get(0)).isInstanceOf(Input.FromPeer.class);
    assertThat(order.get(1)).isInstanceOf(Input.Tick.class);
  }

  @Test
  void answersACallWhoseDeadlinePassedInTheQueueWithoutBeginningIt() {
    RecordedCall late = new RecordedCall(PUT, 0);
    loop.offerCall(late.call, 10);

    loop.start();

    await().until(() -> !late.heard.isEmpty());
    ErrorDetail error = (ErrorDetail) late.heard.get(0);
    assertThat(error.getCode()).isEqualTo("TIMEOUT");
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(replica.inputs).isEmpty();
  }

  @Test
  void forgetsACallThatWasCancelledInTheQueue() {
    RecordedCall gone = new RecordedCall(PUT);
    loop.offerCall(gone.call, 10);
    gone.call.cancelled();
    RecordedCall next = new RecordedCall(PUT);
    loop.offerCall(next.call, 10);

    loop.start();

    await().until(() -> !replica.inputs.isEmpty());
    assertThat(replica.inputs).hasSize(1);
    assertThat(gone.heard).isEmpty();
  }

  @Test
  void saysNothingToAClientThatCancelledBeforeItsAnswer() {
    CountDownLatch cancelled = new CountDownLatch(1);
    AtomicInteger answers = new AtomicInteger();
    replica.script =
        (input, now) -> {
          waitFor(cancelled);
          answers.addAndGet(answerCalls(input).size());
          return answerCalls(input);
        };
    RecordedCall put = new RecordedCall(PUT);
    loop.offerCall(put.call, 10);
    loop.start();

    put.call.cancelled();
    cancelled.countDown();

    RecordedCall after = new RecordedCall(PUT);
    loop.offerCall(after.call, 10);
    await().until(() -> after.heard.size() == 2);
    assertThat(put.heard).isEmpty();
  }

  @Test
  void answersACallOnceHoweverOftenTheReplicaDoes() {
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call
                ? List.of(
                    new Effect.Reply(call.callId(), DONE),
                    new Effect.Reply(call.callId(), DONE),
                    new Effect.Fail(call.callId(), ErrorDetail.getDefaultInstance()))
                : List.of();
    loop.start();

    RecordedCall put = new RecordedCall(PUT);
    loop.offerCall(put.call, 10);
    RecordedCall after = new RecordedCall(PUT);
    loop.offerCall(after.call, 10);

    await().until(() -> after.heard.size() == 2);
    assertThat(put.heard).hasSize(2);
  }

  @Test
  void answersUnknownForACallThatTheReplicaForgot() {
    loop.start();

    RecordedCall put = new RecordedCall(PUT, TimeUnit.MILLISECONDS.toNanos(50));
    loop.offerCall(put.call, 10);

    await().until(() -> !put.heard.isEmpty());
    ErrorDetail error = (ErrorDetail) put.heard.get(0);
    assertThat(error.getCode()).isEqualTo("TIMEOUT");
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
  }

  @Test
  void answersStatusBetweenRounds() {
    replica.role = "leader";
    loop.start();
    AtomicReference<StatusResponse.Builder> status = new AtomicReference<>();

    assertThat(loop.offerStatusQuery(status::set)).isTrue();

    await().until(() -> status.get() != null);
    assertThat(status.get().getRole()).isEqualTo("leader");
  }

  @Test
  void stopsForGoodWhenTheReplicaThrows() {
    replica.script =
        (input, now) -> {
          if (input instanceof Input.ClientCall) {
            throw new IllegalStateException("commit index went back");
          }
          return List.of();
        };
    loop.start();

    RecordedCall put = new RecordedCall(PUT);
    loop.offerCall(put.call, 10);

    await().until(() -> stopped.get() != null);
    assertThat(cause.get()).hasMessage("commit index went back");
    assertThat(put.heard).isEmpty();
  }

  @Test
  void stopsWithTheReplicasOwnLastLineAndCarriesNothingOutAfterIt() {
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call
                ? List.of(
                    new Effect.Stop("two leaders in term 4"),
                    new Effect.Reply(call.callId(), DONE),
                    new Effect.Send("n2", PeerMessage.getDefaultInstance()))
                : List.of();
    loop.start();

    RecordedCall put = new RecordedCall(PUT);
    loop.offerCall(put.call, 10);

    await().until(() -> stopped.get() != null);
    assertThat(stopped.get()).isEqualTo("two leaders in term 4");
    assertThat(loop.abandon(5_000)).isTrue();
    assertThat(put.heard).isEmpty();
    assertThat(world).isEmpty();
  }

  @Test
  void answersWhatIsOpenWithUnknownAndWhatWaitsWithFailedWhenItStops() {
    // given one call inside the replica and one that waits behind a busy step
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch entered = new CountDownLatch(1);
    replica.script =
        (input, now) -> {
          if (input instanceof Input.Durable) {
            entered.countDown();
            waitFor(busy);
          }
          return List.of();
        };
    loop.start();
    RecordedCall open = new RecordedCall(PUT);
    loop.offerCall(open.call, 10);
    await().until(() -> replica.inputs.size() == 1);
    loop.durable(1);
    waitFor(entered);
    RecordedCall waiting = new RecordedCall(PUT);
    loop.offerCall(waiting.call, 10);

    // when
    Thread stopper = new Thread(() -> loop.stop(5_000));
    stopper.start();
    await().until(loop::isStopping);
    busy.countDown();

    // then
    await().until(() -> !open.heard.isEmpty() && !waiting.heard.isEmpty());
    assertThat(((ErrorDetail) open.heard.get(0)).getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(((ErrorDetail) waiting.heard.get(0)).getCode()).isEqualTo("STOPPING");
    assertThat(loop.offerCall(new RecordedCall(PUT).call, 1)).isFalse();
  }

  private static List<Effect> answerCalls(Input input) {
    return input instanceof Input.ClientCall call
        ? List.of(new Effect.Reply(call.callId(), DONE))
        : List.of();
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test forgot to go on");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
