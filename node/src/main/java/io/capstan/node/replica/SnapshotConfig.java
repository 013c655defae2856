package io.capstan.node.replica;

/**
 * When the log is cut, and how snapshots travel.
 *
 * @param logEntriesMax the log is cut when it holds more applied entries. Too small: a follower
 *     that was away for a moment needs a snapshot; too large: disk
 * @param logBytesMax the log is cut when more bytes of entries were appended since the last cut. It
 *     bounds the disk that the log takes, whatever the size of entries
 * @param logEntriesKept the newest applied entries that a cut leaves for slow followers, as long as
 *     they are not more than half of logBytesMax
 * @param chunkBytes of one message
 * @param windowChunks chunks under way at once to one follower. Too small: bound by the round trip;
 *     too large: memory on both sides
 * @param bytesPerSecondMax over all transfers of this node, so that clients are still served
 * @param answerTimeoutMillis after such a silence the receiver is asked where it stands
 * @param attemptsMax questions without an answer after which a transfer is given up; the leader
 *     begins again when the follower is heard
 * @param exportKeptMillis how long an export that nobody fetches is kept for the next follower
 */
public record SnapshotConfig(
    long logEntriesMax,
    long logBytesMax,
    long logEntriesKept,
    int chunkBytes,
    int windowChunks,
    long bytesPerSecondMax,
    long answerTimeoutMillis,
    int attemptsMax,
    long exportKeptMillis) {

  /** For nodes of one data centre. */
  public static final SnapshotConfig DEFAULT =
      new SnapshotConfig(100_000, 256L << 20, 10_000, 256 << 10, 8, 64L << 20, 1_000, 10, 60_000);

  public SnapshotConfig {
    if (logEntriesMax < 1 || logBytesMax < 1 || logEntriesKept < 0) {
      throw new IllegalArgumentException(
          "logEntriesMax and logBytesMax must be at least 1, logEntriesKept at least 0");
    }
    if (chunkBytes < 1 || windowChunks < 1 || bytesPerSecondMax < 1) {
      throw new IllegalArgumentException(
          "chunkBytes, windowChunks and bytesPerSecondMax must be at least 1");
    }
    if (answerTimeoutMillis < 1 || attemptsMax < 1 || exportKeptMillis < 0) {
      throw new IllegalArgumentException(
          "answerTimeoutMillis and attemptsMax must be at least 1, exportKeptMillis at least 0");
    }
  }
}
