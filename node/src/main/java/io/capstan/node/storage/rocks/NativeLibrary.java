package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/**
 * Loads RocksDB's native library without leaving a copy of it behind.
 *
 * <p>RocksDB unpacks its library into the temporary folder and deletes it when the JVM exits in
 * good order: every process that is killed leaves 17 MB there for ever. Where the operating system
 * lets a loaded library be unlinked, we unlink it at once; elsewhere RocksDB's way still applies.
 *
 * <p>Thread-safe.
 */
final class NativeLibrary {

  private static boolean loaded;

  private NativeLibrary() {}

  static synchronized void load() {
    if (loaded) {
      return;
    }
    try {
      Path unpacked = Files.createTempDirectory("capstan-rocksdb");
      try {
        NativeLibraryLoader.getInstance().loadLibrary(unpacked.toString());
      } finally {
        deleteWherePossible(unpacked);
      }
      // Finds the library loaded, and tells RocksDB's own classes so.
      RocksDB.loadLibrary();
    } catch (IOException | UnsatisfiedLinkError e) {
      throw new StorageException(
          "RocksDB's native library could not be unpacked into the temporary folder "
              + System.getProperty("java.io.tmpdir")
              + " ("
              + e.getMessage()
              + "). Free space there, or name another folder with -Djava.io.tmpdir.",
          e);
    }
    loaded = true;
  }

  private static void deleteWherePossible(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> listing = Files.list(folder)) {
      files = listing.toList();
    }
    try {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException stillMapped) {
      folder.toFile().deleteOnExit();
    }
  }
}
