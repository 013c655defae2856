package io.capstan.node.server;

import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.proto.v1.StatusResponse;

/**
 * What an event loop needs of a replica. There is one in production, {@code Replica}; the loop's
 * own tests put a scripted one in its place.
 *
 * <p>Confined to the thread of the loop. Anything thrown stops the server.
 */
interface ReplicaCore {

  /** See {@code Replica.step}. */
  void step(Input input, Moment now);

  /** See {@code Replica.flush}. */
  Flush flush(Moment now);

  /** See {@code Replica.status}. */
  StatusResponse.Builder status(Moment now);
}
