package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
    if (works.isEmpty()) {
      return results;
    }
    ExecutorService executor =
        Executors.newFixedThreadPool(
            Math.min(threads, works.size()),
            task -> {
              Thread thread = new Thread(task, "side-by-side");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Future<? extends T>> futures = new ArrayList<>(works.size());
      for (Supplier<? extends T> work : works) {
        futures.add(executor.submit(work::get));
      }
      for (Future<? extends T> future : futures) {
        results.add(await(future));
      }
      return results;
    } finally {
      executor.shutdownNow();
    }
  }

  private static <T> T await(Future<T> future) throws InterruptedException {
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
