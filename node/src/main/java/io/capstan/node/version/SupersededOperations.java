package io.capstan.node.version;

import io.capstan.proto.store.v1.OperationId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The operations whose writes of one key were superseded, as the row remembers them: a retry of one
 * is recognised, and a second copy that another coordinator took meanwhile does not count beside
 * what replaced the first. They travel with the row: a replica whose clock contains a write has it
 * as a sibling, or remembers its operation here, or in its ledger once every replica has the write.
 *
 * <p>Of all operations the {@value #OPERATIONS_MAX} that were written last are listed; which ones
 * these are does not depend on the order in which rows were joined, for the times of writes do not
 * change. Of those that fall out, each session's largest sequence is kept: at or below it nobody
 * can say any more whether an operation was executed. Immutable, so safe to share between threads.
 */
public final class SupersededOperations {

  /** So many operations of a key are listed one by one. */
  public static final int OPERATIONS_MAX = 32;

  /** Of so many sessions the largest sequence that fell out of the list is kept. */
  public static final int SESSIONS_MAX = 64;

  /** Remembers nothing. */
  public static final SupersededOperations EMPTY =
      new SupersededOperations(List.of(), new TreeMap<>(), null);

  private record Listed(long session, long sequence, Dot dot, long writtenAtMillis) {
    boolean is(OperationId operation) {
      return session == operation.getSession() && sequence == operation.getSequence();
    }
  }

  private static final Comparator<Listed> BY_OPERATION = SupersededOperations::compare;
  private static final Comparator<Listed> OLDEST_FIRST =
      (one, other) -> {
        int order = Long.compare(one.writtenAtMillis, other.writtenAtMillis);
        return order != 0 ? order : compare(one, other);
      };

  /** By session, sequence and dot. */
  private static int compare(Listed one, Listed other) {
    if (one.session != other.session) {
      return Long.compare(one.session, other.session);
    }
    return one.sequence != other.sequence
        ? Long.compare(one.sequence, other.sequence)
        : one.dot.compareTo(other.dot);
  }

  // Sorted by operation.
  private final List<Listed> listed;
  // Per session, never changed.
  private final TreeMap<Long, Long> highWaters;
  // The stored form: as it was read, or as it was made when it was first asked for. Each write of
  // the key stores it again, and sends it.
  private volatile io.capstan.proto.store.v1.@Nullable SupersededOperations stored;

  private SupersededOperations(
      List<Listed> listed,
      TreeMap<Long, Long> highWaters,
      io.capstan.proto.store.v1.@Nullable SupersededOperations stored) {
    this.listed = listed;
    this.highWaters = highWaters;
    this.stored = stored;
  }

  private static SupersededOperations of(List<Listed> listed, TreeMap<Long, Long> highWaters) {
    return listed.isEmpty() && highWaters.isEmpty()
        ? EMPTY
        : new SupersededOperations(listed, highWaters, null);
  }

  private SupersededOperations become(List<Listed> nowListed, TreeMap<Long, Long> nowHighWaters) {
    return nowListed == listed && nowHighWaters == highWaters ? this : of(nowListed, nowHighWaters);
  }

  /** Whether nothing is remembered. */
  public boolean isEmpty() {
    return listed.isEmpty() && highWaters.isEmpty();
  }

  /** Whether the operation is listed: it was executed, and what it wrote was superseded. */
  public boolean contains(OperationId operation) {
    return writtenBy(operation) != null;
  }

  /** The smallest dot of a superseded write of the operation, or null where none is listed. */
  public @Nullable Dot writtenBy(OperationId operation) {
    for (Listed each : listed) {
      if (each.is(operation)) {
        return each.dot;
      }
    }
    return null;
  }

  /** Whether it is no longer known if the operation was executed. */
  public boolean isBeyond(OperationId operation) {
    Long highWater = highWaters.get(operation.getSession());
    return highWater != null && operation.getSequence() <= highWater && !contains(operation);
  }

  /** With the operations of these writes, where they have one. */
  public SupersededOperations with(Collection<Sibling> superseded) {
    List<Listed> more = new ArrayList<>(superseded.size());
    for (Sibling sibling : superseded) {
      OperationId operation = sibling.operation();
      if (operation != null && sibling.typed() == null) {
        more.add(
            new Listed(
                operation.getSession(),
                operation.getSequence(),
                sibling.dot(),
                sibling.writtenAt().physicalMillis()));
      }
    }
    if (more.isEmpty()) {
      return this;
    }
    more.sort(BY_OPERATION);
    return become(merged(listed, more), highWaters);
  }

  /** What both remember together, before {@link #bounded}. */
  SupersededOperations join(SupersededOperations other) {
    if (this == other || other.isEmpty()) {
      return this;
    }
    if (isEmpty()) {
      return other;
    }
    TreeMap<Long, Long> joined = highWaters;
    if (!other.highWaters.isEmpty() && !other.highWaters.equals(highWaters)) {
      joined = new TreeMap<>(highWaters);
      for (Map.Entry<Long, Long> each : other.highWaters.entrySet()) {
        joined.merge(each.getKey(), each.getValue(), Math::max);
      }
    }
    return become(merged(listed, other.listed), joined);
  }

  /** Both, by operation; the first one itself where the other brings nothing. */
  private static List<Listed> merged(List<Listed> mine, List<Listed> theirs) {
    if (theirs.isEmpty() || mine.equals(theirs)) {
      return mine;
    }
    List<Listed> all = new ArrayList<>(mine.size() + theirs.size());
    boolean brings = false;
    int i = 0;
    int j = 0;
    while (i < mine.size() || j < theirs.size()) {
      int order =
          i == mine.size()
              ? 1
              : j == theirs.size() ? -1 : BY_OPERATION.compare(mine.get(i), theirs.get(j));
      Listed next = order <= 0 ? mine.get(i++) : theirs.get(j++);
      brings |= order > 0;
      int last = all.size() - 1;
      if (order == 0) {
        Listed same = theirs.get(j++);
        brings |= same.writtenAtMillis > next.writtenAtMillis;
        next = same.writtenAtMillis > next.writtenAtMillis ? same : next;
      }
      if (last >= 0 && BY_OPERATION.compare(all.get(last), next) == 0) {
        Listed kept = all.get(last);
        all.set(last, next.writtenAtMillis > kept.writtenAtMillis ? next : kept);
      } else {
        all.add(next);
      }
    }
    return brings ? List.copyOf(all) : mine;
  }

  /**
   * With no more than are to be listed.
   *
   * @param siblings what the row holds; an operation that stands there as well stays listed, since
   *     nothing else says that this copy does not count
   */
  SupersededOperations bounded(List<Sibling> siblings) {
    if (listed.size() <= OPERATIONS_MAX && highWaters.size() <= SESSIONS_MAX) {
      return this;
    }
    List<Listed> oldestFirst = new ArrayList<>(listed);
    oldestFirst.sort(OLDEST_FIRST);
    TreeMap<Long, Long> raised = new TreeMap<>(highWaters);
    List<Listed> kept = new ArrayList<>(listed);
    for (Listed each : oldestFirst.subList(0, Math.max(0, listed.size() - OPERATIONS_MAX))) {
      if (siblings.stream().noneMatch(s -> s.operation() != null && each.is(s.operation()))) {
        kept.remove(each);
        raised.merge(each.session, each.sequence, Math::max);
      }
    }
    while (raised.size() > SESSIONS_MAX) {
      raised.pollFirstEntry();
    }
    return of(List.copyOf(kept), raised);
  }

  /** Names some operations. */
  public interface OperationPredicate {
    /** Whether it is one of them. */
    boolean test(long session, long sequence);
  }

  /** Without the listed operations that the predicate names. */
  public SupersededOperations without(OperationPredicate forgotten) {
    return keeping(each -> !forgotten.test(each.session, each.sequence));
  }

  /** Those whose superseded writes the predicate names. */
  public SupersededOperations of(Predicate<Dot> written) {
    return keeping(each -> written.test(each.dot));
  }

  private SupersededOperations keeping(Predicate<Listed> stays) {
    List<Listed> kept = new ArrayList<>(listed.size());
    for (Listed each : listed) {
      if (stays.test(each)) {
        kept.add(each);
      }
    }
    return kept.size() == listed.size() ? this : of(List.copyOf(kept), highWaters);
  }

  /** Whether nothing is listed of which the predicate does not hold. */
  public boolean areAll(Predicate<Dot> written) {
    return listed.stream().allMatch(each -> written.test(each.dot));
  }

  /** Only those that are listed. */
  public SupersededOperations listedOnly() {
    return highWaters.isEmpty() ? this : of(listed, new TreeMap<>());
  }

  /** Hears of everything that is remembered. */
  public interface Visitor {
    /** It was executed. */
    void executed(long session, long sequence);

    /** At or below this sequence nothing else is known of the session. */
    void beyond(long session, long highWater);
  }

  /** Visits everything, by session and sequence. */
  public void visit(Visitor visitor) {
    listed.forEach(each -> visitor.executed(each.session, each.sequence));
    highWaters.forEach(visitor::beyond);
  }

  /** The stored form. */
  io.capstan.proto.store.v1.SupersededOperations toProto() {
    var known = stored;
    if (known == null) {
      known = encode();
      stored = known;
    }
    return known;
  }

  /** Listed and high-water marks are both in the order of sessions. */
  private io.capstan.proto.store.v1.SupersededOperations encode() {
    var all = io.capstan.proto.store.v1.SupersededOperations.newBuilder();
    Iterator<Map.Entry<Long, Long>> waters = highWaters.entrySet().iterator();
    Map.Entry<Long, Long> water = waters.hasNext() ? waters.next() : null;
    int i = 0;
    while (i < listed.size() || water != null) {
      long id =
          water == null || (i < listed.size() && listed.get(i).session < water.getKey())
              ? listed.get(i).session
              : water.getKey();
      var session =
          io.capstan.proto.store.v1.SupersededOperations.Session.newBuilder().setSession(id);
      if (water != null && water.getKey() == id) {
        session.setHighWater(water.getValue());
        water = waters.hasNext() ? waters.next() : null;
      }
      for (; i < listed.size() && listed.get(i).session == id; i++) {
        Listed each = listed.get(i);
        session
            .addSequences(each.sequence)
            .addDots(each.dot.toProto())
            .addWrittenAtMillis(each.writtenAtMillis);
      }
      all.addSessions(session.build());
    }
    return all.build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if it is not in order
   */
  static SupersededOperations fromProto(io.capstan.proto.store.v1.SupersededOperations stored) {
    int sessions = stored.getSessionsCount();
    if (sessions == 0) {
      return EMPTY;
    }
    List<Listed> listed = new ArrayList<>();
    TreeMap<Long, Long> highWaters = new TreeMap<>();
    Set<Long> met = new HashSet<>();
    // Else it is not what this version would write, and rows of all replicas are the same bytes.
    boolean canonical = stored.getUnknownFields().isEmpty();
    for (int i = 0; i < sessions; i++) {
      var session = stored.getSessions(i);
      long id = session.getSession();
      int sequences = session.getSequencesCount();
      if (!met.add(id)
          || sequences != session.getDotsCount()
          || sequences != session.getWrittenAtMillisCount()) {
        throw new IllegalArgumentException(
            "superseded operations of session " + id + " are not in order");
      }
      canonical &=
          session.getUnknownFields().isEmpty()
              && (sequences > 0 || session.getHighWater() != 0)
              && (i == 0 || stored.getSessions(i - 1).getSession() < id);
      if (session.getHighWater() != 0) {
        highWaters.put(id, session.getHighWater());
      }
      for (int j = 0; j < sequences; j++) {
        Dot dot = Dot.fromProto(session.getDots(j));
        Listed next = new Listed(id, session.getSequences(j), dot, session.getWrittenAtMillis(j));
        canonical &=
            session.getDots(j).getUnknownFields().isEmpty()
                && session.getDots(j).getActor().getUnknownFields().isEmpty()
                && (listed.isEmpty() || compare(listed.get(listed.size() - 1), next) < 0);
        listed.add(next);
      }
    }
    if (!canonical) {
      listed.sort(BY_OPERATION);
    }
    return listed.isEmpty() && highWaters.isEmpty()
        ? EMPTY
        : new SupersededOperations(List.copyOf(listed), highWaters, canonical ? stored : null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SupersededOperations that
        && listed.equals(that.listed)
        && highWaters.equals(that.highWaters);
  }

  @Override
  public int hashCode() {
    return 31 * listed.hashCode() + highWaters.hashCode();
  }

  @Override
  public String toString() {
    return toProto().toString().replace('\n', ' ').trim();
  }
}
