package io.capstan.chaos.cluster;

import io.capstan.node.server.config.Setting;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps processes ready that can become a node at once ({@link SpareNode}). A cluster of which a
 * node is killed each second needs a new process each second: most of what that costs is paid here
 * by processes that yield the processor to those that serve, and some of it before it all begins.
 *
 * <p>Where none is ready a node's process is forked as ever. Thread-safe.
 */
public final class SpareNodes implements NodeStarter, AutoCloseable {
  private static final int NICENESS = 5;
  private static final long RENICE_MAX_SECONDS = 5;

  /** A spare that is not ready by then is given up. */
  private static final long READY_MAX_SECONDS = 120;

  private final List<String> command;
  private final Path folder;
  private final int target;
  private final int ownNiceness;
  private final boolean yielding;
  private final Deque<Process> ready = new ArrayDeque<>();
  private final Thread forge = new Thread(this::refill, "spare-nodes");
  private @Nullable Process rehearsing;
  private boolean closed;
  private int made;
  private int taken;
  private int forked;

  /**
   * Makes spares from now on.
   *
   * @param command a Java command line without a main class; its class path leads to {@link
   *     SpareNode}
   * @param folder where the spares rehearse and log; made where missing
   * @param target so many are held ready
   */
  public SpareNodes(List<String> command, Path folder, int target) throws IOException {
    this.command = List.copyOf(command);
    this.folder = Files.createDirectories(folder);
    this.target = target;
    this.ownNiceness = ownNiceness();
    this.yielding = mayTakeNicenessBack();
    forge.start();
  }

  /** Waits until as many are ready as shall be. */
  public synchronized void awaitFull() throws InterruptedException {
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_MAX_SECONDS) * target;
    while (ready.size() < target) {
      long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
      if (closed || leftMillis <= 0) {
        throw new IllegalStateException(
            ready.size() + " of " + target + " spare nodes are ready; their logs are in " + folder);
      }
      wait(leftMillis);
    }
  }

  /** How many processes became a node that were ready for it. */
  public synchronized int taken() {
    return taken;
  }

  /** How many processes had to be forked, since none was ready. */
  public synchronized int forked() {
    return forked;
  }

  @Override
  public Process start(ProcessBuilder node) throws IOException {
    Process spare = take();
    if (spare == null) {
      return node.start();
    }
    if (yielding) {
      renice(spare, ownNiceness);
    }
    Writer order = new OutputStreamWriter(spare.getOutputStream(), StandardCharsets.UTF_8);
    order.write(node.redirectOutput().file() + "\n" + node.command().getLast() + "\n");
    order.flush();
    return spare;
  }

  private synchronized @Nullable Process take() {
    Process spare = ready.poll();
    while (spare != null && !spare.isAlive()) {
      spare = ready.poll();
    }
    if (spare == null) {
      forked++;
    } else {
      taken++;
    }
    notifyAll();
    return spare;
  }

  // ---- making them ----

  private void refill() {
    try {
      while (true) {
        Process spare;
        synchronized (this) {
          while (!closed && ready.size() >= target) {
            wait();
          }
          if (closed) {
            return;
          }
          spare = fork();
          rehearsing = spare;
        }
        boolean good = awaitReady(spare);
        synchronized (this) {
          rehearsing = null;
          if (good && !closed) {
            ready.add(spare);
          } else {
            // The next one would not be better.
            spare.destroyForcibly();
            closed = true;
          }
          notifyAll();
        }
      }
    } catch (IOException | InterruptedException e) {
      // The spares run out: nodes are forked then.
      synchronized (this) {
        closed = true;
        notifyAll();
      }
    }
  }

  private Process fork() throws IOException {
    Path home = Files.createDirectory(folder.resolve("spare-" + ++made));
    List<String> line = new ArrayList<>();
    if (yielding) {
      line.addAll(List.of("nice", "-n", Integer.toString(NICENESS)));
    }
    line.addAll(command);
    line.addAll(List.of(SpareNode.class.getName(), home.resolve("data").toString()));
    ProcessBuilder builder = new ProcessBuilder(line);
    Stream.of(Setting.values())
        .map(Setting::environmentVariable)
        .forEach(builder.environment()::remove);
    builder.environment().put("CAPSTAN_LOG_LEVEL", "INFO");
    builder.directory(home.toFile());
    builder.redirectError(home.resolve("spare.log").toFile());
    return builder.start();
  }

  private static boolean awaitReady(Process spare) {
    CompletableFuture<Void> alarm =
        CompletableFuture.runAsync(
            spare::destroyForcibly,
            CompletableFuture.delayedExecutor(READY_MAX_SECONDS, TimeUnit.SECONDS));
    try {
      BufferedReader said = spare.inputReader(StandardCharsets.UTF_8);
      return SpareNode.READY.equals(said.readLine());
    } catch (IOException e) {
      return false;
    } finally {
      alarm.cancel(false);
    }
  }

  // ---- priorities ----

  /** What this process has, and so the nodes that it forks. */
  private static int ownNiceness() throws IOException {
    try (BufferedReader said =
        new ProcessBuilder("nice").start().inputReader(StandardCharsets.UTF_8)) {
      return Integer.parseInt(String.valueOf(said.readLine()).strip());
    }
  }

  /** Only the administrator may make a process less yielding again. */
  private boolean mayTakeNicenessBack() throws IOException {
    Process probe = new ProcessBuilder("nice", "-n", "1", "sleep", "60").start();
    try {
      return renice(probe, ownNiceness);
    } finally {
      probe.destroyForcibly();
    }
  }

  /** Of all threads, for Linux keeps it by thread. */
  private static boolean renice(Process process, int niceness) throws IOException {
    List<String> line = new ArrayList<>(List.of("renice", "-n", Integer.toString(niceness), "-p"));
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
      threads.forEach(thread -> line.add(thread.getFileName().toString()));
    } catch (IOException notLinux) {
      line.add(Long.toString(process.pid()));
    }
    Process renice =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      return renice.waitFor(RENICE_MAX_SECONDS, TimeUnit.SECONDS) && renice.exitValue() == 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      ready.forEach(Process::destroyForcibly);
      ready.clear();
      if (rehearsing != null) {
        rehearsing.destroyForcibly();
      }
      notifyAll();
    }
    try {
      forge.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
