package io.capstan.node.server;

import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.KeyValueGrpc;
import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC health service: SERVING while the event loop makes its rounds. Whether a majority can be
 * reached is no matter of a node's health: on the wrong side of a cut a node still serves what its
 * keyspaces allow.
 *
 * <p>{@link #start} and {@link #stop} from any thread.
 */
final class Health {

  /** A loop that has made no round for so long is stuck: in a disk that hangs, or a bug. */
  static final long STUCK_NANOS = 2_000_000_000L;

  private static final long CHECK_INTERVAL_MILLIS = 500;

  private static final List<String> SERVICES =
      List.of("", KeyValueGrpc.SERVICE_NAME, AdminGrpc.SERVICE_NAME);

  private final HealthStatusManager manager = new HealthStatusManager();
  private final EventLoop loop;
  private volatile @Nullable ScheduledFuture<?> checks;

  Health(EventLoop loop) {
    this.loop = loop;
    set(ServingStatus.NOT_SERVING);
  }

  BindableService service() {
    return manager.getHealthService();
  }

  void start(ScheduledExecutorService timer) {
    checks =
        timer.scheduleAtFixedRate(this::check, 0, CHECK_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Says NOT_SERVING from now on. */
  void stop() {
    ScheduledFuture<?> running = checks;
    if (running != null) {
      running.cancel(false);
    }
    manager.enterTerminalState();
  }

  private void check() {
    set(
        loop.sinceLastRoundNanos() < STUCK_NANOS
            ? ServingStatus.SERVING
            : ServingStatus.NOT_SERVING);
  }

  private void set(ServingStatus status) {
    for (String service : SERVICES) {
      manager.setStatus(service, status);
    }
  }
}
