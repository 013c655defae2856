package io.capstan.node.server;

import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.node.replica.Replica;
import io.capstan.proto.v1.StatusResponse;

/**
 * What an event loop needs of a replica. There is one in production, {@link Replica}; the loop's
 * own tests put a scripted one in its place.
 *
 * <p>Confined to the thread of the loop. Anything thrown stops the server.
 */
interface ReplicaCore {

  /** See {@link Replica#step}. */
  void step(Input input, Moment now);

  /** See {@link Replica#flush}. */
  Flush flush(Moment now);

  /** See {@link Replica#nextTickNanos}. */
  long nextTickNanos();

  /** See {@link Replica#status}. */
  StatusResponse.Builder status(Moment now);

  /** The production core. */
  static ReplicaCore of(Replica replica) {
    return new ReplicaCore() {
      @Override
      public void step(Input input, Moment now) {
        replica.step(input, now);
      }

      @Override
      public Flush flush(Moment now) {
        return replica.flush(now);
      }

      @Override
      public long nextTickNanos() {
        return replica.nextTickNanos();
      }

      @Override
      public StatusResponse.Builder status(Moment now) {
        return replica.status(now);
      }
    };
  }
}
