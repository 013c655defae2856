package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes histories by running clients against a real object, each operation taking effect somewhere
 * between its two events; crashed ones take effect late or never. With {@code lies} above zero some
 * answers are replaced.
 */
final class RandomHistories {
  private RandomHistories() {}

  /** Draws operations and false answers for one kind of object. */
  interface Workload {
    Call draw(SplittableRandom random);

    @Nullable Object answer(Object state, Call call);

    @Nullable Object lie(SplittableRandom random);
  }

  static <S> History draw(
      Model<S> model,
      Workload workload,
      long seed,
      int operations,
      int processes,
      double crashes,
      double lies) {
    SplittableRandom random = new SplittableRandom(seed);
    HistoryScript script = new HistoryScript();
    S state = model.initial();
    List<Long> idle = new ArrayList<>();
    long nextProcess = processes;
    for (long p = 0; p < processes; p++) {
      idle.add(p);
    }
    Map<Long, Call> running = new HashMap<>();
    Map<Long, Object> effective = new HashMap<>();
    List<Call> ghosts = new ArrayList<>();
    boolean crowded = seed % 2 == 0;
    int invoked = 0;
    while (invoked < operations || !running.isEmpty()) {
      int choice = random.nextInt(4);
      if ((choice == 0 || (choice == 3 && crowded)) && invoked < operations && !idle.isEmpty()) {
        long process = idle.remove(random.nextInt(idle.size()));
        Call call = workload.draw(random);
        running.put(process, call);
        script.invoke(process, call.f(), call.input());
        invoked++;
      } else if (choice == 1 && !ghosts.isEmpty()) {
        Call ghost = ghosts.remove(random.nextInt(ghosts.size()));
        S after = model.step(state, ghost);
        state = after == null ? state : after;
      } else if (!running.isEmpty()) {
        List<Long> processesRunning = running.keySet().stream().sorted().toList();
        long process = processesRunning.get(random.nextInt(processesRunning.size()));
        Call call = running.get(process);
        if (!effective.containsKey(process)) {
          if (random.nextDouble() < crashes) {
            ghosts.add(new Call(call.f(), call.input(), null, false));
            script.info(process);
            running.remove(process);
            idle.add(nextProcess++);
            continue;
          }
          Object answer = model.isReadOnly(call) ? workload.answer(state, call) : call.input();
          S after = model.step(state, new Call(call.f(), call.input(), answer, true));
          if (after == null) {
            script.fail(process);
            running.remove(process);
            idle.add(process);
            continue;
          }
          state = after;
          effective.put(process, List.of(java.util.Optional.ofNullable(answer)));
        } else {
          Object answer =
              ((java.util.Optional<?>) ((List<?>) effective.remove(process)).get(0)).orElse(null);
          if (model.isReadOnly(call) && random.nextDouble() < lies) {
            answer = workload.lie(random);
          }
          script.ok(process, answer);
          running.remove(process);
          idle.add(process);
        }
      }
    }
    return script.history();
  }

  /** Reads, writes, and now and then a cas. */
  static Workload casRegister(int values) {
    return new Workload() {
      @Override
      public Call draw(SplittableRandom random) {
        return switch (random.nextInt(5)) {
          case 0, 3 -> new Call("read", null, null, true);
          case 1, 4 -> new Call("write", (long) random.nextInt(values), null, true);
          default ->
              new Call(
                  "cas",
                  List.of((long) random.nextInt(values), (long) random.nextInt(values)),
                  null,
                  true);
        };
      }

      @Override
      public @Nullable Object answer(Object state, Call call) {
        return ((RegisterModel.State) state).value();
      }

      @Override
      public Object lie(SplittableRandom random) {
        return (long) random.nextInt(values);
      }
    };
  }

  static Workload counter() {
    return new Workload() {
      @Override
      public Call draw(SplittableRandom random) {
        return random.nextInt(2) == 0
            ? new Call("read", null, null, true)
            : new Call("add", (long) random.nextInt(4) - 1, null, true);
      }

      @Override
      public Object answer(Object state, Call call) {
        return state;
      }

      @Override
      public Object lie(SplittableRandom random) {
        return (long) random.nextInt(6);
      }
    };
  }

  static Workload kv() {
    return new Workload() {
      @Override
      public Call draw(SplittableRandom random) {
        String letter = String.valueOf((char) ('a' + random.nextInt(3)));
        return switch (random.nextInt(5)) {
          case 0, 1 -> new Call("get", null, null, true);
          case 2 -> new Call("put", letter, null, true);
          default -> new Call("append", letter, null, true);
        };
      }

      @Override
      public Object answer(Object state, Call call) {
        return state;
      }

      @Override
      public Object lie(SplittableRandom random) {
        return "abcab".substring(random.nextInt(3), 3 + random.nextInt(3));
      }
    };
  }

  /** Elements 0 to 19; each is added once, or they are few, and removed too. */
  static Workload set(boolean unique) {
    return new Workload() {
      private long next;

      @Override
      public Call draw(SplittableRandom random) {
        if (random.nextInt(2) == 0) {
          return new Call("read", null, null, true);
        }
        if (unique) {
          return new Call("add", next++ % 20, null, true);
        }
        return new Call(
            random.nextInt(3) == 0 ? "remove" : "add", (long) random.nextInt(3), null, true);
      }

      @Override
      public Object answer(Object state, Call call) {
        return ((BitSet) state).stream().mapToObj(element -> (Object) (long) element).toList();
      }

      @Override
      public Object lie(SplittableRandom random) {
        long seen = random.nextLong();
        return LongStream.range(unique ? Math.max(0, next - 3) : 0, unique ? next : 3)
            .filter(element -> (seen >> element & 1) == 0)
            .boxed()
            .toList();
      }
    };
  }

  /** A set that knows the elements that {@link #set} draws. */
  static Model<BitSet> setModel() {
    return new SetModel(null)
        .specialisedFor(
            LongStream.range(0, 20).mapToObj(e -> new Call("add", e, null, true)).toList());
  }
}
