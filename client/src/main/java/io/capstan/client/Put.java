package io.capstan.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A write of one key. Immutable: each method returns a changed copy.
 *
 * @param keyspace null for the default of the client
 * @param level null for the default of the keyspace's mode
 * @param ifVersion CP only: write only where the key's version is this one; null for any
 * @param ifAbsent CP only: write only where the key has no value
 * @param context from an earlier receipt: replaces exactly what that receipt saw; null for none
 * @param timeout null for the default of the client
 * @param linger how much longer the answer of an attempt is waited for that was sent in time and is
 *     not repeated (a write of an AP keyspace): what became of it is known then. Null for not at
 *     all
 * @param repeats whether it is repeated in an AP keyspace too: see {@link #repeatedWhereUnclear()}
 */
public record Put(
    Bytes key,
    Bytes value,
    @Nullable String keyspace,
    @Nullable Level level,
    @Nullable Long ifVersion,
    boolean ifAbsent,
    @Nullable Bytes context,
    @Nullable Duration timeout,
    @Nullable Duration linger,
    boolean repeats) {

  public static Put of(Bytes key, Bytes value) {
    return new Put(key, value, null, null, null, false, null, null, null, false);
  }

  public static Put of(String key, String value) {
    return of(Bytes.of(key), Bytes.of(value));
  }

  public Put keyspace(@Nullable String name) {
    return new Put(key, value, name, level, ifVersion, ifAbsent, context, timeout, linger, repeats);
  }

  public Put level(@Nullable Level wanted) {
    return new Put(
        key, value, keyspace, wanted, ifVersion, ifAbsent, context, timeout, linger, repeats);
  }

  public Put ifVersion(long version) {
    return new Put(
        key, value, keyspace, level, version, ifAbsent, context, timeout, linger, repeats);
  }

  /** Writes only where the key has no value. */
  public Put onlyIfAbsent() {
    return new Put(key, value, keyspace, level, ifVersion, true, context, timeout, linger, repeats);
  }

  public Put context(@Nullable Bytes seen) {
    return new Put(
        key, value, keyspace, level, ifVersion, ifAbsent, seen, timeout, linger, repeats);
  }

  public Put timeout(@Nullable Duration limit) {
    return new Put(
        key, value, keyspace, level, ifVersion, ifAbsent, context, limit, linger, repeats);
  }

  public Put linger(@Nullable Duration limit) {
    return new Put(
        key, value, keyspace, level, ifVersion, ifAbsent, context, timeout, limit, repeats);
  }

  /**
   * Repeats it until its deadline, through other nodes too, while nobody can say whether it was
   * applied. In a CP keyspace that is so anyway. In an AP keyspace an unclear write ends UNKNOWN
   * unless this is asked for.
   *
   * <p>All attempts carry one operation id, by which nodes recognise a write that they hold, or
   * that was replaced by one that they hold: it is not applied again, and the answer is OK. A node
   * that has heard of neither applies it. Both copies count as one write when they meet, and show
   * no more if somebody had replaced one of them. What is left:
   *
   * <ul>
   *   <li>In a keyspace where the latest write wins, the second copy is as late as the attempt that
   *       made it: it may win against a write that replaced the first, which is in the ledger then.
   *   <li>What nodes remember is bounded ("A put or a delete that is sent again" in docs/ap.md): a
   *       copy beyond that shows beside the value that replaced the first one.
   * </ul>
   *
   * <p>A second call of {@code put} has another operation id, and is another write to everybody.
   */
  public Put repeatedWhereUnclear() {
    return new Put(
        key, value, keyspace, level, ifVersion, ifAbsent, context, timeout, linger, true);
  }
}
