package io.capstan.node.replica;

import io.capstan.node.type.TypeLimits;

/** Sizes that every node enforces, so that what one accepts all can hold. */
public final class RequestLimits {

  /** Members of one group, those that come and go included. */
  public static final int MEMBERS_MAX = 15;

  /** A key has 1 to this many bytes. */
  public static final int KEY_SIZE_MAX_BYTES = 4_096;

  /** A value has 0 to this many bytes. */
  public static final int VALUE_SIZE_MAX_BYTES = 1 << 20;

  /** An element of a set has 1 to this many bytes. */
  public static final int SET_ELEMENT_SIZE_MAX_BYTES = TypeLimits.SET_ELEMENT_SIZE_MAX_BYTES;

  /** Names of keyspaces. */
  public static final String NAME_PATTERN = "[a-z][a-z0-9-]{0,62}";

  /** Comparisons plus steps of one transaction. */
  public static final int TXN_STEPS_MAX = 256;

  /** All keys and values of one transaction together. */
  public static final int TXN_SIZE_MAX_BYTES = 2 << 20;

  /** Everything that the gets of one transaction answer together. */
  public static final int TXN_ANSWER_MAX_BYTES = 2 << 20;

  /** Rows of one page of a scan. */
  public static final int SCAN_ROWS_MAX = 1_000;

  /** Rows of a page where the client names no limit. */
  public static final int SCAN_ROWS_DEFAULT = 100;

  /** Bytes of keys and values after which a page ends, whatever its limit. */
  public static final int SCAN_PAGE_MAX_BYTES = 1 << 20;

  /** Keyspaces of one cluster. */
  public static final int KEYSPACES_MAX = 1_000;

  private RequestLimits() {}
}
