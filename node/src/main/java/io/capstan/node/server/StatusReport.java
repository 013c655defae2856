package io.capstan.node.server;

import com.sun.management.OperatingSystemMXBean;
import io.capstan.node.storage.StorageException;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.PeerStatus;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.stub.StreamObserver;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers "how are you": the replica says what it knows, on the event loop, and the shell adds what
 * only it knows, elsewhere. Thread-safe.
 */
final class StatusReport {

  /** The size on disk is measured at most so often. */
  private static final long DISK_MEASURE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * What does not change while the server runs.
   *
   * @param address where clients reach this node
   * @param incarnation of the data folder
   * @param version of the build
   * @param peerAddresses where clients reach other nodes, by node id, as known now
   */
  record Identity(
      String address,
      long incarnation,
      String version,
      Supplier<Map<String, String>> peerAddresses) {}

  private record Measured(long bytes, long atNanos) {}

  private final Identity identity;
  private final EventLoop loop;
  private final LongSupplier diskBytes;
  private final Executor executor;
  private final long startedNanos = System.nanoTime();
  private volatile @Nullable Measured disk;

  /**
   * @param diskBytes measures the data folder
   * @param executor runs what is too slow for the loop
   */
  StatusReport(Identity identity, EventLoop loop, LongSupplier diskBytes, Executor executor) {
    this.identity = identity;
    this.loop = loop;
    this.diskBytes = diskBytes;
    this.executor = executor;
  }

  /** Answers the call, once, on a thread of the executor. */
  void answer(StatusRequest request, StreamObserver<StatusResponse> observer) {
    PendingCall call = CallIntake.open(request, observer);
    if (!loop.offerStatusQuery(status -> hand(call, status))) {
      call.fail(busy(), "");
    }
  }

  private void hand(PendingCall call, StatusResponse.Builder status) {
    try {
      executor.execute(() -> finish(call, status));
    } catch (RejectedExecutionException e) {
      call.fail(busy(), "");
    }
  }

  private void finish(PendingCall call, StatusResponse.Builder status) {
    try {
      call.answer(complete(status), "");
    } catch (StorageException e) {
      call.fail(
          ErrorStatus.failed(
              ErrorStatus.STOPPING, String.valueOf(e.getMessage()), "Ask again later."),
          "");
    }
  }

  private StatusResponse complete(StatusResponse.Builder status) {
    Map<String, String> addresses = identity.peerAddresses.get();
    for (PeerStatus.Builder peer : status.getPeersBuilderList()) {
      peer.setAddress(addresses.getOrDefault(peer.getId(), ""));
    }
    return status
        .setAddress(identity.address)
        .setIncarnation(identity.incarnation)
        .setVersion(identity.version)
        .setDiskBytes(diskBytes())
        .setUptimeMillis(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos))
        .setCpuMicros(processCpuMicros())
        .build();
  }

  private long diskBytes() {
    Measured last = disk;
    long now = System.nanoTime();
    if (last == null || now - last.atNanos > DISK_MEASURE_INTERVAL_NANOS) {
      last = new Measured(diskBytes.getAsLong(), now);
      disk = last;
    }
    return last.bytes;
  }

  private static long processCpuMicros() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? Math.max(0, system.getProcessCpuTime() / 1_000)
        : 0;
  }

  private static ErrorDetail busy() {
    return ErrorStatus.failed(
        ErrorStatus.OVERLOADED,
        "This node has more requests waiting than it may hold, or is stopping.",
        "Wait a little and ask again.");
  }
}
