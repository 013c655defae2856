package io.capstan.node.storage.rocks;

import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.Filter;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteOptions;

/**
 * Every option that RocksDB runs with, and the native objects behind them.
 *
 * <p>Memory: memtables of all column families together are bounded by {@link
 * EngineOptions#memtableBytes} (RocksDB flushes the family with the oldest rows when the sum grows
 * beyond), blocks, indexes and filters by {@link EngineOptions#blockCacheBytes}. A column family
 * that is written to takes at least one arena block, which is why those are small: a thousand
 * keyspaces must fit.
 */
final class NativeOptions implements AutoCloseable {

  private static final long ARENA_BLOCK_BYTES = 64L << 10;
  private static final int BLOCK_SIZE_BYTES = 8 << 10;
  private static final double BLOOM_BITS_PER_KEY = 10;
  private static final long INFO_LOG_FILE_MAX_BYTES = 4L << 20;
  private static final long INFO_LOG_FILES_MAX = 3;
  private static final long MANIFEST_MAX_BYTES = 16L << 20;
  private static final long BACKGROUND_SYNC_BYTES = 1L << 20;
  private static final int BACKGROUND_JOBS_MAX = 2;
  private static final int MEMTABLES_MAX = 4;

  private final Cache blockCache;
  private final Filter bloomFilter = new BloomFilter(BLOOM_BITS_PER_KEY);
  final DBOptions database = new DBOptions();
  final ColumnFamilyOptions log;
  final ColumnFamilyOptions rows;
  final ReadOptions read = new ReadOptions().setVerifyChecksums(true);
  final WriteOptions write = new WriteOptions().setSync(false).setDisableWAL(false);

  NativeOptions(EngineOptions options) {
    blockCache = new LRUCache(options.blockCacheBytes());
    setDatabaseOptions(options);
    log = logOptions(options);
    rows = rowOptions(options);
  }

  private void setDatabaseOptions(EngineOptions options) {
    database
        .setCreateIfMissing(true)
        .setCreateMissingColumnFamilies(true)
        .setParanoidChecks(true)
        // No damage is tolerated here: WalTail has cut a torn tail before. RocksDB's own tolerant
        // modes would also drop whole records in silence (see the tests of WalTail).
        .setWalRecoveryMode(WALRecoveryMode.AbsoluteConsistency)
        // A recycled log file has old records behind its end, which makes a tear hard to tell.
        .setRecycleLogFileNum(0)
        .setMaxTotalWalSize(options.walBytesMax())
        .setDbWriteBufferSize(options.memtableBytes())
        // The log is durable and replayed at the next start: stopping need not wait for flushes.
        .setAvoidFlushDuringShutdown(true)
        // A start after a crash pays the replay once: its rows are in table files afterwards.
        .setAvoidFlushDuringRecovery(false)
        // A failed write or sync is final. RocksDB must not resume by itself as if it had not been.
        .setMaxBgErrorResumeCount(0)
        // One flush and one compaction at a time: two cores belong to clients first.
        .setMaxBackgroundJobs(BACKGROUND_JOBS_MAX)
        .setMaxSubcompactions(1)
        // Table files reach the disk as they are written; a burst would hold up syncs of the log.
        .setBytesPerSync(BACKGROUND_SYNC_BYTES)
        .setMaxManifestFileSize(MANIFEST_MAX_BYTES)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setMaxLogFileSize(INFO_LOG_FILE_MAX_BYTES)
        .setKeepLogFileNum(INFO_LOG_FILES_MAX)
        .setStatsDumpPeriodSec(0)
        .setStatsPersistPeriodSec(0);
  }

  /** Written in order, read in order, later deleted from the front: neither filter nor effort. */
  private ColumnFamilyOptions logOptions(EngineOptions options) {
    return base(options)
        .setCompressionType(CompressionType.NO_COMPRESSION)
        .setTableFormatConfig(tables());
  }

  /** Read by key, often for a key that does not exist. */
  private ColumnFamilyOptions rowOptions(EngineOptions options) {
    return base(options)
        .setCompressionType(CompressionType.LZ4_COMPRESSION)
        .setTableFormatConfig(tables().setFilterPolicy(bloomFilter).setWholeKeyFiltering(true));
  }

  private ColumnFamilyOptions base(EngineOptions options) {
    return new ColumnFamilyOptions()
        .setWriteBufferSize(options.memtableBytes() / MEMTABLES_MAX)
        .setMaxWriteBufferNumber(MEMTABLES_MAX)
        .setArenaBlockSize(ARENA_BLOCK_BYTES)
        .setForceConsistencyChecks(true);
  }

  private BlockBasedTableConfig tables() {
    return new BlockBasedTableConfig()
        .setBlockCache(blockCache)
        .setBlockSize(BLOCK_SIZE_BYTES)
        // Otherwise indexes and filters are kept outside the cache, without a bound.
        .setCacheIndexAndFilterBlocks(true)
        .setPinL0FilterAndIndexBlocksInCache(true);
  }

  /** To be called after the database that uses the options is closed. */
  @Override
  public void close() {
    write.close();
    read.close();
    rows.close();
    log.close();
    database.close();
    bloomFilter.close();
    blockCache.close();
  }
}
