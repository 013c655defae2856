package io.capstan.client;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far the replicas of an AP keyspace are apart, by what each of them says of its hash tree. The
 * nodes are asked one after another while they go on working, so a row that is just being written
 * may show up; a verdict on it needs equal clocks.
 *
 * @param keyspace its name
 * @param nodes one for each endpoint
 * @param rows rows that were not the same everywhere when they were looked at, at most {@link
 *     #ROWS_MAX}
 * @param complete whether rows holds all of them; false where none were looked for
 */
public record Divergence(String keyspace, List<Node> nodes, List<Row> rows, boolean complete) {

  /** Rows that are named at most. */
  public static final int ROWS_MAX = 1_000;

  /** What there is to say of the whole keyspace. */
  public enum Verdict {
    /** Every node was asked, and all hold the same rows. */
    EQUAL("equal"),
    /** Writes are on their way that explain the difference. */
    ON_THE_WAY("on the way"),
    /** Some nodes cannot say, or could not be asked; the others are equal. */
    UNKNOWN("unknown"),
    /** Nodes that have seen the same hold different rows: a defect, or a damaged data folder. */
    WRONG("wrong");

    private final String label;

    Verdict(String label) {
      this.label = label;
    }

    /** The word that people read. */
    public String label() {
      return label;
    }
  }

  public Divergence {
    nodes = List.copyOf(nodes);
    rows = List.copyOf(rows);
  }

  /**
   * What one node says.
   *
   * @param endpoint as it was given to the client
   * @param id empty where it did not answer
   * @param clock what it has seen, in a form that is equal where the same was seen
   * @param root the hash of all its rows, in hexadecimal; null while it cannot say
   * @param rows how many of them there are
   * @param reading it has yet to read rows since its start
   * @param takingOver it is taking rows over, having lost its own or being new
   * @param peers what it knows of the others
   * @param collectionWaitsFor nodes that have not confirmed all that this one holds: its tombstones
   *     wait for them
   * @param unconfirmedDots writes that are not known to be everywhere
   * @param error null where it answered
   */
  public record Node(
      String endpoint,
      String id,
      Bytes clock,
      @Nullable String root,
      long rows,
      boolean reading,
      boolean takingOver,
      List<Peer> peers,
      List<String> collectionWaitsFor,
      long unconfirmedDots,
      @Nullable CapstanException error) {

    public Node {
      peers = List.copyOf(peers);
      collectionWaitsFor = List.copyOf(collectionWaitsFor);
    }
  }

  /**
   * What a node knows of another one.
   *
   * @param missingThere writes that the other lacked by its last clock; null where none came
   * @param missingHere writes of the other's last clock that this node lacks; null as above
   * @param comparedAgoMillis when both had seen the same and compared their rows; null for never
   * @param disagrees whether the rows differed then, which must not be
   */
  public record Peer(
      String id,
      @Nullable Long missingThere,
      @Nullable Long missingHere,
      @Nullable Long comparedAgoMillis,
      boolean disagrees) {}

  /**
   * A row that is not the same everywhere.
   *
   * @param hashes by the id of each node that holds it, in hexadecimal
   */
  public record Row(Bytes key, Map<String, String> hashes) {
    public Row {
      hashes = Map.copyOf(hashes);
    }
  }

  /** What there is to say of the whole keyspace. */
  public Verdict verdict() {
    boolean equal = true;
    boolean known = true;
    for (Node node : nodes) {
      known &= node.error() == null && node.root() != null;
      if (node.peers().stream().anyMatch(Peer::disagrees)) {
        return Verdict.WRONG;
      }
      for (Node other : nodes) {
        if (node.root() != null && other.root() != null && !node.root().equals(other.root())) {
          equal = false;
          if (Objects.equals(node.clock(), other.clock())) {
            return Verdict.WRONG;
          }
        }
      }
    }
    return !equal ? Verdict.ON_THE_WAY : known ? Verdict.EQUAL : Verdict.UNKNOWN;
  }
}
