package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TxnResponse;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** What all calls of one client share. Safe for use by several threads. */
final class ClientCore implements AutoCloseable {
  /** Calls that may be open at once; more are refused, so that no queue grows without bound. */
  static final int OPEN_CALLS_MAX = 10_000;

  /** How long the first write to a keyspace may look for its mode before it goes on without. */
  static final long LOOKUP_MAX_MILLIS = 1_000;

  private final ClientSettings settings;
  private final EventLoopGroup network;
  private final Delays delays = new Delays("capstan-client-timer");
  private final Endpoints endpoints;
  private final KeyspaceDirectory directory = new KeyspaceDirectory();
  private final WriteSession session = new WriteSession(this::openSession, delays);
  // Never registered in a log, so that a CP keyspace refuses it for sure.
  private final long apSession = ThreadLocalRandom.current().nextLong() | 1L;
  private final AtomicLong apSequence = new AtomicLong();
  private final AtomicInteger openCalls = new AtomicInteger();
  private final AtomicReference<CompletableFuture<StatusResponse>> lookup = new AtomicReference<>();
  private volatile boolean closed;

  ClientCore(ClientSettings settings) {
    this.settings = settings;
    this.network =
        new MultiThreadIoEventLoopGroup(
            settings.networkThreads(), NetworkThread::new, NioIoHandler.newFactory());
    this.endpoints = new Endpoints(settings.endpoints(), network, delays);
  }

  /** A thread that must never wait for an answer, since it is the one that brings answers. */
  static final class NetworkThread extends Thread {
    NetworkThread(Runnable task) {
      super(task, "capstan-client-network");
      setDaemon(true);
    }
  }

  <Q, R, T> CompletableFuture<T> submit(Operation.Call<Q, R, T> call, long timeoutNanos) {
    if (closed) {
      return refused(ErrorCode.CANCELLED, "The client is closed.", "");
    }
    if (openCalls.incrementAndGet() > OPEN_CALLS_MAX) {
      openCalls.decrementAndGet();
      return refused(
          ErrorCode.OVERLOADED,
          "This client has " + OPEN_CALLS_MAX + " open calls already; nothing was sent.",
          "Wait for answers before sending more.");
    }
    return new Operation<>(this, call, timeoutNanos, true).start();
  }

  static <T> CompletableFuture<T> refused(String code, String message, String hint) {
    return CompletableFuture.failedFuture(
        new CapstanException(code, Outcome.FAILED, message, hint, null));
  }

  void ended() {
    openCalls.decrementAndGet();
  }

  private void openSession(long number, long deadlineNanos, WriteSession.Opened opened) {
    OpenSessionRequest request = OpenSessionRequest.newBuilder().setSession(number).build();
    var call =
        new Operation.Call<>(
            "opening of a session",
            KeyValueGrpc.getOpenSessionMethod(),
            // The same session opened twice is one session.
            Operation.Kind.READ,
            "",
            false,
            (keyspaceId, epoch, operation) -> request,
            (response, latencyMicros) -> response.getWindowOperations());
    new Operation<>(this, call, Math.max(1, deadlineNanos - System.nanoTime()), false)
        .start()
        .whenComplete(
            (window, error) -> {
              if (error == null) {
                opened.opened(window);
              } else {
                opened.failed(failureOf(error));
              }
            });
  }

  private static Failure failureOf(Throwable error) {
    if (error instanceof CapstanException refused) {
      return Failure.notSent(refused.code(), String.valueOf(refused.getMessage()), refused.hint());
    }
    return Failure.notSent(ErrorCode.INTERNAL, String.valueOf(error), "");
  }

  /**
   * Asks some node what it has applied, so that the directory knows modes and epochs; shared by all
   * calls that need it at the moment. Never fails: the directory then knows no more than before.
   */
  void lookUpKeyspaces(long remainingNanos, Runnable next) {
    CompletableFuture<StatusResponse> mine = new CompletableFuture<>();
    CompletableFuture<StatusResponse> running = lookup.compareAndExchange(null, mine);
    if (running != null) {
      running.whenComplete((response, error) -> next.run());
      return;
    }
    var call =
        new Operation.Call<>(
            "status",
            AdminGrpc.getStatusMethod(),
            Operation.Kind.READ,
            "",
            false,
            (keyspaceId, epoch, operation) -> StatusRequest.getDefaultInstance(),
            (response, latencyMicros) -> response);
    long nanos = Math.min(remainingNanos / 2, TimeUnit.MILLISECONDS.toNanos(LOOKUP_MAX_MILLIS));
    new Operation<>(this, call, Math.max(1, nanos), false)
        .start()
        .whenComplete(
            (response, error) -> {
              lookup.set(null);
              next.run();
              mine.complete(StatusResponse.getDefaultInstance());
            });
  }

  OperationId nextApOperation() {
    return OperationId.newBuilder()
        .setSession(apSession)
        .setSequence(apSequence.incrementAndGet())
        .build();
  }

  /** Takes from an answer what helps the next calls. */
  void learn(Endpoint endpoint, Object answer) {
    switch (answer) {
      case PutResponse put -> learn(endpoint, put.getReceipt());
      case GetResponse get -> learn(endpoint, get.getReceipt());
      case DeleteResponse delete -> learn(endpoint, delete.getReceipt());
      case TxnResponse txn -> learn(endpoint, txn.getReceipt());
      case ScanResponse scan -> learn(endpoint, scan.getReceipt());
      case CounterAddResponse add -> learn(endpoint, add.getReceipt());
      case CounterGetResponse get -> learn(endpoint, get.getReceipt());
      case SetAddResponse add -> learn(endpoint, add.getReceipt());
      case SetRemoveResponse remove -> learn(endpoint, remove.getReceipt());
      case SetMembersResponse members -> learn(endpoint, members.getReceipt());
      case StatusResponse status -> {
        endpoint.learnNodeId(status.getId());
        directory.learn(status);
      }
      case ListKeyspacesResponse list ->
          list.getKeyspacesList().forEach(each -> directory.learn(each, ""));
      default -> {
        // Nothing to learn from the others.
      }
    }
  }

  void learn(Endpoint endpoint, Receipt receipt) {
    endpoint.learnNodeId(receipt.getReceivedBy());
    directory.learn(receipt);
    if (!receipt.getServedBy().equals(receipt.getReceivedBy())) {
      endpoints.identify();
    }
  }

  Endpoints endpoints() {
    return endpoints;
  }

  KeyspaceDirectory directory() {
    return directory;
  }

  WriteSession session() {
    return session;
  }

  Delays delays() {
    return delays;
  }

  boolean usesSession() {
    return settings.session();
  }

  List<String> addresses() {
    return settings.endpoints();
  }

  long unreachableAfterNanos() {
    return settings.unreachableAfter().toNanos();
  }

  ClientSettings settings() {
    return settings;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    endpoints.close();
    delays.close();
    network.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
