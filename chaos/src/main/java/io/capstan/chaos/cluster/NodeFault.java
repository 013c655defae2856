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
  CUT,
  /** Links that carry late. */
  SLOW_LINK,
  /** Links that lose some of what they carry. */
  LOSSY_LINK,
  /** A wall clock that stands wrong. */
  SKEW_CLOCK,
  /** A disk without room. */
  FULL_DISK,
  /** Several nodes dead at the same moment. */
  LOSE_POWER,
  /** A further node beside those that began the cluster. */
  ADD
}
