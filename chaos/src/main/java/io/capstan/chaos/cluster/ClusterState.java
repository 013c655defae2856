package io.capstan.chaos.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is written down about a local cluster, in {@code cluster.json}: where everything listens,
 * which processes there are, and how to reach the supervisor. Written by the supervisor only, and
 * always as a whole: a reader sees the old file or the new one. Only its owner may read it, because
 * of the token.
 *
 * @param version of this format
 * @param name name of the cluster
 * @param nodes the nodes in order
 * @param links the proxy of each directed link
 * @param supervisor the process that holds the links; absent while the cluster is stopped
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
record ClusterState(
    int version,
    String name,
    List<NodeEntry> nodes,
    List<LinkEntry> links,
    @Nullable SupervisorEntry supervisor) {

  static final int VERSION = 1;

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /**
   * A node.
   *
   * @param id its name
   * @param address where it serves clients, {@code host:port}
   * @param peerAddress where it accepts its peers
   * @param state as {@link NodeState#text}
   * @param pid its process; absent where it has none
   * @param startedMillis when the process started, milliseconds since 1970
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  record NodeEntry(
      String id,
      String address,
      String peerAddress,
      String state,
      @Nullable Long pid,
      @Nullable Long startedMillis) {

    /** Returns the process that was written down and still runs. */
    Optional<ProcessHandle> process() {
      return pid == null || startedMillis == null
          ? Optional.empty()
          : new ProcessIdentity(pid, startedMillis).find();
    }
  }

  /**
   * A directed link.
   *
   * @param link as {@link DirectedLink#toString}
   * @param address where its proxy listens
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  record LinkEntry(String link, String address) {}

  /**
   * The supervisor.
   *
   * @param pid its process
   * @param startedMillis when it started, milliseconds since 1970
   * @param control where it takes orders, {@code http://host:port}
   * @param token what every order must carry
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  record SupervisorEntry(long pid, long startedMillis, String control, String token) {

    /** Returns the supervisor's process if it still runs. */
    Optional<ProcessHandle> process() {
      return new ProcessIdentity(pid, startedMillis).find();
    }
  }

  /**
   * Reads the description of the cluster in a folder.
   *
   * @return empty where there is none
   * @throws ClusterException (failed) if there is one that cannot be read
   */
  static Optional<ClusterState> read(ClusterDirectory directory) {
    Path file = directory.stateFile();
    try {
      return Optional.of(JSON.readValue(Files.readString(file), ClusterState.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      String why =
          e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          file + " does not describe a cluster: " + why + ".",
          "The nodes' data is untouched. Move the file away and run capstan cluster start again.",
          e);
    }
  }

  /** Replaces the description in the folder, at once and durably. */
  void write(ClusterDirectory directory) throws IOException {
    writeAtomically(directory.stateFile(), JSON.writeValueAsString(this));
  }

  /** Returns where the new content of a file is written; it stays if the writer is killed. */
  static Path halfWritten(Path file) {
    return file.resolveSibling(file.getFileName() + ".new");
  }

  /** Replaces a file as a whole: after a crash it has the old content or the new one. */
  static void writeAtomically(Path file, String content) throws IOException {
    Path next = halfWritten(file);
    Files.deleteIfExists(next);
    if (Files.getFileStore(file.toAbsolutePath().getParent()).supportsFileAttributeView("posix")) {
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } else {
      Files.createFile(next);
    }
    try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap((content + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Describes a cluster.
   *
   * @param cluster its processes; null where none was started yet
   * @param supervisor who holds the links; null once it has stopped
   */
  static ClusterState of(
      ClusterLayout layout,
      @Nullable ProcessCluster cluster,
      @Nullable SupervisorEntry supervisor) {
    List<NodeEntry> nodes =
        layout.nodeIds().stream()
            .map(
                id -> {
                  ProcessIdentity process = cluster == null ? null : cluster.identity(id);
                  NodeState state = cluster == null ? NodeState.STOPPED : cluster.state(id);
                  return new NodeEntry(
                      id,
                      layout.clientAddress(id),
                      layout.peerAddress(id),
                      state.text(),
                      process == null ? null : process.pid(),
                      process == null ? null : process.startedMillis());
                })
            .toList();
    List<LinkEntry> links =
        layout.proxyPorts().entrySet().stream()
            .map(
                link ->
                    new LinkEntry(link.getKey().toString(), layout.host() + ":" + link.getValue()))
            .toList();
    return new ClusterState(VERSION, layout.name(), nodes, links, supervisor);
  }

  /**
   * Returns the layout that was written down, without the places of nodes that may be added: these
   * are chosen anew at each start.
   *
   * @throws ClusterException (failed) if it makes no sense
   */
  ClusterLayout layout() {
    try {
      List<ClusterLayout.NodePorts> ports =
          nodes.stream()
              .map(
                  node ->
                      new ClusterLayout.NodePorts(
                          node.id(), port(node.address()), port(node.peerAddress())))
              .toList();
      Map<DirectedLink, Integer> proxyPorts = new LinkedHashMap<>();
      links.forEach(
          entry -> proxyPorts.put(DirectedLink.parse(entry.link()), port(entry.address())));
      return new ClusterLayout(name, ClusterLayout.LOOPBACK, ports, proxyPorts, List.of());
    } catch (RuntimeException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "cluster.json does not describe a cluster: " + e.getMessage() + ".",
          "The nodes' data is untouched. Move the file away and run capstan cluster start again.",
          e);
    }
  }

  private static int port(String address) {
    int colon = address.lastIndexOf(':');
    return InetSocketAddress.createUnresolved(
            address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))
        .getPort();
  }
}
