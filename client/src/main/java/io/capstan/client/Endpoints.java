package io.capstan.client;

import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the endpoint of an attempt: the leader's where one is known, otherwise the less busy one
 * of two drawn at random (Mitzenmacher, "The power of two choices in randomized load balancing",
 * 2001) among those that are not set aside. Failed endpoints are set aside and asked for their
 * status, in the background, until they answer again.
 */
final class Endpoints {
  static final long PROBE_TIMEOUT_MILLIS = 1_000;

  private final List<Endpoint> all = new ArrayList<>();
  private final Delays delays;
  private final AtomicBoolean identifying = new AtomicBoolean();
  private volatile boolean closed;

  Endpoints(List<String> addresses, EventLoopGroup network, Delays delays) {
    this.delays = delays;
    for (String address : addresses) {
      all.add(new Endpoint(all.size(), address, network));
    }
  }

  List<Endpoint> all() {
    return all;
  }

  /**
   * Chooses.
   *
   * @param preferredNode id of the node that would decide itself; empty where none is known
   * @param tried bits of the endpoints that this call has asked in this round
   */
  Endpoint choose(String preferredNode, long tried) {
    if (!preferredNode.isEmpty()) {
      for (Endpoint endpoint : all) {
        if (isOpen(endpoint, tried) && endpoint.nodeId().equals(preferredNode)) {
          return endpoint;
        }
      }
    }
    Endpoint open = drawOpen(tried);
    if (open == null) {
      open = drawOpen(0L);
    }
    return open != null ? open : chooseAside(tried);
  }

  /** Counts the endpoints that are neither aside nor in the set. */
  int openBeside(long tried) {
    int count = 0;
    for (Endpoint endpoint : all) {
      if (isOpen(endpoint, tried)) {
        count++;
      }
    }
    return count;
  }

  /** Whether the set has every endpoint. */
  boolean areAll(long tried) {
    return Long.bitCount(tried) == all.size();
  }

  private static boolean isOpen(Endpoint endpoint, long tried) {
    return (tried & endpoint.bit()) == 0 && !endpoint.isAside();
  }

  private @Nullable Endpoint drawOpen(long tried) {
    int count = openBeside(tried);
    if (count == 0) {
      return null;
    }
    ThreadLocalRandom random = ThreadLocalRandom.current();
    Endpoint first = openAt(random.nextInt(count), tried);
    Endpoint second = count == 1 ? first : openAt(random.nextInt(count), tried);
    return second.outstanding() < first.outstanding() ? second : first;
  }

  /** The position-th open endpoint; one that was set aside meanwhile shifts the rest. */
  private Endpoint openAt(int position, long tried) {
    Endpoint last = all.get(0);
    int left = position;
    for (Endpoint endpoint : all) {
      if (isOpen(endpoint, tried)) {
        last = endpoint;
        if (left-- == 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Everything is aside: rather one that may have recovered than nothing. */
  private Endpoint chooseAside(long tried) {
    int start = ThreadLocalRandom.current().nextInt(all.size());
    Endpoint chosen = all.get(start);
    for (int step = 0; step < all.size(); step++) {
      Endpoint endpoint = all.get((start + step) % all.size());
      if ((tried & endpoint.bit()) == 0) {
        chosen = endpoint;
        break;
      }
    }
    chosen.reconnectNow();
    return chosen;
  }

  void failed(Endpoint endpoint) {
    if (endpoint.setAside()) {
      scheduleProbe(endpoint);
    }
  }

  /** Asks endpoints that never said which node they are, so that a leader can be recognised. */
  void identify() {
    if (all.size() == 1 || !identifying.compareAndSet(false, true)) {
      return;
    }
    for (Endpoint endpoint : all) {
      if (endpoint.nodeId().isEmpty() && !endpoint.isAside()) {
        askStatus(endpoint, false);
      }
    }
  }

  private void scheduleProbe(Endpoint endpoint) {
    long millis = endpoint.nextProbeMillis();
    long jittered = millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1);
    delays.after(
        TimeUnit.MILLISECONDS.toNanos(jittered),
        () -> {
          if (!closed && endpoint.isAside()) {
            endpoint.reconnectNow();
            askStatus(endpoint, true);
          }
        });
  }

  /** One chain of probes per endpoint: only the one that set it aside starts it. */
  private void askStatus(Endpoint endpoint, boolean isProbe) {
    long timeoutNanos = TimeUnit.MILLISECONDS.toNanos(PROBE_TIMEOUT_MILLIS);
    Attempt.start(
        endpoint,
        AdminGrpc.getStatusMethod(),
        StatusRequest.getDefaultInstance(),
        timeoutNanos,
        timeoutNanos,
        delays,
        new Attempt.Listener<StatusResponse>() {
          @Override
          public void answered(Endpoint asked, StatusResponse response) {
            asked.learnNodeId(response.getId());
            asked.recovered();
          }

          @Override
          public void failed(Endpoint asked, Failure failure) {
            if (!failure.isOfEndpoint()) {
              asked.recovered();
            } else if (!closed && (asked.setAside() || isProbe)) {
              scheduleProbe(asked);
            }
          }
        });
  }

  void close() {
    closed = true;
    all.forEach(Endpoint::close);
  }
}
