package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder that holds everything a node keeps, locked and opened:
 *
 * <pre>
 * capstan.lock     held while the node runs
 * node.identity    {@link NodeIdentity}
 * creating         there only until a new folder is complete
 * store/           {@link StorageEngine}
 * snapshots/       {@link GroupSnapshots}: on their way to other nodes or from them
 * </pre>
 *
 * <p>An incarnation that lost its store must not come back: it would vote again and use its dots
 * again. So identity and store appear together (a folder that a crash left half created is begun
 * again, under a new incarnation), the store knows its incarnation, and one without the other is
 * refused.
 *
 * <p>Opened and closed by one thread.
 */
public final class DataFolder implements AutoCloseable {

  private static final String IDENTITY_FILE = "node.identity";
  private static final String CREATING_FILE = "creating";
  private static final String STORE_FOLDER = "store";
  private static final String SNAPSHOTS_FOLDER = "snapshots";

  private final FolderLock lock;
  private final NodeIdentity identity;
  private final StorageEngine engine;

  private DataFolder(FolderLock lock, NodeIdentity identity, StorageEngine engine) {
    this.lock = lock;
    this.identity = identity;
    this.engine = engine;
  }

  /**
   * Opens the folder of a node, creating it where it is missing or empty.
   *
   * @param folder the data folder
   * @param nodeId the node that starts
   * @param clusterName the cluster that it belongs to
   * @param sizes of the engine
   * @throws StorageException when the folder is in use, belongs to another node or cluster, is of
   *     another format version, is damaged, or cannot be written
   */
  public static DataFolder open(
      Path folder, String nodeId, String clusterName, EngineOptions sizes) {
    try {
      Files.createDirectories(folder);
      FolderLock lock = FolderLock.take(folder);
      DataFolder opened = null;
      try {
        opened = openLocked(folder, lock, nodeId, clusterName, sizes);
        return opened;
      } finally {
        if (opened == null) {
          lock.close();
        }
      }
    } catch (IOException e) {
      throw new StorageException(
          "The data folder "
              + folder
              + " cannot be used: "
              + reason(e)
              + ". Give the node a folder that it may write to, with space left.",
          e);
    }
  }

  private static DataFolder openLocked(
      Path folder, FolderLock lock, String nodeId, String clusterName, EngineOptions sizes)
      throws IOException {
    Path identityFile = folder.resolve(IDENTITY_FILE);
    Path creating = folder.resolve(CREATING_FILE);
    Path store = folder.resolve(STORE_FOLDER);
    if (Files.exists(creating)) {
      // Nothing was ever answered from it.
      DurableFile.delete(identityFile);
      deleteRecursively(store);
      deleteRecursively(folder.resolve(SNAPSHOTS_FOLDER));
    }
    if (!Files.exists(identityFile)) {
      requireNoStore(folder, store);
      return create(folder, lock, new NodeIdentity(nodeId, clusterName, newIncarnation()), sizes);
    }
    NodeIdentity identity = NodeIdentity.read(identityFile);
    requireSameNode(folder, identity, nodeId, clusterName);
    if (!Files.isDirectory(store)) {
      throw new StorageException(
          "The data folder "
              + folder
              + " has lost its store: "
              + store
              + " is missing. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
    StorageEngine engine = StorageEngine.open(store, folder.resolve(SNAPSHOTS_FOLDER), sizes);
    requireOwner(store, engine, identity);
    return new DataFolder(lock, identity, engine);
  }

  private static DataFolder create(
      Path folder, FolderLock lock, NodeIdentity identity, EngineOptions sizes) throws IOException {
    DurableFile.replace(folder.resolve(CREATING_FILE), new byte[0]);
    identity.write(folder.resolve(IDENTITY_FILE));
    StorageEngine engine =
        StorageEngine.open(folder.resolve(STORE_FOLDER), folder.resolve(SNAPSHOTS_FOLDER), sizes);
    boolean complete = false;
    try {
      engine.writeOwner(identity.incarnation());
      DurableFile.delete(folder.resolve(CREATING_FILE));
      complete = true;
      return new DataFolder(lock, identity, engine);
    } finally {
      if (!complete) {
        engine.close();
      }
    }
  }

  private static void requireNoStore(Path folder, Path store) {
    if (Files.exists(store)) {
      throw new StorageException(
          "The data folder "
              + folder
              + " has lost its identity: "
              + IDENTITY_FILE
              + " is missing, but "
              + store
              + " is there. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
  }

  private static void requireSameNode(
      Path folder, NodeIdentity identity, String nodeId, String clusterName) {
    if (!identity.nodeId().equals(nodeId) || !identity.clusterName().equals(clusterName)) {
      throw new StorageException(
          "The data folder "
              + folder
              + " belongs to node '"
              + identity.nodeId()
              + "' of cluster '"
              + identity.clusterName()
              + "', not to node '"
              + nodeId
              + "' of cluster '"
              + clusterName
              + "'. Start it as that node, or give this one another folder.",
          null);
    }
  }

  private static void requireOwner(Path store, StorageEngine engine, NodeIdentity identity) {
    boolean mine = false;
    try {
      mine = engine.owner() == identity.incarnation();
    } finally {
      if (!mine) {
        engine.close();
      }
    }
    if (!mine) {
      throw new StorageException(
          "The store "
              + store
              + " does not belong to the identity beside it: it was copied or"
              + " replaced. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
  }

  private static long newIncarnation() {
    SecureRandom random = new SecureRandom();
    long incarnation = 0;
    while (incarnation == 0) {
      incarnation = random.nextLong();
    }
    return incarnation;
  }

  private static void deleteRecursively(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> children;
    try (Stream<Path> tree = Files.walk(folder)) {
      children = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path child : children) {
      Files.delete(child);
    }
  }

  private static String reason(IOException e) {
    String why = e instanceof FileSystemException named ? named.getReason() : e.getMessage();
    String kind = e.getClass().getSimpleName();
    return why == null ? kind : kind + ", " + why;
  }

  /** Who the folder belongs to. */
  public NodeIdentity identity() {
    return identity;
  }

  /** The engine; open as long as the folder is. */
  public StorageEngine engine() {
    return engine;
  }

  /** Closes the engine, then gives up the lock. */
  @Override
  public void close() {
    try {
      engine.close();
    } finally {
      try {
        lock.close();
      } catch (IOException e) {
        throw new StorageException("The lock of the data folder could not be given up: " + e, e);
      }
    }
  }
}
