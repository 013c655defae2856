package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a torn end of RocksDB's write-ahead log from damage, before RocksDB opens it.
 *
 * <p>The rule: a crash may leave the last record incomplete, or zeros where it should be. Such an
 * end was never acknowledged and is cut. A complete record with a wrong checksum was perhaps
 * acknowledged: the store refuses to open, at the end of the log too.
 *
 * <p>None of RocksDB's recovery modes is that rule. Point-in-time recovery drops the damaged record
 * and all that follow it, in silence. Tolerating a corrupted tail refuses a wrong checksum, but
 * takes a record whose length was damaged for an incomplete one, skips a block of zeros in the
 * middle, and refuses a long record of which only zeros remain. Absolute consistency accepts no
 * torn end. So the end is judged and cut here, and RocksDB runs with absolute consistency.
 *
 * <p>What makes the judgement safe is {@link #RECORD_END_BYTE}, which every batch ends with: a
 * record that ends in zeros was never completely on disk. And a record that seems to be longer than
 * the file is complete if the checksum fits some shorter length: then its length is what was
 * damaged.
 *
 * <p>A log in several files may be torn in the last one that has records. An older file with a torn
 * end is left as it is: RocksDB refuses it where it still needs it.
 *
 * <p>Format: <a href="https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format">RocksDB
 * wiki, Write Ahead Log File Format</a>.
 */
final class WalTail {

  /** The last byte of every batch in the log; not zero, nor likely to become zero by damage. */
  static final byte RECORD_END_BYTE = (byte) 0xA5;

  private static final Logger LOGGER = LoggerFactory.getLogger(WalTail.class);
  private static final Pattern FILE_NAME = Pattern.compile("[0-9]+\\.log");

  private WalTail() {}

  /**
   * Cuts the torn end of the log, if there is one; the cut is durable when this returns.
   *
   * @param folder RocksDB's folder, not open in any process
   * @return the bytes that were cut
   * @throws StorageException when a complete record is damaged
   */
  static long cutTorn(Path folder) throws IOException {
    List<Path> newestFirst = new ArrayList<>();
    try (Stream<Path> listing = Files.list(folder)) {
      listing.filter(file -> FILE_NAME.matcher(name(file)).matches()).forEach(newestFirst::add);
    }
    newestFirst.sort(Comparator.comparingLong(WalTail::number).reversed());
    long cutBytes = 0;
    boolean last = true;
    for (Path file : newestFirst) {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        long whole = new WalScan(file, channel).wholeBytes();
        if (last && whole < channel.size()) {
          cutBytes += channel.size() - whole;
          LOGGER.warn(
              "The log {} ends in {} bytes of a record that a crash left incomplete; it was never"
                  + " acknowledged and is cut",
              file,
              channel.size() - whole);
          channel.truncate(whole);
          channel.force(true);
        }
        // Behind a file that has whole records an incomplete end is a gap, not an end.
        last &= whole == 0;
      }
    }
    return cutBytes;
  }

  private static long number(Path file) {
    return Long.parseLong(name(file).substring(0, name(file).length() - ".log".length()));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }
}
