package io.capstan.chaos.cluster;

/** What a link does with the bytes that are given to it. */
public enum LinkMode {
  /** Bytes flow both ways. */
  OPEN,

  /**
   * Packets vanish without a word, as behind a firewall that drops. Connections stall in both
   * directions; the senders' TCP keeps what it could not deliver, so when the link opens again the
   * bytes flow on where they stopped. A connection that is opened meanwhile seems to be accepted,
   * but nothing passes; if its client is still there when the link opens, it is carried through,
   * and if it has given up, nothing of it is ever delivered (as if its SYN had been lost).
   */
  BLACKHOLE,

  /** Connections are reset, and so is each new one: the sender knows at once. */
  REFUSE
}
