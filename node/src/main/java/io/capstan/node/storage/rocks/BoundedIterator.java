package io.capstan.node.storage.rocks;

import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;

/**
 * An iterator that sees one range of one column family as it was when the iterator was made, with
 * the native objects that it needs.
 *
 * <p>The bounds are RocksDB's own, not compared here: an iterator that runs into a neighbouring
 * range may have to step over any number of deleted rows there before it can say so.
 */
final class BoundedIterator implements AutoCloseable {

  private final StorageEngine engine;
  private final Slice lowerBound;
  private final Slice upperBound;
  private final ReadOptions options;
  private final RocksIterator rows;

  BoundedIterator(
      StorageEngine engine, RocksDB database, ColumnFamilyHandle family, byte[] from, byte[] to) {
    this.engine = engine;
    lowerBound = new Slice(from);
    upperBound = new Slice(to);
    options =
        new ReadOptions()
            .setVerifyChecksums(true)
            .setIterateLowerBound(lowerBound)
            .setIterateUpperBound(upperBound);
    rows = database.newIterator(family, options);
  }

  void toFirst() {
    rows.seekToFirst();
  }

  void toLast() {
    rows.seekToLast();
  }

  void next() {
    rows.next();
  }

  /** Whether the iterator is on a row; false means the end of the range, never an error. */
  boolean onRow() {
    if (rows.isValid()) {
      return true;
    }
    try {
      rows.status();
      return false;
    } catch (RocksDBException e) {
      throw engine.fail("Rows could not be read", e);
    }
  }

  byte[] key() {
    return rows.key();
  }

  byte[] value() {
    return rows.value();
  }

  @Override
  public void close() {
    rows.close();
    options.close();
    upperBound.close();
    lowerBound.close();
  }
}
