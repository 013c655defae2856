package io.capstan.node.server;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A queue from many producers to one consumer, bounded in number and in bytes, without locks.
 *
 * <p>Producers push onto a stack with one compare-and-set; the consumer takes the whole stack at
 * once and turns it around, so that what is drained costs one atomic operation however long it is.
 * Each node carries the totals below it, which makes the bounds free to check. Order is kept per
 * producer, and between producers wherever one push happened before another.
 *
 * <p>{@link #offer} and {@link #put} from any thread; {@link #poll} from one thread only.
 */
final class Inbox<T> {

  private static final VarHandle HEAD;
  private static final VarHandle TAKEN_COUNT;
  private static final VarHandle TAKEN_BYTES;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(Inbox.class, "head", Node.class);
      TAKEN_COUNT = lookup.findVarHandle(Inbox.class, "takenCount", int.class);
      TAKEN_BYTES = lookup.findVarHandle(Inbox.class, "takenBytes", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Node<T> {
    final T item;
    final int weight;
    final int sizeBytes;
    int totalCount;
    long totalBytes;
    @Nullable Node<T> next;

    Node(T item, int weight, int sizeBytes) {
      this.item = item;
      this.weight = weight;
      this.sizeBytes = sizeBytes;
    }
  }

  private volatile @Nullable Node<T> head;

  /** The consumer's own list, oldest first. */
  private @Nullable Node<T> taken;

  /** What {@link #taken} holds, published for the producers' bounds. */
  private volatile int takenCount;

  private volatile long takenBytes;

  private int polledWeight;
  private int polledBytes;

  /**
   * Appends the item unless the queue would then hold more than allowed.
   *
   * @param weight how many items this one counts for, at least 1
   * @param sizeBytes what the item occupies
   * @return whether it was taken
   */
  boolean offer(T item, int weight, int sizeBytes, int countMax, long bytesMax) {
    return push(new Node<>(item, weight, sizeBytes), countMax, bytesMax);
  }

  /** Appends the item whatever the queue holds: for the few that must never be dropped. */
  void put(T item) {
    push(new Node<>(item, 1, 0), Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  private boolean push(Node<T> node, int countMax, long bytesMax) {
    while (true) {
      Node<T> below = head;
      long count = (long) node.weight + takenCount + (below == null ? 0 : below.totalCount);
      long bytes = node.sizeBytes + takenBytes + (below == null ? 0 : below.totalBytes);
      if (count > countMax || bytes > bytesMax) {
        return false;
      }
      node.totalCount = node.weight + (below == null ? 0 : below.totalCount);
      node.totalBytes = node.sizeBytes + (below == null ? 0 : below.totalBytes);
      node.next = below;
      if (HEAD.compareAndSet(this, below, node)) {
        return true;
      }
    }
  }

  /** Removes and returns the oldest item, or null where there is none. */
  @Nullable T poll() {
    if (taken == null && !takeAll()) {
      return null;
    }
    Node<T> node = taken;
    if (node == null) {
      return null;
    }
    taken = node.next;
    polledWeight = node.weight;
    polledBytes = node.sizeBytes;
    TAKEN_COUNT.setRelease(this, takenCount - node.weight);
    TAKEN_BYTES.setRelease(this, takenBytes - node.sizeBytes);
    return node.item;
  }

  /** The weight of the item that was polled last. */
  int polledWeight() {
    return polledWeight;
  }

  /** The size of the item that was polled last. */
  int polledBytes() {
    return polledBytes;
  }

  @SuppressWarnings("unchecked")
  private boolean takeAll() {
    Node<T> newest = head == null ? null : (Node<T>) HEAD.getAndSet(this, null);
    if (newest == null) {
      return false;
    }
    // Published after the stack is empty: for an instant producers see too little, never too much,
    // so a call is not refused for room that is there.
    takenCount = newest.totalCount;
    takenBytes = newest.totalBytes;
    Node<T> oldestFirst = null;
    for (Node<T> node = newest; node != null; ) {
      Node<T> older = node.next;
      node.next = oldestFirst;
      oldestFirst = node;
      node = older;
    }
    taken = oldestFirst;
    return true;
  }

  /** Whether {@link #poll} would return null. Exact for the consumer, a glimpse for others. */
  boolean isEmpty() {
    return head == null && takenCount == 0;
  }

  /** How many items wait, by weight. */
  int count() {
    Node<T> newest = head;
    return takenCount + (newest == null ? 0 : newest.totalCount);
  }

  /** How many bytes wait. */
  long bytes() {
    Node<T> newest = head;
    return takenBytes + (newest == null ? 0 : newest.totalBytes);
  }
}
