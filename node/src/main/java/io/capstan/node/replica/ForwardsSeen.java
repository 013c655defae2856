package io.capstan.node.replica;

import io.capstan.proto.peer.v1.Forward;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Takes each forwarded call once. Who forwarded it is told whether this attempt was surely not
 * applied; a repeated message that is refused would say so of one whose first copy was applied.
 *
 * <p>The sender numbers its attempts upwards. One that was overtaken by as many as the window holds
 * counts as lost.
 */
final class ForwardsSeen {

  /** Attempts of one sender that may overtake each other. */
  static final int WINDOW = 4_096;

  /** Senders that are remembered, the one that was silent for longest leaves; members are fewer. */
  static final int SENDERS_MAX = 4 * RequestLimits.MEMBERS_MAX;

  private static final class Sender {
    final long run;
    long highest;
    final BitSet seen = new BitSet(WINDOW);

    Sender(long run) {
      this.run = run;
    }

    boolean take(long id) {
      if (id <= highest - WINDOW) {
        return false;
      }
      if (id - highest >= WINDOW) {
        seen.clear();
        highest = id;
      }
      while (highest < id) {
        seen.clear(bit(++highest));
      }
      if (seen.get(bit(id))) {
        return false;
      }
      seen.set(bit(id));
      return true;
    }

    private static int bit(long id) {
      return (int) Math.floorMod(id, (long) WINDOW);
    }
  }

  private final Map<String, Sender> senders = new LinkedHashMap<>(16, 0.75f, true);

  boolean isNew(String from, Forward forward) {
    Sender sender = senders.get(from);
    if (sender == null || sender.run != forward.getSenderRun()) {
      sender = new Sender(forward.getSenderRun());
      senders.put(from, sender);
      if (senders.size() > SENDERS_MAX) {
        senders.remove(senders.keySet().iterator().next());
      }
    }
    return sender.take(forward.getForwardId());
  }
}
