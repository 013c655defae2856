package io.capstan.chaos.check;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Works that have nothing to do with each other, on several threads. Stateless. */
public final class SideBySide {

  private SideBySide() {}

  /** As {@link #all(int, List)}, on all processors. */
  public static <T> List<T> all(List<? extends Supplier<? extends T>> works)
      throws InterruptedException {
    return all(Runtime.getRuntime().availableProcessors(), works);
  }

  /**
   * Does all of them, and returns what they return, in their order. They begin in their order, too.
   * The first one in that order that fails is told once those before it are done; those after it
   * are interrupted then, and not waited for.
   *
   * @param threads so many at once, and no more than there are works
   * @throws InterruptedException if this thread is interrupted; the works are interrupted then
   */
  public static <T> List<T> all(int threads, List<? extends Supplier<? extends T>> works)
      throws InterruptedException {
    List<T> results = new ArrayList<>(works.size());
    each(Math.min(threads, works.size()), works.size(), works.iterator(), results::add);
    return results;
  }

  /**
   * As {@link #all(int, List)} for works of any number: what each returns is handed over in their
   * order, by this thread, as soon as it and all before it are done.
   *
   * @param threads so many at once; no more than twice as many are begun and not handed over
   * @throws InterruptedException if this thread is interrupted; the works are interrupted then
   */
  public static <T> void each(
      int threads, Iterator<? extends Supplier<? extends T>> works, Consumer<? super T> taker)
      throws InterruptedException {
    each(threads, 2 * threads, works, taker);
  }

  private static <T> void each(
      int threads,
      int aheadMax,
      Iterator<? extends Supplier<? extends T>> works,
      Consumer<? super T> taker)
      throws InterruptedException {
    if (!works.hasNext()) {
      return;
    }
    ExecutorService executor =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              Thread thread = new Thread(task, "side-by-side");
              thread.setDaemon(true);
              return thread;
            });
    try {
      Deque<Future<? extends T>> ahead = new ArrayDeque<>();
      while (works.hasNext() || !ahead.isEmpty()) {
        while (works.hasNext() && ahead.size() < aheadMax) {
          ahead.add(executor.submit(works.next()::get));
        }
        taker.accept(await(ahead.remove()));
      }
    } finally {
      executor.shutdownNow();
    }
  }

  /**
   * Waits for one that was begun elsewhere.
   *
   * @return what it returns; throws what it throws
   * @throws InterruptedException if this thread is interrupted
   */
  public static <T> T await(Future<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException("a work could not be done", e);
      }
    }
  }
}
