package io.capstan.chaos.sim;

/** Is told what happens in a run, for people to read; a run without one pays nothing for it. */
public interface Timeline {

  /**
   * Something happened.
   *
   * @param atNanos virtual time
   * @param who a node, a client, or a word for the rest
   * @param what one line
   */
  void happened(long atNanos, String who, String what);
}
