package io.capstan.chaos.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

/** Several nodes at once: a command in a container takes a while, and five take no longer. */
final class Together {

  private Together() {}

  /** Does it with each, on a thread each; the first failure is thrown once all are done. */
  static void forEach(Collection<String> nodeIds, Consumer<String> deed) {
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (String id : nodeIds) {
      running.add(CompletableFuture.runAsync(() -> deed.accept(id), task -> start(id, task)));
    }
    try {
      CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static void start(String id, Runnable task) {
    Thread thread = new Thread(task, "container-" + id);
    thread.setDaemon(true);
    thread.start();
  }
}
