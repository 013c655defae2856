package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class InboxTest {

  private final Inbox<String> inbox = new Inbox<>();

  @Test
  void givesBackWhatWasPutInTheSameOrder() {
    inbox.put("a");
    inbox.put("b");
    assertThat(inbox.poll()).isEqualTo("a");
    inbox.put("c");

    assertThat(inbox.poll()).isEqualTo("b");
    assertThat(inbox.poll()).isEqualTo("c");
    assertThat(inbox.poll()).isNull();
    assertThat(inbox.isEmpty()).isTrue();
  }

  @Test
  void refusesBeyondTheBoundInNumberAndTakesAgainOnceThereIsRoom() {
    assertThat(inbox.offer("a", 1, 10, 2, 1_000)).isTrue();
    assertThat(inbox.offer("b", 1, 10, 2, 1_000)).isTrue();
    assertThat(inbox.offer("c", 1, 10, 2, 1_000)).isFalse();

    assertThat(inbox.poll()).isEqualTo("a");

    assertThat(inbox.offer("d", 1, 10, 2, 1_000)).isTrue();
    assertThat(inbox.offer("e", 1, 10, 2, 1_000)).isFalse();
  }

  @Test
  void refusesBeyondTheBoundInBytesAlsoForWhatTheConsumerHasTakenButNotPolled() {
    inbox.offer("a", 1, 600, 100, 1_000);
    inbox.offer("b", 1, 400, 100, 1_000);
    inbox.poll();

    assertThat(inbox.bytes()).isEqualTo(400);
    assertThat(inbox.offer("c", 1, 601, 100, 1_000)).isFalse();
    assertThat(inbox.offer("c", 1, 600, 100, 1_000)).isTrue();
  }

  @Test
  void countsAnItemByItsWeight() {
    assertThat(inbox.offer("frame of five", 5, 0, 8, 1_000)).isTrue();
    assertThat(inbox.offer("frame of four", 4, 0, 8, 1_000)).isFalse();
    assertThat(inbox.count()).isEqualTo(5);

    inbox.poll();

    assertThat(inbox.polledWeight()).isEqualTo(5);
    assertThat(inbox.count()).isZero();
  }

  @Test
  void putTakesWhatMustNotBeDroppedIntoAFullInbox() {
    inbox.offer("a", 1, 0, 1, 1_000);

    inbox.put("durable");

    assertThat(inbox.poll()).isEqualTo("a");
    assertThat(inbox.poll()).isEqualTo("durable");
  }

  @Test
  void losesNothingAndKeepsEachProducersOrderWhileManyThreadsPush() throws Exception {
    int producers = 4;
    int each = 50_000;
    Inbox<int[]> shared = new Inbox<>();
    CountDownLatch go = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int p = 0; p < producers; p++) {
      int producer = p;
      Thread thread =
          new Thread(
              () -> {
                try {
                  go.await();
                } catch (InterruptedException e) {
                  return;
                }
                for (int i = 0; i < each; i++) {
                  shared.put(new int[] {producer, i});
                }
              });
      thread.start();
      threads.add(thread);
    }

    go.countDown();
    int[] next = new int[producers];
    int seen = 0;
    while (seen < producers * each) {
      int[] item = shared.poll();
      if (item == null) {
        Thread.onSpinWait();
        continue;
      }
      assertThat(item[1]).isEqualTo(next[item[0]]++);
      seen++;
    }

    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(shared.poll()).isNull();
    assertThat(shared.count()).isZero();
  }
}
