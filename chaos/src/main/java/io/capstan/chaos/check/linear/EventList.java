package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.Arrays;
import java.util.Comparator;

/**
 * The calls and returns of the required operations by time, in a doubly linked circle through a
 * head. Placing an operation lifts its two entries out, going back puts them in again, both in
 * constant time and in reverse order (Knuth's dancing links). Calls are the nodes 0..count-1, their
 * returns count..2*count-1.
 */
final class EventList {
  private final Operation[] operations;
  private final int count;
  private final int head;
  private final int[] next;
  private final int[] previous;

  /** By operation: how many calls stand before its return. */
  private final int[] callsBeforeReturn;

  EventList(Operation[] operations) {
    this.operations = operations;
    this.count = operations.length;
    this.head = 2 * count;
    this.next = new int[2 * count + 1];
    this.previous = new int[2 * count + 1];
    this.callsBeforeReturn = new int[count];
    Integer[] nodes = new Integer[2 * count];
    Arrays.setAll(nodes, i -> i);
    Arrays.sort(nodes, Comparator.comparingInt(this::position));
    int last = head;
    int calls = 0;
    for (int node : nodes) {
      next[last] = node;
      previous[node] = last;
      last = node;
      if (node < count) {
        calls++;
      } else {
        callsBeforeReturn[node - count] = calls;
      }
    }
    next[last] = head;
    previous[head] = last;
  }

  private int position(int node) {
    return node < count
        ? operations[node].invokePosition()
        : operations[node - count].completePosition();
  }

  boolean isEmpty() {
    return next[head] == head;
  }

  boolean isCall(int node) {
    return node < count;
  }

  boolean isEnd(int node) {
    return node == head;
  }

  /** The operation of a call or return. */
  int owner(int node) {
    return node < count ? node : node - count;
  }

  /** The first node: the earliest call that is not placed. */
  int first() {
    return next[head];
  }

  int after(int node) {
    return next[node];
  }

  int before(int node) {
    return previous[node];
  }

  /**
   * The operation whose return comes first; it has to be placed before anything called after that.
   */
  int firstToReturn() {
    int node = next[head];
    while (node < count) {
      node = next[node];
    }
    return node - count;
  }

  int callsBeforeReturn(int operation) {
    return callsBeforeReturn[operation];
  }

  int returnPosition(int operation) {
    return operations[operation].completePosition();
  }

  void lift(int call) {
    int end = call + count;
    next[previous[call]] = next[call];
    previous[next[call]] = previous[call];
    next[previous[end]] = next[end];
    previous[next[end]] = previous[end];
  }

  void unlift(int call) {
    int end = call + count;
    next[previous[end]] = end;
    previous[next[end]] = end;
    next[previous[call]] = call;
    previous[next[call]] = call;
  }
}
