package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Budget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which access causally precedes which: by vectors that say, for each chain, how many of its
 * accesses come before (Fidge, Mattern). A read of a value that several wrote takes no part in it,
 * so the relation is never too large.
 */
final class CausalOrder {
  private final Accesses accesses;
  private final List<List<Access>> causes = new ArrayList<>();
  private final int[] @Nullable [] vectors;

  /** How many reads could not be traced to one write. */
  int ambiguousReads;

  /** Accesses that causally precede themselves; empty if none do. */
  final List<Access> circular = new ArrayList<>();

  /** Why it was given up; null if it was not. */
  final @Nullable String gaveUp;

  CausalOrder(Accesses accesses, Budget budget) {
    this.accesses = accesses;
    int count = accesses.all.size();
    this.vectors = new int[count][];
    List<List<Access>> next = new ArrayList<>(count);
    int[] open = new int[count];
    for (int i = 0; i < count; i++) {
      next.add(new ArrayList<>(2));
    }
    for (Access access : accesses.all) {
      List<Access> before = causesOf(access);
      causes.add(before);
      for (Access cause : before) {
        next.get(cause.number).add(access);
        open[access.number]++;
      }
    }
    ArrayDeque<Access> ready = new ArrayDeque<>();
    for (Access access : accesses.all) {
      if (open[access.number] == 0) {
        ready.add(access);
      }
    }
    budget.reserve(4L * accesses.chains * count);
    String reason = null;
    int done = 0;
    while (!ready.isEmpty()) {
      if ((done++ & 0xff) == 0 && (reason = budget.exhausted()) != null) {
        break;
      }
      Access access = ready.remove();
      vectors[access.number] = vector(access);
      for (Access after : next.get(access.number)) {
        if (--open[after.number] == 0) {
          ready.add(after);
        }
      }
    }
    budget.reserve(-4L * accesses.chains * count);
    gaveUp = reason;
    if (reason == null && done < count) {
      findCircle(open);
    }
  }

  private List<Access> causesOf(Access access) {
    List<Access> before = new ArrayList<>(2);
    if (access.before != null) {
      before.add(access.before);
    }
    if (access.seen != null) {
      for (Object value : access.seen) {
        Access writer = writer(access, value);
        if (writer != null) {
          before.add(writer);
        }
      }
    }
    return before;
  }

  /** The one access that left this value; null if it is the initial one, or if it is not known. */
  @Nullable Access writer(Access reader, @Nullable Object value) {
    List<Access> candidates = accesses.candidates(reader, value);
    boolean one = candidates.size() == 1 && !accesses.isInitial(value);
    if (!one && candidates.size() + (accesses.isInitial(value) ? 1 : 0) > 1) {
      ambiguousReads++;
    }
    return one ? candidates.get(0) : null;
  }

  private int[] vector(Access access) {
    int[] vector = new int[accesses.chains];
    for (Access cause : causes.get(access.number)) {
      int[] other = vectors[cause.number];
      if (other == null) {
        throw new IllegalStateException("an access is placed before its cause");
      }
      for (int i = 0; i < vector.length; i++) {
        vector[i] = Math.max(vector[i], other[i]);
      }
    }
    vector[access.chain] = access.place + 1;
    return vector;
  }

  private void findCircle(int[] open) {
    Access at = null;
    for (Access access : accesses.all) {
      if (open[access.number] > 0) {
        at = access;
        break;
      }
    }
    Map<Access, Integer> met = new HashMap<>();
    List<Access> walk = new ArrayList<>();
    while (at != null && !met.containsKey(at)) {
      met.put(at, walk.size());
      walk.add(at);
      Access back = null;
      for (Access cause : causes.get(at.number)) {
        if (open[cause.number] > 0) {
          back = cause;
        }
      }
      at = back;
    }
    if (at != null) {
      circular.addAll(walk.subList(met.getOrDefault(at, 0), walk.size()).reversed());
    }
  }

  /** What directly comes before an access. */
  List<Access> causes(Access access) {
    return causes.get(access.number);
  }

  /** How many accesses of a chain causally precede this one, itself included in its own. */
  int known(Access access, int chain) {
    int[] vector = vectors[access.number];
    return vector == null ? 0 : vector[chain];
  }

  /** Whether the first causally precedes the second. */
  boolean precedes(Access first, Access second) {
    return first != second && known(second, first.chain) > first.place;
  }
}
