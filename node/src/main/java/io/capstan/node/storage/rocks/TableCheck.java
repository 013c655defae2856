package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileReader;

/**
 * Finds the table file that keeps a store from opening. RocksDB reads table files while it reads
 * the list of them, and blames the list for what is wrong in one of them.
 */
final class TableCheck {

  private TableCheck() {}

  /**
   * Reads every table file of the folder.
   *
   * @param folder RocksDB's folder, not open in any process
   * @return which is damaged and how, as part of a sentence; null where none is
   */
  static @Nullable String firstDamaged(Path folder) {
    List<Path> tables;
    try (Stream<Path> listing = Files.list(folder)) {
      tables = listing.filter(file -> file.toString().endsWith(".sst")).sorted().toList();
    } catch (IOException e) {
      throw new StorageException("The folder " + folder + " cannot be read: " + e + ".", e);
    }
    try (Options options = new Options()) {
      for (Path table : tables) {
        try (SstFileReader reader = new SstFileReader(options)) {
          reader.open(table.toString());
          reader.verifyChecksum();
        } catch (RocksDBException damaged) {
          return "the table file " + table + " is damaged: " + damaged.getMessage();
        }
      }
    }
    return null;
  }
}
