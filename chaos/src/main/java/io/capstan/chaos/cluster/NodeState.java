package io.capstan.chaos.cluster;

import java.util.Locale;

/** What the cluster knows about one node from outside, without asking it. */
public enum NodeState {
  /** Its process (or server) runs; it may still be starting or recovering. */
  RUNNING,
  /** Held still by the operating system: it holds its connections and answers nothing. */
  PAUSED,
  /** Not running, as asked: it was never started, or was told to stop. */
  STOPPED,
  /** Not running: killed without a chance to write anything down. */
  KILLED,
  /** Not running, although nobody asked for that. */
  FAILED;

  /** Whether the node has a process, paused or not. */
  public boolean isAlive() {
    return this == RUNNING || this == PAUSED;
  }

  /** Returns the name as people and JSON see it: lower case. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
