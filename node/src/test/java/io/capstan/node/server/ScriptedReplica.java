package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.proto.v1.StatusResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;

/**
 * A replica that does what the test says: each input is recorded and turned into effects, which the
 * next flush releases.
 */
final class ScriptedReplica implements ReplicaCore {

  final List<Input> inputs = new CopyOnWriteArrayList<>();
  final List<Integer> inputsPerFlush = new CopyOnWriteArrayList<>();
  volatile BiFunction<Input, Moment, List<Effect>> script = (input, now) -> List.of();
  volatile long writeSequence;
  volatile long awaitedSequence;
  volatile String role = "follower";

  /** What it waits for; nothing, unless the test says so. */
  volatile LongSupplier waitsUntilNanos = () -> System.nanoTime() + 3_600_000_000_000L;

  private final List<Effect> effects = new ArrayList<>();
  private int sinceFlush;

  @Override
  public void step(Input input, Moment now) {
    if (!(input instanceof Input.Tick)) {
      inputs.add(input);
      sinceFlush++;
    }
    effects.addAll(script.apply(input, now));
  }

  @Override
  public Flush flush(Moment now) {
    if (sinceFlush > 0) {
      inputsPerFlush.add(sinceFlush);
    }
    sinceFlush = 0;
    Flush flush = new Flush(writeSequence, awaitedSequence, List.copyOf(effects));
    effects.clear();
    return flush;
  }

  @Override
  public long nextTickNanos() {
    return waitsUntilNanos.getAsLong();
  }

  @Override
  public StatusResponse.Builder status(Moment now) {
    return StatusResponse.newBuilder().setId("n1").setRole(role);
  }
}
