package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;

@DisplayName("RocksDB's native library")
class NativeLibraryTest {
  private static final String NAME = Environment.getJniLibraryFileName("rocksdb");

  @TempDir private Path folder;

  @Test
  @DisplayName("is unpacked whole into a folder that need not exist, and once only")
  void isKept() throws IOException {
    Path kept = folder.resolve("native");

    NativeLibrary.keepUnpacked(kept);

    try (InputStream packed = RocksDB.class.getResourceAsStream("/" + NAME)) {
      assertThat(packed).isNotNull();
      assertThat(kept.resolve(NAME)).hasBinaryContent(packed.readAllBytes());
    }
    assertThat(filesOf(kept)).containsExactly(kept.resolve(NAME));

    // What lies there is left alone: processes may have it loaded.
    Files.writeString(kept.resolve(NAME), "loaded by others");
    NativeLibrary.keepUnpacked(kept);
    assertThat(kept.resolve(NAME)).hasContent("loaded by others");
  }

  @Test
  @DisplayName("is not kept where the folder cannot be made")
  void isNotKept() throws IOException {
    Path taken = Files.createFile(folder.resolve("native"));

    assertThatThrownBy(() -> NativeLibrary.keepUnpacked(taken)).isInstanceOf(IOException.class);

    assertThat(filesOf(folder)).containsExactly(taken);
  }

  private static List<Path> filesOf(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
