package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {

  @TempDir private Path temporary;
  private Path folder;

  @BeforeEach
  void aFolderThatIsNotThereYet() {
    folder = temporary.resolve("data").resolve("n1");
  }

  private DataFolder open() {
    return DataFolder.open(folder, "n1", "capstan", EngineOptions.DEFAULT);
  }

  @Test
  void anIncarnationIsMadeOnceAndKept() {
    long incarnation;
    try (DataFolder first = open()) {
      incarnation = first.identity().incarnation();
      assertThat(incarnation).isNotZero();
    }

    try (DataFolder second = open()) {
      assertThat(second.identity()).isEqualTo(new NodeIdentity("n1", "capstan", incarnation));
    }
  }

  @Test
  void anotherFolderIsAnotherIncarnation() {
    try (DataFolder one = open();
        DataFolder other =
            DataFolder.open(temporary.resolve("n2"), "n1", "capstan", EngineOptions.DEFAULT)) {
      assertThat(other.identity().incarnation()).isNotEqualTo(one.identity().incarnation());
    }
  }

  @Test
  void aSecondNodeOnTheFolderIsRefusedByName() {
    try (DataFolder first = open()) {
      assertThatThrownBy(this::open)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContaining("process " + ProcessHandle.current().pid());
      assertThat(first.engine().diskBytes()).isPositive();
    }
  }

  @Test
  void aSecondProcessOnTheFolderIsToldWhoHoldsIt() throws Exception {
    Process holder = ChildJvm.start(FolderHolder.class, folder.toString());
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("open");

      assertThatThrownBy(this::open)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("is in use by process " + holder.pid());
    } finally {
      holder.destroyForcibly().waitFor();
    }

    try (DataFolder afterItsDeath = open()) {
      assertThat(afterItsDeath.identity().nodeId()).isEqualTo("n1");
    }
  }

  @Test
  void theLockIsGivenUpAfterARefusal() {
    open().close();
    assertThatThrownBy(() -> DataFolder.open(folder, "n2", "capstan", EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class);

    open().close();
  }

  @Test
  void anotherNodesFolderIsRefused() {
    open().close();

    assertThatThrownBy(() -> DataFolder.open(folder, "n2", "capstan", EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("belongs to node 'n1' of cluster 'capstan', not to node 'n2'");
    assertThatThrownBy(() -> DataFolder.open(folder, "n1", "blue", EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("of cluster 'blue'");
  }

  @Test
  void aHalfWrittenIdentityIsRefusedWhereverItEnds() throws IOException {
    open().close();
    Path file = folder.resolve("node.identity");
    String whole = Files.readString(file);
    for (int size = 0; size < whole.length(); size += 5) {
      Files.writeString(file, whole.substring(0, size));

      assertThatThrownBy(this::open)
          .as("%d characters", size)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("half written")
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void aChangedIdentityIsRefused() throws IOException {
    open().close();
    Path file = folder.resolve("node.identity");
    Files.writeString(file, Files.readString(file).replace("node=n1", "node=n2"));

    assertThatThrownBy(() -> DataFolder.open(folder, "n2", "capstan", EngineOptions.DEFAULT))
        .hasMessageContaining("damaged");
  }

  @Test
  void aStoreWithoutItsIdentityIsRefused() throws IOException {
    open().close();
    Files.delete(folder.resolve("node.identity"));

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("has lost its identity");
  }

  @Test
  void anIdentityWithoutItsStoreIsRefused() throws IOException {
    open().close();
    delete(folder.resolve("store"));

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("has lost its store");
  }

  @Test
  void theStoreOfAnotherIncarnationIsRefused() throws IOException {
    open().close();
    Path other = temporary.resolve("other");
    DataFolder.open(other, "n1", "capstan", EngineOptions.DEFAULT).close();
    delete(folder.resolve("store"));
    Files.move(other.resolve("store"), folder.resolve("store"));

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("does not belong to the identity");
  }

  @Test
  void anEmptiedStoreIsRefused() throws IOException {
    open().close();
    delete(folder.resolve("store"));
    Files.createDirectory(folder.resolve("store"));

    assertThatThrownBy(this::open).isInstanceOf(StorageException.class);
  }

  @Test
  void aFolderThatACrashLeftHalfCreatedIsBegunAgain() throws IOException {
    long abandoned;
    try (DataFolder first = open()) {
      abandoned = first.identity().incarnation();
    }
    Files.writeString(folder.resolve("creating"), "");
    Files.writeString(folder.resolve("node.identity"), "# Written by");

    try (DataFolder second = open()) {
      assertThat(second.identity().incarnation()).isNotEqualTo(abandoned);
    }
    assertThat(folder.resolve("creating")).doesNotExist();
  }

  @Test
  void aDamagedStoreIsRefusedWithASentence() throws IOException {
    open().close();
    Files.writeString(folder.resolve("store").resolve("CURRENT"), "nonsense");

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(folder.resolve("store").toString())
        .hasMessageContaining("to rebuild this node from its peers");
  }

  @Test
  void aFileWhereTheFolderShouldBeIsRefusedWithASentence() throws IOException {
    Files.createDirectories(folder.getParent());
    Files.writeString(folder, "not a folder");

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("The data folder " + folder + " cannot be used");
  }

  @Test
  void whatWasWrittenIsThereAtTheNextStart() {
    try (DataFolder first = open()) {
      WriteBatch batch = new WriteBatch();
      batch.put(Table.META, new byte[] {1}, new byte[] {2});
      first.engine().group(1).write(batch);
    }

    try (DataFolder second = open()) {
      assertThat(second.engine().group(1).get(Table.META, new byte[] {1})).containsExactly(2);
    }
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Opens the folder, says so, and waits to be killed. */
  static final class FolderHolder {
    public static void main(String[] arguments) throws IOException {
      DataFolder.open(Path.of(arguments[0]), "n1", "capstan", EngineOptions.DEFAULT);
      System.out.println("open");
      System.out.flush();
      // Ends with the parent, too.
      while (System.in.read() >= 0) {}
    }
  }
}
