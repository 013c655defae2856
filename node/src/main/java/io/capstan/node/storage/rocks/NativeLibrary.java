package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;

/**
 * Loads RocksDB's native library without leaving a copy of it behind.
 *
 * <p>RocksDB unpacks its library into the temporary folder and deletes it when the JVM exits in
 * good order: every process that is killed leaves 17 MB there for ever. Where the operating system
 * lets a loaded library be unlinked, we unlink it at once; elsewhere RocksDB's way still applies.
 * Nothing is unpacked where {@code java.library.path} names a folder that has the library: {@link
 * #keepUnpacked} makes one.
 *
 * <p>Thread-safe.
 */
public final class NativeLibrary {

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

  /**
   * Unpacks the library for processes that will be started with this folder as their {@code
   * java.library.path}. Does nothing where that was done before, or where RocksDB has the library
   * of this machine under another name.
   *
   * @throws IOException where the folder cannot be written
   */
  public static void keepUnpacked(Path folder) throws IOException {
    String name = Environment.getJniLibraryFileName("rocksdb");
    Path kept = folder.resolve(name);
    if (Files.exists(kept)) {
      return;
    }
    try (InputStream packed = RocksDB.class.getResourceAsStream("/" + name)) {
      if (packed == null) {
        return;
      }
      Files.createDirectories(folder);
      Path unpacked = Files.createTempFile(folder, "unpacking", "");
      try {
        Files.copy(packed, unpacked, StandardCopyOption.REPLACE_EXISTING);
        // At once or not at all: others may start at this moment.
        Files.move(unpacked, kept, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(unpacked);
      }
    }
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
