package io.capstan.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("Works side by side")
@Timeout(60)
final class SideBySideTest {

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(50, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody came");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Test
  @DisplayName("are done at the same time, and answer in their order")
  void keepsTheOrder() throws InterruptedException {
    // Given two works of which the first ends only after the second has begun
    CountDownLatch secondBegan = new CountDownLatch(1);
    Supplier<String> first =
        () -> {
          await(secondBegan);
          return "first";
        };
    Supplier<String> second =
        () -> {
          secondBegan.countDown();
          return "second";
        };
    // Then both end, and their answers come as they were asked
    assertThat(SideBySide.all(2, List.of(first, second))).containsExactly("first", "second");
    assertThat(SideBySide.all(2, List.<Supplier<String>>of())).isEmpty();
  }

  @Test
  @DisplayName("are interrupted where one of them fails, whose error is told as it is")
  void failsWithItsCause() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(1);
    Supplier<String> failing =
        () -> {
          throw new IllegalArgumentException("a malformed history");
        };
    Supplier<String> endless = () -> untilInterrupted(interrupted);
    assertThatThrownBy(() -> SideBySide.all(2, List.of(failing, endless)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a malformed history");
    await(interrupted);
  }

  @Test
  @DisplayName("are interrupted with the thread that waits for them")
  void passesAnInterruptOn() {
    CountDownLatch interrupted = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    Supplier<String> interrupting =
        () -> {
          caller.interrupt();
          return untilInterrupted(interrupted);
        };
    assertThatThrownBy(() -> SideBySide.all(2, List.of(interrupting)))
        .isInstanceOf(InterruptedException.class);
    await(interrupted);
  }

  @Test
  @DisplayName("of any number are handed over in their order, and not begun far ahead")
  void handsOverAsItGoes() throws InterruptedException {
    AtomicInteger begun = new AtomicInteger();
    Iterator<Supplier<Integer>> works =
        IntStream.range(0, 1_000).<Supplier<Integer>>mapToObj(i -> () -> i).iterator();
    Iterator<Supplier<Integer>> counted =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return works.hasNext();
          }

          @Override
          public Supplier<Integer> next() {
            begun.incrementAndGet();
            return works.next();
          }
        };
    List<Integer> taken = new ArrayList<>();
    List<Integer> ahead = new ArrayList<>();

    SideBySide.each(
        3,
        counted,
        each -> {
          taken.add(each);
          ahead.add(begun.get() - taken.size());
        });

    assertThat(taken).containsExactlyElementsOf(IntStream.range(0, 1_000).boxed().toList());
    assertThat(ahead).allMatch(each -> each >= 0 && each < 6);
  }

  private static String untilInterrupted(CountDownLatch told) {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      told.countDown();
      Thread.currentThread().interrupt();
    }
    return "interrupted";
  }
}
