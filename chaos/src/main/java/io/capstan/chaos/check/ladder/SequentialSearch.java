package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks for one order of all accesses in which those of each chain keep theirs and every read finds
 * what it saw. Depth first over the places reached in each chain, with what was visited remembered.
 * All keys at once: sequential consistency of each key alone says nothing about them together.
 *
 * <p>A read that fits is placed at once, for it stands in nobody's way; a value is not overwritten
 * while somebody still has to read it and nobody is left to write it again.
 */
final class SequentialSearch {
  /** How the search ended. */
  enum End {
    FOUND,
    NONE,
    OUT_OF_BUDGET
  }

  private static final int NOTHING = -1;
  private static final int POLL_MASK = 0x3f;

  private final Budget budget;
  private final int[][] key;
  private final int[][] seen;
  private final int[][] written;
  private final boolean[] optional;
  private final int[] position;
  private final int[] current;
  private final int[] writersLeft;
  private final int[] readersLeft;
  private final List<int[]> trail = new ArrayList<>();
  private final Set<State> visited = new HashSet<>();
  private int required;
  private long steps;
  private long bookedBytes;

  /** Where each chain stands and what each key holds. */
  private record State(int[] numbers) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof State state && Arrays.equals(numbers, state.numbers);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(numbers);
    }
  }

  private SequentialSearch(Accesses accesses, Budget budget) {
    this.budget = budget;
    Map<Object, Integer> keys = new HashMap<>();
    Map<List<Object>, Integer> values = new HashMap<>();
    List<List<int[]>> chains = new ArrayList<>();
    this.optional = new boolean[accesses.chains];
    for (int i = 0; i < accesses.chains; i++) {
      chains.add(new ArrayList<>());
    }
    List<Integer> initial = new ArrayList<>();
    for (Access access : accesses.all) {
      int k = keys.computeIfAbsent(Optional.ofNullable(access.key()), unused -> keys.size());
      if (k == initial.size()) {
        initial.add(value(values, k, accesses.initial));
      }
      int s = access.seen == null ? NOTHING : value(values, k, access.seen.get(0));
      int w = access.writes ? value(values, k, access.written) : NOTHING;
      chains.get(access.chain).add(new int[] {k, s, w});
      if (access.operation.isOk()) {
        required++;
      } else {
        optional[access.chain] = true;
      }
    }
    this.key = column(chains, 0);
    this.seen = column(chains, 1);
    this.written = column(chains, 2);
    this.position = new int[accesses.chains];
    this.current = initial.stream().mapToInt(Integer::intValue).toArray();
    this.writersLeft = new int[values.size()];
    this.readersLeft = new int[values.size()];
    for (int c = 0; c < key.length; c++) {
      for (int i = 0; i < key[c].length; i++) {
        if (written[c][i] != NOTHING) {
          writersLeft[written[c][i]]++;
        }
        if (seen[c][i] != NOTHING && !optional[c]) {
          readersLeft[seen[c][i]]++;
        }
      }
    }
  }

  private static int value(Map<List<Object>, Integer> values, int key, @Nullable Object value) {
    return values.computeIfAbsent(List.of(key, Optional.ofNullable(value)), u -> values.size());
  }

  private static int[][] column(List<List<int[]>> chains, int column) {
    return chains.stream()
        .map(chain -> chain.stream().mapToInt(access -> access[column]).toArray())
        .toArray(int[][]::new);
  }

  /** Searches; every read must have seen one value. */
  static End search(Accesses accesses, Budget budget) {
    SequentialSearch search = new SequentialSearch(accesses, budget);
    try {
      return search.run();
    } finally {
      budget.reserve(-search.bookedBytes);
    }
  }

  private End run() {
    absorb();
    if (required == 0) {
      return End.FOUND;
    }
    List<int[]> stack = new ArrayList<>();
    remember();
    stack.add(new int[] {0, trail.size()});
    while (!stack.isEmpty()) {
      if ((steps++ & POLL_MASK) == 0 && budget.exhausted() != null) {
        return End.OUT_OF_BUDGET;
      }
      int[] top = stack.get(stack.size() - 1);
      if (top[0] == key.length) {
        stack.remove(stack.size() - 1);
        undo(stack.isEmpty() ? 0 : stack.get(stack.size() - 1)[1]);
        continue;
      }
      int chain = top[0]++;
      if (!mayWrite(chain)) {
        continue;
      }
      place(chain);
      absorb();
      if (required == 0) {
        return End.FOUND;
      }
      if (isStuck() || !remember()) {
        undo(top[1]);
      } else {
        stack.add(new int[] {0, trail.size()});
      }
    }
    return End.NONE;
  }

  private boolean mayWrite(int chain) {
    int at = position[chain];
    if (at == key[chain].length || written[chain][at] == NOTHING) {
      return false;
    }
    int k = key[chain][at];
    int held = current[k];
    int needed = seen[chain][at];
    if (needed != NOTHING && needed != held) {
      return false;
    }
    boolean readsIt = needed == held && !optional[chain];
    return written[chain][at] == held
        || writersLeft[held] > 0
        || readersLeft[held] - (readsIt ? 1 : 0) == 0;
  }

  private void place(int chain) {
    int at = position[chain]++;
    int k = key[chain][at];
    trail.add(new int[] {chain, k, current[k]});
    if (written[chain][at] != NOTHING) {
      current[k] = written[chain][at];
      writersLeft[written[chain][at]]--;
    }
    if (!optional[chain]) {
      required--;
      if (seen[chain][at] != NOTHING) {
        readersLeft[seen[chain][at]]--;
      }
    }
  }

  private void undo(int length) {
    while (trail.size() > length) {
      int[] last = trail.remove(trail.size() - 1);
      int chain = last[0];
      int at = --position[chain];
      current[last[1]] = last[2];
      if (written[chain][at] != NOTHING) {
        writersLeft[written[chain][at]]++;
      }
      if (!optional[chain]) {
        required++;
        if (seen[chain][at] != NOTHING) {
          readersLeft[seen[chain][at]]++;
        }
      }
    }
  }

  /** Places every read that fits, until none does. */
  private void absorb() {
    boolean again = true;
    while (again) {
      again = false;
      for (int chain = 0; chain < key.length; chain++) {
        while (position[chain] < key[chain].length
            && written[chain][position[chain]] == NOTHING
            && seen[chain][position[chain]] == current[key[chain][position[chain]]]) {
          place(chain);
          again = true;
        }
      }
    }
  }

  /** Whether somebody waits for a value that nobody will write any more. */
  private boolean isStuck() {
    for (int chain = 0; chain < key.length; chain++) {
      int at = position[chain];
      if (at < key[chain].length && !optional[chain] && seen[chain][at] != NOTHING) {
        int needed = seen[chain][at];
        if (needed != current[key[chain][at]] && writersLeft[needed] == 0) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean remember() {
    int[] numbers = Arrays.copyOf(position, position.length + current.length);
    System.arraycopy(current, 0, numbers, position.length, current.length);
    long bytes = 80L + 4L * numbers.length;
    if (!visited.add(new State(numbers))) {
      return false;
    }
    bookedBytes += bytes;
    budget.reserve(bytes);
    return true;
  }
}
