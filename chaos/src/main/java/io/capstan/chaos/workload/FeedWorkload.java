package io.capstan.chaos.workload;

import io.capstan.client.Mode;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * A social feed in an AP keyspace: each person has a wall that holds the latest post. Clients read
 * walls, replace what they read (with its causal context), or post blindly; all of them write to
 * all walls, so the same wall is written on both sides of a split.
 *
 * <p>What has to hold: every acknowledged post is on its wall or was replaced by a later one, and
 * all replicas end up with the same walls. After the heal every second wall is only read, so that
 * what the split left there can be looked at.
 */
public final class FeedWorkload implements Workload {
  /** Keys of walls begin so. */
  public static final String WALL_PREFIX = "wall/";

  private static final List<String> PEOPLE =
      List.of("ada", "barbara", "edsger", "frances", "grace", "leslie", "nancy", "radia");

  private final String keyspace;
  private final List<String> walls = PEOPLE.stream().map(name -> WALL_PREFIX + name).toList();
  private final List<String> quietWalls =
      IntStream.range(0, PEOPLE.size())
          .filter(index -> index % 2 == 1)
          .mapToObj(walls::get)
          .toList();

  public FeedWorkload(String keyspace) {
    this.keyspace = keyspace;
  }

  @Override
  public String keyspace() {
    return keyspace;
  }

  @Override
  public Mode mode() {
    return Mode.AP;
  }

  @Override
  public List<String> keys() {
    return walls;
  }

  @Override
  public List<String> quietKeys() {
    return quietWalls;
  }

  @Override
  public List<Request> setUp() {
    return List.of();
  }

  @Override
  public ClientScript script(int client, RandomGenerator random) {
    return new FeedScript(client, random, walls, quietWalls);
  }
}
