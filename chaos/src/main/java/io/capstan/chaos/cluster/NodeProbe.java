package io.capstan.chaos.cluster;

import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.PeerStatus;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/** Asks nodes for their {@code Admin.Status}, each over a connection that it keeps. Thread-safe. */
final class NodeProbe implements AutoCloseable {
  private static final Duration ANSWER_TIMEOUT = Duration.ofMillis(1_000);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();

  /**
   * @param nodeIds the nodes that will be asked
   * @param clientAddress where each of them serves clients
   */
  NodeProbe(Collection<String> nodeIds, Function<String, String> clientAddress) {
    nodeIds.forEach(id -> add(id, clientAddress.apply(id)));
  }

  /** Adds a node that will be asked. */
  void add(String nodeId, String clientAddress) {
    channels.put(
        nodeId, Grpc.newChannelBuilder(clientAddress, InsecureChannelCredentials.create()).build());
  }

  /**
   * Waits until a node that was started answers, or is held still.
   *
   * @param state what became of its process
   * @param logTail the last lines that it has logged
   * @throws ClusterException (failed) with the end of the log, if it ends or stays silent
   */
  void awaitAnswer(
      String nodeId, Duration timeout, Supplier<NodeState> state, Supplier<String> logTail) {
    String missing =
        Waiting.untilNothingIsMissing(
            timeout,
            () ->
                state.get() != NodeState.RUNNING || !ask(List.of(nodeId)).isEmpty()
                    ? ""
                    : "runs but does not answer after " + timeout.toSeconds() + " s");
    if (missing.isEmpty() && !state.get().isAlive()) {
      missing = "ended instead of starting";
    }
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          nodeId + " " + missing + ". Its log ends:\n" + logTail.get(), "");
    }
  }

  /** Asks the given nodes at the same time; one that does not answer within a second is absent. */
  Map<String, NodeView> ask(Collection<String> nodeIds) {
    Map<String, Future<StatusResponse>> answers = new LinkedHashMap<>();
    for (String id : nodeIds) {
      ManagedChannel channel = channels.get(id);
      if (channel != null) {
        // A node that was down a moment ago must not be taken for down until the back-off ends.
        channel.resetConnectBackoff();
        answers.put(
            id,
            AdminGrpc.newFutureStub(channel)
                .withDeadlineAfter(ANSWER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .status(StatusRequest.getDefaultInstance()));
      }
    }
    Map<String, NodeView> views = new LinkedHashMap<>();
    answers.forEach(
        (id, answer) -> {
          try {
            views.put(id, view(answer.get(2 * ANSWER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)));
          } catch (ExecutionException | TimeoutException e) {
            answer.cancel(true);
          } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
          }
        });
    return views;
  }

  private static NodeView view(StatusResponse status) {
    List<String> hears = new ArrayList<>();
    for (PeerStatus peer : status.getPeersList()) {
      if (peer.getReachable() && !peer.getId().equals(status.getId())) {
        hears.add(peer.getId());
      }
    }
    return new NodeView(
        status.getId(),
        status.getRole(),
        status.getTerm(),
        status.getLeader(),
        status.getCommitIndex(),
        status.getAppliedIndex(),
        hears);
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    for (ManagedChannel channel : channels.values()) {
      try {
        if (!channel.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
