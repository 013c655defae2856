package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.StatusResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGeneratorFactory;

/**
 * Several replicas on one virtual clock, stepped by hand: messages arrive at once and in order
 * unless the link is cut, and every write that is waited for is durable before the next input.
 */
final class ReplicaGroup {

  static final long MILLISECOND_NANOS = 1_000_000L;
  private static final long STEP_NANOS = 10 * MILLISECOND_NANOS;
  private static final int STEPS_MAX = 3_000;
  private static final int MESSAGES_MAX = 10_000;
  private static final long INCARNATION = 7;

  private record Mail(String from, String to, Input input) {}

  private record Link(String from, String to) {}

  private final List<String> founders;
  private final List<String> ids;
  private final Map<String, Replica> replicas = new LinkedHashMap<>();
  private final Map<String, MemoryStore> stores = new LinkedHashMap<>();
  private final Map<String, Long> durable = new HashMap<>();
  private final Map<Long, Message> answers = new HashMap<>();
  private final Queue<Mail> mail = new ArrayDeque<>();
  private final Set<String> down = new TreeSet<>();
  private final Map<Link, Boolean> cut = new HashMap<>();
  private Predicate<PeerMessage> lost = message -> false;
  private long nanos;
  private long lastCall;

  ReplicaGroup(String... ids) {
    this.founders = List.of(ids);
    this.ids = new ArrayList<>(founders);
    for (String id : ids) {
      stores.put(id, new MemoryStore());
      open(id);
    }
    for (String id : ids) {
      for (String other : ids) {
        if (!other.equals(id)) {
          step(id, new Input.PeerLink(other, true));
        }
      }
    }
  }

  /** A process with an empty disk that was told of no group. */
  void join(String id) {
    ids.add(id);
    stores.put(id, new MemoryStore());
    open(id);
    link(id);
  }

  private void open(String id) {
    durable.remove(id);
    replicas.put(
        id,
        new Replica(
            ReplicaConfig.defaults(id, INCARNATION, founders.contains(id) ? founders : List.of()),
            stores.get(id),
            RandomGeneratorFactory.of("L64X128MixRandom").create(ids.indexOf(id) + 1),
            now()));
  }

  private Moment now() {
    return new Moment(nanos, 1_700_000_000_000L + nanos / MILLISECOND_NANOS);
  }

  private void step(String id, Input input) {
    Replica replica = replicas.get(id);
    replica.step(input, now());
    Flush flush = replica.flush(now());
    collect(id, flush);
    while (flush.awaitedSequence() > durable.getOrDefault(id, 0L)) {
      durable.put(id, flush.writeSequence());
      replica.step(new Input.Durable(flush.writeSequence()), now());
      flush = replica.flush(now());
      collect(id, flush);
    }
  }

  private void collect(String id, Flush flush) {
    for (Effect effect : flush.effects()) {
      switch (effect) {
        case Effect.Reply reply -> answers.put(reply.callId(), reply.response());
        case Effect.Fail fail -> answers.put(fail.callId(), fail.error());
        case Effect.Send send ->
            mail.add(new Mail(id, send.to(), new Input.FromPeer(id, send.message())));
        case Effect.Peers peers -> listensTo(id, peers);
        default -> throw new AssertionError(id + " asks for " + effect);
      }
    }
  }

  /** Streams are opened to whom a node listens to from now on, and begin with an introduction. */
  private void listensTo(String id, Effect.Peers peers) {
    for (Effect.Peer peer : peers.others()) {
      mail.add(new Mail(peer.id(), id, new Input.PeerSeen(peer.id(), INCARNATION, "", 0, 0)));
    }
  }

  private void deliver() {
    for (int delivered = 0; !mail.isEmpty(); delivered++) {
      if (delivered > MESSAGES_MAX) {
        throw new AssertionError("the replicas do not stop speaking");
      }
      Mail next = mail.remove();
      boolean arrives =
          !down.contains(next.to())
              && !down.contains(next.from())
              && !cut.containsKey(new Link(next.from(), next.to()))
              && !isLost(next.input());
      if (arrives) {
        step(next.to(), next.input());
      }
    }
  }

  private boolean isLost(Input input) {
    return input instanceof Input.FromPeer from && lost.test(from.message());
  }

  /** Lets time pass for everybody. */
  void pass(long passedNanos) {
    nanos += passedNanos;
    for (String id : ids) {
      if (!down.contains(id)) {
        step(id, new Input.Tick());
      }
    }
    deliver();
  }

  /** Lets time pass until something is so. */
  void until(BooleanSupplier condition) {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      if (i > STEPS_MAX) {
        throw new AssertionError("it did not come about in " + nanos + " ns");
      }
      pass(STEP_NANOS);
    }
  }

  /** Returns who leads, once somebody does that all founders who are up know of. */
  String leader() {
    until(() -> agreedLeader() != null);
    return agreedLeader();
  }

  private String agreedLeader() {
    Set<String> named = new TreeSet<>();
    for (String id : founders) {
      if (!down.contains(id)) {
        named.add(replicas.get(id).status(now()).getLeader());
      }
    }
    String leader = named.iterator().next();
    return named.size() == 1 && !leader.isEmpty() && !down.contains(leader) ? leader : null;
  }

  /** Returns how long the replica would sleep if nothing came. */
  long nextTickInNanos(String id) {
    return replicas.get(id).nextTickNanos() - nanos;
  }

  /** Returns what a node says of itself. */
  StatusResponse status(String id) {
    return replicas.get(id).status(now()).build();
  }

  /** Ends a process; what it wrote stays. */
  void stop(String id) {
    down.add(id);
  }

  void start(String id) {
    down.remove(id);
    open(id);
    link(id);
  }

  private void link(String id) {
    for (String other : ids) {
      if (!other.equals(id) && !down.contains(other)) {
        step(id, new Input.PeerLink(other, true));
        step(other, new Input.PeerLink(id, true));
      }
    }
  }

  void cut(String from, String to) {
    cut.put(new Link(from, to), true);
  }

  /** From now on the links lose such messages, instead of those that they lost before. */
  void losing(Predicate<PeerMessage> messages) {
    lost = messages;
  }

  void heal() {
    cut.clear();
  }

  /** Gives a call to a node and returns its number. */
  long call(String id, Message request, long timeoutNanos) {
    long callId = ++lastCall;
    step(id, new Input.ClientCall(callId, request, nanos + timeoutNanos));
    deliver();
    return callId;
  }

  /** Returns the answer to a call, or null while it is open. */
  Message answer(long callId) {
    return answers.get(callId);
  }

  /** Returns a node's answer, letting time pass until it comes. */
  Message ask(String id, Message request) {
    long callId = call(id, request, 10_000 * MILLISECOND_NANOS);
    until(() -> answer(callId) != null);
    return answers.remove(callId);
  }
}
