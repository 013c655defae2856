package io.capstan.chaos.check.linear;

import java.util.Arrays;

/** The open configurations of a depth-first search, as plain numbers side by side. */
final class SearchStack {
  /** The step that led here needs no proof of its use. */
  static final int PROVEN = 0;

  /** The step that led here was in vain if a blind call that could have come instead comes next. */
  static final int OVERWRITABLE = 1;

  /**
   * It was in vain if any call comes next that could have come instead and leads to the same state.
   */
  static final int SKIPPABLE = 2;

  private static final int NOT_STARTED = -1;
  private static final int FIELDS = 8;
  private static final int STATE = 0;
  private static final int PATH_START = 1;
  private static final int FIRST_RETURN = 2;
  private static final int CALLS = 3;
  private static final int COVERED = 4;
  private static final int PROOF = 5;
  private static final int NODE = 6;
  private static final int OPTIONAL = 7;

  private int[] fields = new int[FIELDS * 64];
  private int top = -FIELDS;

  boolean isEmpty() {
    return top < 0;
  }

  /**
   * Opens a configuration.
   *
   * @param state the object's state
   * @param pathStart length of the path before the step that led here
   * @param firstReturn position of the first return that still stands
   * @param calls how many calls stand before that return
   * @param covered calls below this number have seen a blind call placed
   * @param proof what the step that led here still has to prove
   * @param node the first call to try
   */
  void push(
      int state, int pathStart, int firstReturn, int calls, int covered, int proof, int node) {
    top += FIELDS;
    if (top + FIELDS > fields.length) {
      fields = Arrays.copyOf(fields, fields.length * 2);
    }
    fields[top + STATE] = state;
    fields[top + PATH_START] = pathStart;
    fields[top + FIRST_RETURN] = firstReturn;
    fields[top + CALLS] = calls;
    fields[top + COVERED] = covered;
    fields[top + PROOF] = proof;
    fields[top + NODE] = node;
    fields[top + OPTIONAL] = NOT_STARTED;
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

  int calls() {
    return fields[top + CALLS];
  }

  int covered() {
    return fields[top + COVERED];
  }

  int proof() {
    return fields[top + PROOF];
  }

  int node() {
    return fields[top + NODE];
  }

  void setNode(int node) {
    fields[top + NODE] = node;
  }

  /** Whether nothing was tried here yet; true once. */
  boolean startsHere() {
    boolean starts = fields[top + OPTIONAL] == NOT_STARTED;
    if (starts) {
      fields[top + OPTIONAL] = 0;
    }
    return starts;
  }

  int optional() {
    return fields[top + OPTIONAL];
  }

  void setOptional(int optional) {
    fields[top + OPTIONAL] = optional;
  }

  /** The state of the configuration below; there is one whenever something has to be proven. */
  int stateBelow() {
    return fields[top - FIELDS + STATE];
  }

  /** How many calls stood before the first return of the configuration below. */
  int callsBelow() {
    return fields[top - FIELDS + CALLS];
  }

  /** What was covered in the configuration below. */
  int coveredBelow() {
    return fields[top - FIELDS + COVERED];
  }

  /** The first return that stood in the configuration below. */
  int firstReturnBelow() {
    return fields[top - FIELDS + FIRST_RETURN];
  }
}
