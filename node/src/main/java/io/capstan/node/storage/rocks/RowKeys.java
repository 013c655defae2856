package io.capstan.node.storage.rocks;

import io.capstan.node.storage.Table;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The layout on disk of one group: names of column families and keys of rows. Changing anything
 * here is a new format version of the data folder.
 *
 * <pre>
 * column family   key                                         value
 * default         "owner"                                     incarnation of the folder
 * log             group (4)  index (8)                        {@link LogRecord}
 * meta            group (4)  kind (1)  key of the row         value of the row
 * meta            group (4)  0         (nothing)              {@link HardStateRecord}
 * meta            group (4)  0         'i'                    SnapshotManifest: being installed
 * g1.k17          group (4)  kind (1)  key of the row         value of the row
 * </pre>
 *
 * <p>All numbers are big-endian, so that byte order is number order. Every key begins with its
 * group: a node that holds a second group needs no other format. A keyspace has one column family
 * for its tables, told apart by the kind: it can be dropped, exported and installed alone, and a
 * thousand keyspaces cost a thousand memtables rather than several thousand.
 *
 * <p>Immutable.
 */
final class RowKeys {

  static final String LOG_FAMILY = "log";
  static final String META_FAMILY = "meta";

  static final int GROUP_BYTES = 4;
  static final int LOG_KEY_BYTES = GROUP_BYTES + 8;
  static final int ROW_PREFIX_BYTES = GROUP_BYTES + 1;

  /** The largest group id that fits the four bytes of the keys. */
  static final long GROUP_ID_MAX = 0xFFFF_FFFFL;

  private static final byte HARD_STATE = 0;
  private static final byte LOG_START = 1;
  private static final byte INSTALLING = 'i';

  private final int group;

  /**
   * Keys of one group.
   *
   * @throws IllegalArgumentException when the id is not within 1 and {@link #GROUP_ID_MAX}
   */
  RowKeys(long groupId) {
    if (groupId < 1 || groupId > GROUP_ID_MAX) {
      throw new IllegalArgumentException(
          "group id " + groupId + " must be within 1 and " + GROUP_ID_MAX);
    }
    group = (int) groupId;
  }

  /** The code of a kind of table within a key; part of the format, never renumbered. */
  static byte code(Table.Kind kind) {
    return switch (kind) {
      case META -> 1;
      case SESSIONS -> 2;
      case DATA -> 3;
      case DOTS -> 4;
      case CLOCK -> 5;
      case LEDGER -> 6;
      case HINTS -> 7;
      case CHECKPOINT -> 8;
    };
  }

  /** The column family of a keyspace. */
  String keyspaceFamily(long keyspaceId) {
    return familyPrefix() + Long.toUnsignedString(keyspaceId);
  }

  /** The keyspace that a column family belongs to, or null where it is none of this group. */
  @Nullable Long keyspaceOf(String family) {
    if (!family.startsWith(familyPrefix())) {
      return null;
    }
    return Long.parseUnsignedLong(family.substring(familyPrefix().length()));
  }

  private String familyPrefix() {
    return "g" + Integer.toUnsignedLong(group) + ".k";
  }

  /** The key of a log entry. */
  byte[] logKey(long index) {
    return bigEndian(LOG_KEY_BYTES).putInt(group).putLong(index).array();
  }

  /** The index within a key made by {@link #logKey}. */
  static long logIndex(byte[] key) {
    return ByteBuffer.wrap(key).order(ByteOrder.BIG_ENDIAN).getLong(GROUP_BYTES);
  }

  /** Where the group's log ends: a key above that of every index. */
  byte[] logEnd() {
    return bigEndian(GROUP_BYTES + 8).putInt(group).putLong(-1L).array();
  }

  /** The key of a row of a table; with an empty key, where the table begins. */
  byte[] rowKey(Table table, byte[] key) {
    return bigEndian(ROW_PREFIX_BYTES + key.length)
        .putInt(group)
        .put(code(table.kind()))
        .put(key)
        .array();
  }

  /** Where a table ends: the first key that belongs to the next kind. */
  byte[] tableEnd(Table table) {
    byte next = (byte) (code(table.kind()) + 1);
    return bigEndian(ROW_PREFIX_BYTES).putInt(group).put(next).array();
  }

  /** Where the group's own tables begin: those of a snapshot, so not the hard state. */
  byte[] groupTablesStart() {
    return rowKey(Table.META, new byte[0]);
  }

  /** Where the group's own tables end. */
  byte[] groupTablesEnd() {
    return tableEnd(Table.SESSIONS);
  }

  /** The first key that a row of the group can have. */
  byte[] groupStart() {
    return bigEndian(GROUP_BYTES).putInt(group).array();
  }

  /** A key above those of all rows of the group. */
  byte[] groupEnd() {
    return bigEndian(ROW_PREFIX_BYTES).putInt(group).put((byte) -1).array();
  }

  /** The key of the snapshot that is being installed. */
  byte[] installingKey() {
    return bigEndian(ROW_PREFIX_BYTES + 1).putInt(group).put(HARD_STATE).put(INSTALLING).array();
  }

  /** The key of the group's hard state. */
  byte[] hardStateKey() {
    return bigEndian(ROW_PREFIX_BYTES).putInt(group).put(HARD_STATE).array();
  }

  /** The key of what the removed beginning of the group's log stands for. */
  byte[] logStartKey() {
    return bigEndian(ROW_PREFIX_BYTES + 1).putInt(group).put(HARD_STATE).put(LOG_START).array();
  }

  private static ByteBuffer bigEndian(int size) {
    return ByteBuffer.wrap(new byte[size]).order(ByteOrder.BIG_ENDIAN);
  }
}
