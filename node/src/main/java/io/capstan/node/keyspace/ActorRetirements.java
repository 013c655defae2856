package io.capstan.node.keyspace;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.RetireActorsCommand;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the decision that actors write no more makes of a keyspace's record: a pure function, so
 * that every replica comes to the same.
 *
 * <p>Why there is such a decision: an actor whose node was removed, or lost its disk, may have
 * given some of its writes to nobody. The clocks of all replicas then have a gap that nobody can
 * fill, and no base of theirs rises beyond it: tombstones stay, contexts stay long, and what a
 * replica collects depends on the order of its messages.
 */
public final class ActorRetirements {

  /** Retired actors that a record remembers; who needs an older one takes a replica over whole. */
  public static final int RETIRED_MAX = 64;

  private ActorRetirements() {}

  /**
   * The record after the decision; the same object where it changes nothing: the keyspace has gone
   * on to another lineage, is changing sides, or the actors were retired before.
   */
  public static KeyspaceRecord apply(KeyspaceRecord record, RetireActorsCommand command) {
    if (record.getMode() != Mode.MODE_AP
        || record.hasSwitch()
        || ModeSwitches.lineageOf(record) != command.getLineage()) {
      return record;
    }
    Set<Actor> retired = new HashSet<>();
    record.getRetiredList().forEach(entry -> retired.add(Actor.fromProto(entry.getActor())));
    KeyspaceRecord.Builder after = record.toBuilder();
    long[] lost = {record.getLostDots()};
    for (var held : command.getHeldList()) {
      if (retired.add(Actor.fromProto(held.getActor()))) {
        after.addRetired(held);
        clockOf(List.of(held)).visitGaps((actor, counter) -> ++lost[0] > 0);
      }
    }
    while (after.getRetiredCount() > RETIRED_MAX) {
      after.removeRetired(0);
    }
    return after.getRetiredCount() == record.getRetiredCount() && lost[0] == record.getLostDots()
        ? record
        : after.setLostDots(lost[0]).build();
  }

  /** The dots that replicas held of these actors, as a clock; its gaps are what is lost. */
  public static NodeClock clockOf(List<io.capstan.proto.store.v1.NodeClock.Entry> retired) {
    NodeClock clock = new NodeClock();
    for (var entry : retired) {
      clock.join(
          NodeClock.fromProto(
              io.capstan.proto.store.v1.NodeClock.newBuilder().addEntries(entry).build()));
    }
    return clock;
  }

  /**
   * The sealed clock without what was declared lost. Every replica accounts for the lost dots, so
   * every seal has them; but none can show them, and a session that saw one has to be told.
   *
   * @param retired what a record remembers of retired actors
   */
  static NodeClock withoutLost(
      NodeClock sealed, List<io.capstan.proto.store.v1.NodeClock.Entry> retired) {
    NodeClock held = clockOf(retired);
    NodeClock shown = new NodeClock();
    for (Actor actor : sealed.actors()) {
      NodeClock ofActor = sealed.only(actor);
      long last = held.maxOf(actor);
      if (last == 0) {
        shown.join(ofActor);
        continue;
      }
      // Up to the last of them that all held, the decision says which there are.
      shown.join(held.only(actor));
      ofActor.visitMissingIn(
          held,
          null,
          (of, counter) -> {
            if (counter > last) {
              shown.add(new Dot(of, counter));
            }
            return true;
          });
    }
    return shown;
  }
}
