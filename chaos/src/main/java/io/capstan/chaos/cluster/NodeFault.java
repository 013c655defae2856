package io.capstan.chaos.cluster;

/** What can be done to nodes and links. Not every substrate can do everything. */
public enum NodeFault {
  /** An orderly stop and a later start. */
  STOP,
  /** Death without warning (SIGKILL). */
  KILL,
  /** Held still and let go again (SIGSTOP, SIGCONT). */
  PAUSE,
  /** Cutting single directed links. */
  CUT
}
