package io.capstan.chaos.sim;

/**
 * One run of one process as it introduces itself to others. What it has sent stays its own, however
 * late it arrives and whoever goes by its name by then.
 */
final class Speaker {
  private final int number;
  private final String id;
  private final long incarnation;
  private long clusterId;
  private long joinedIndex;

  Speaker(int number, String id, long incarnation) {
    this.number = number;
    this.id = id;
    this.incarnation = incarnation;
  }

  int number() {
    return number;
  }

  String id() {
    return id;
  }

  long incarnation() {
    return incarnation;
  }

  /** Which cluster it says that it belongs to; 0 where it has yet to learn it. */
  long clusterId() {
    return clusterId;
  }

  /** By which entry it says that it became a member. */
  long joinedIndex() {
    return joinedIndex;
  }

  void belongsTo(long cluster, long joined) {
    clusterId = cluster;
    joinedIndex = joined;
  }

  /** Where it says that it is reached. */
  String peerAddress() {
    return addressOf(id);
  }

  static String addressOf(String id) {
    return id + ".peer:7201";
  }
}
