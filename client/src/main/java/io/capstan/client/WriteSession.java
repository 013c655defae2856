package io.capstan.client;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The session whose operation ids make a retried CP write happen once (Ongaro, "Consensus: Bridging
 * Theory and Practice", 2014, section 6.3). Registered in the log when the first write needs it,
 * and again when the cluster has forgotten it.
 *
 * <p>The cluster remembers only the newest sequences of a session, its window. So a sequence is
 * handed out only while it and the oldest open one fit into the window together; further writes
 * wait in a bounded queue. Safe for use by several threads; the lock is held for a few
 * instructions, and nobody is told anything under it.
 */
final class WriteSession {
  /** Where the cluster does not say. */
  static final int WINDOW_DEFAULT_OPERATIONS = 256;

  /** A larger window is not made use of. */
  static final int WINDOW_MAX_OPERATIONS = 65_536;

  /** Writes that may wait for a place in the window. */
  static final int WAITING_MAX_OPERATIONS = 4_096;

  /** A write this close to its deadline is not kept for another attempt to open the session. */
  static final long NEAR_DEADLINE_NANOS = 50_000_000;

  /** The opening ends so much before the write that waits for it, so that the write hears why. */
  static final long OPENING_MARGIN_NANOS = 30_000_000;

  /** An operation id that nobody else uses, valid until it is released. */
  record Ticket(long session, long sequence) {}

  /** Told once, possibly before {@link #acquire} returns. */
  interface Waiter {
    void granted(Ticket ticket);

    void refused(Failure failure);
  }

  /** Told how the registration of a session in the log went. */
  interface Opened {
    void opened(int windowOperations);

    void failed(Failure failure);
  }

  /** Registers a session in the log; idempotent, so it may be tried again by itself. */
  interface Opener {
    void open(long session, long deadlineNanos, Opened opened);
  }

  private final class Waiting {
    final Waiter waiter;
    final long deadlineNanos;
    boolean gone;
    Delays.@Nullable Task limit;

    Waiting(Waiter waiter, long deadlineNanos) {
      this.waiter = waiter;
      this.deadlineNanos = deadlineNanos;
    }
  }

  private final Opener opener;
  private final Delays delays;

  // All guarded by this.
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private int waitingCount;
  private long session;
  private boolean opening;
  private int window = WINDOW_DEFAULT_OPERATIONS;
  private long nextSequence = 1;
  private long oldestOpen = 1;
  private BitSet finished = new BitSet();

  WriteSession(Opener opener, Delays delays) {
    this.opener = opener;
    this.delays = delays;
  }

  /** Asks for an operation id; the waiter is told by the deadline at the latest. */
  void acquire(long deadlineNanos, Waiter waiter) {
    Ticket ticket = null;
    Waiting waiting = null;
    boolean open = false;
    synchronized (this) {
      if (session != 0 && waitingCount == 0 && hasRoom()) {
        ticket = issue();
      } else if (waitingCount < WAITING_MAX_OPERATIONS) {
        waiting = new Waiting(waiter, deadlineNanos);
        queue.add(waiting);
        waitingCount++;
        open = session == 0 && !opening;
        opening |= open;
      }
    }
    if (ticket != null) {
      waiter.granted(ticket);
    } else if (waiting == null) {
      waiter.refused(
          Failure.notSent(
              ErrorCode.OVERLOADED,
              WAITING_MAX_OPERATIONS + " writes of this client wait already.",
              "Wait for answers before sending more, or use several clients."));
    } else {
      limit(waiting);
      if (open) {
        open(deadlineNanos);
      }
    }
  }

  private void limit(Waiting waiting) {
    long nanos = waiting.deadlineNanos - System.nanoTime();
    Delays.Task task = delays.after(nanos, () -> expire(waiting));
    boolean late;
    synchronized (this) {
      waiting.limit = task;
      late = waiting.gone;
    }
    if (late) {
      task.cancel();
    }
  }

  private void expire(Waiting waiting) {
    boolean hadSession;
    synchronized (this) {
      if (!take(waiting)) {
        return;
      }
      queue.remove(waiting);
      hadSession = session != 0;
    }
    waiting.waiter.refused(
        hadSession
            ? Failure.notSent(
                ErrorCode.TIMEOUT,
                "The write waited for its turn until its deadline and was never sent.",
                "Allow more time, or send fewer writes at once.")
            : Failure.notSent(
                ErrorCode.TIMEOUT,
                "The cluster opened no session before the deadline. Without one a write that is"
                    + " repeated might count twice, so it was never sent. A majority of the nodes"
                    + " opens one.",
                "Allow more time, or see with capstan status which nodes answer."));
  }

  /** The operation of this ticket will not be sent again. */
  void release(Ticket ticket) {
    List<Runnable> grants;
    synchronized (this) {
      if (ticket.session() != session) {
        return;
      }
      finished.set(slot(ticket.sequence()));
      while (oldestOpen < nextSequence && finished.get(slot(oldestOpen))) {
        finished.clear(slot(oldestOpen));
        oldestOpen++;
      }
      grants = drain();
    }
    grants.forEach(Runnable::run);
  }

  /** The cluster does not know this session: writes that wait, and the next one, need another. */
  void forget(long forgotten) {
    long deadlineNanos;
    synchronized (this) {
      if (session != forgotten) {
        return;
      }
      session = 0;
      if (waitingCount == 0 || opening) {
        return;
      }
      opening = true;
      deadlineNanos = queue.getFirst().deadlineNanos;
    }
    open(deadlineNanos);
  }

  private void open(long deadlineNanos) {
    long number = 0;
    while (number == 0) {
      number = ThreadLocalRandom.current().nextLong();
    }
    long chosen = number;
    long remaining = deadlineNanos - System.nanoTime();
    opener.open(
        chosen,
        deadlineNanos - Math.min(OPENING_MARGIN_NANOS, Math.max(0, remaining / 4)),
        new Opened() {
          @Override
          public void opened(int windowOperations) {
            WriteSession.this.opened(chosen, windowOperations);
          }

          @Override
          public void failed(Failure failure) {
            openFailed(failure);
          }
        });
  }

  private void opened(long number, int windowOperations) {
    List<Runnable> grants;
    synchronized (this) {
      opening = false;
      session = number;
      window =
          windowOperations > 0
              ? Math.min(windowOperations, WINDOW_MAX_OPERATIONS)
              : WINDOW_DEFAULT_OPERATIONS;
      nextSequence = 1;
      oldestOpen = 1;
      finished = new BitSet(window);
      grants = drain();
    }
    grants.forEach(Runnable::run);
  }

  private void openFailed(Failure failure) {
    List<Waiting> refused = new ArrayList<>();
    long nextDeadlineNanos = 0;
    boolean again;
    boolean hopeless = !failure.isPassing() || failure.code().equals(ErrorCode.UNREACHABLE);
    long soon = System.nanoTime() + NEAR_DEADLINE_NANOS;
    synchronized (this) {
      for (Waiting waiting : List.copyOf(queue)) {
        if ((hopeless || waiting.deadlineNanos - soon < 0) && take(waiting)) {
          queue.remove(waiting);
          refused.add(waiting);
        }
      }
      again = waitingCount > 0;
      opening = again;
      if (again) {
        nextDeadlineNanos = queue.getFirst().deadlineNanos;
      }
    }
    refused.forEach(waiting -> waiting.waiter.refused(failure));
    if (again) {
      open(nextDeadlineNanos);
    }
  }

  private boolean hasRoom() {
    return nextSequence - oldestOpen < window;
  }

  private Ticket issue() {
    return new Ticket(session, nextSequence++);
  }

  private int slot(long sequence) {
    return (int) (sequence % window);
  }

  private List<Runnable> drain() {
    List<Runnable> grants = List.of();
    while (session != 0 && !queue.isEmpty() && hasRoom()) {
      Waiting waiting = queue.poll();
      if (take(waiting)) {
        Ticket ticket = issue();
        grants = grants.isEmpty() ? new ArrayList<>() : grants;
        grants.add(() -> waiting.waiter.granted(ticket));
      }
    }
    return grants;
  }

  private boolean take(Waiting waiting) {
    if (waiting.gone) {
      return false;
    }
    waiting.gone = true;
    waitingCount--;
    if (waiting.limit != null) {
      waiting.limit.cancel();
    }
    return true;
  }
}
