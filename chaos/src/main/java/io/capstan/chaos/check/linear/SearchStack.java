package io.capstan.chaos.check.linear;

import java.util.Arrays;

/** The open configurations of a depth-first search, as plain numbers side by side. */
final class SearchStack {
  private static final int FIELDS = 6;
  private static final int STATE = 0;
  private static final int PATH_START = 1;
  private static final int FIRST_RETURN = 2;
  private static final int NODE = 3;
  private static final int OPTIONAL = 4;
  private static final int STATE_BEFORE = 5;

  private int[] fields = new int[FIELDS * 64];
  private int top = -FIELDS;

  boolean isEmpty() {
    return top < 0;
  }

  /**
   * Opens a configuration.
   *
   * @param pathStart length of the path before the step that led here
   * @param firstReturn position of the first return that still stands
   * @param node the first call to try
   * @param stateBefore the state before the optional operation that led here and has yet to prove
   *     its use, or -1
   */
  void push(int state, int pathStart, int firstReturn, int node, int stateBefore) {
    top += FIELDS;
    if (top + FIELDS > fields.length) {
      fields = Arrays.copyOf(fields, fields.length * 2);
    }
    fields[top + STATE] = state;
    fields[top + PATH_START] = pathStart;
    fields[top + FIRST_RETURN] = firstReturn;
    fields[top + NODE] = node;
    fields[top + OPTIONAL] = 0;
    fields[top + STATE_BEFORE] = stateBefore;
  }

  void pop() {
    top -= FIELDS;
  }

  int state() {
    return fields[top + STATE];
  }

  int pathStart() {
    return fields[top + PATH_START];
  }

  int firstReturn() {
    return fields[top + FIRST_RETURN];
  }

  int node() {
    return fields[top + NODE];
  }

  void setNode(int node) {
    fields[top + NODE] = node;
  }

  int optional() {
    return fields[top + OPTIONAL];
  }

  void setOptional(int optional) {
    fields[top + OPTIONAL] = optional;
  }

  int stateBeforeOptional() {
    return fields[top + STATE_BEFORE];
  }
}
