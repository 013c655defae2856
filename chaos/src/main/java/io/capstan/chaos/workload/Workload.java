package io.capstan.chaos.workload;

import io.capstan.client.Mode;
import java.util.List;
import java.util.random.RandomGenerator;

/** What the clients of one keyspace do. Immutable; what a client remembers is in its script. */
public interface Workload {

  /** Returns the keyspace. */
  String keyspace();

  /** Returns the mode that the keyspace is created with. */
  Mode mode();

  /** Returns every key that clients may write or read, in a stable order. */
  List<String> keys();

  /** Returns the keys that nobody writes after the heal, so that their convergence can be timed. */
  List<String> quietKeys();

  /** Returns what has to be written once before the first client starts; all of it must succeed. */
  List<Request> setUp();

  /**
   * Returns what one client does.
   *
   * @param client number of the client in this workload, from 0; unique values are made of it
   * @param random where every choice comes from; used by this script only
   */
  ClientScript script(int client, RandomGenerator random);
}
