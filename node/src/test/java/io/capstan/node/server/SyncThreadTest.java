package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SyncThreadTest {

  private final Semaphore diskMayWork = new Semaphore(0);
  private final AtomicInteger syncsBegun = new AtomicInteger();
  private final List<Long> durable = new CopyOnWriteArrayList<>();
  private final AtomicReference<Throwable> fatal = new AtomicReference<>();
  private volatile IOException diskProblem;
  private final SyncThread sync =
      new SyncThread(
          "test-sync",
          () -> {
            syncsBegun.incrementAndGet();
            diskMayWork.acquire();
            if (diskProblem != null) {
              throw diskProblem;
            }
          },
          durable::add,
          (reason, cause) -> fatal.set(cause));

  @AfterEach
  void end() {
    diskMayWork.release(1_000);
    sync.end(5_000);
  }

  @Test
  void reportsWhatWasAskedForOnceTheDiskHasIt() {
    diskMayWork.release();
    sync.start();

    sync.request(4);

    await().until(() -> durable.equals(List.of(4L)));
  }

  @Test
  void servesEverythingThatGatheredDuringASyncWithOneMore() {
    // given a sync that takes its time
    sync.start();
    sync.request(1);
    await().until(() -> syncsBegun.get() == 1);

    // when three more writes ask meanwhile
    sync.request(2);
    sync.request(3);
    sync.request(4);
    diskMayWork.release(2);

    // then one more sync serves them, and none of them was reported by the first
    await().until(() -> durable.equals(List.of(1L, 4L)));
    assertThat(syncsBegun).hasValue(2);
  }

  @Test
  void aFailedSyncIsReportedAsFatalAndNeverTriedAgain() {
    diskProblem = new IOException("EIO");
    diskMayWork.release(100);
    sync.start();

    sync.request(1);

    await().until(() -> fatal.get() != null);
    sync.request(2);
    assertThat(sync.end(5_000)).isTrue();
    assertThat(fatal.get()).hasMessage("EIO");
    assertThat(syncsBegun).hasValue(1);
    assertThat(durable).isEmpty();
  }

  @Test
  void restsWhileNothingIsAskedFor() {
    diskMayWork.release(100);
    sync.start();
    sync.request(1);
    await().until(() -> durable.size() == 1);

    assertThat(sync.end(5_000)).isTrue();

    assertThat(syncsBegun).hasValue(1);
  }
}
