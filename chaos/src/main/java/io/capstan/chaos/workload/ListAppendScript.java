package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One client of lists: transactions that append unique numbers and read whole lists, as Elle wants
 * them (Kingsbury and Alvaro, VLDB 2020). A list is text, its numbers separated by blanks.
 *
 * <p>In a CP keyspace a transaction compares every list that it touches with what it saw last and
 * is tried again on what it holds now. An AP keyspace has no transactions: the client reads the
 * lists one after the other, and then writes those that it appends to; siblings it joins.
 */
final class ListAppendScript extends StepScript {
  /** What a list holds before anybody has appended. */
  static final String EMPTY = "";

  private static final int STEPS_MAX = 3;
  private static final long VALUES_PER_CLIENT = 1_000_000;

  private final List<String> lists;
  private final Map<String, String> lastSeen = new HashMap<>();
  private long nextValue;

  /** A step of a transaction: an append, or a read where the value is null. */
  private record Step(String list, @Nullable Long value) {
    List<@Nullable Object> asMop(@Nullable Object answer) {
      return value == null
          ? Arrays.asList("r", list, answer)
          : Arrays.asList("append", list, value);
    }
  }

  ListAppendScript(int client, RandomGenerator random, Mode mode, List<String> lists) {
    super(client, random, mode);
    this.lists = lists;
    this.nextValue = client * VALUES_PER_CLIENT + 1;
  }

  @Override
  public Attempt next(Phase phase) {
    int count = 1 + random.nextInt(STEPS_MAX);
    List<Step> steps = new ArrayList<>();
    Set<String> used = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      String list = lists.get(random.nextInt(lists.size()));
      boolean appends = random.nextBoolean();
      if (used.add(list)) {
        steps.add(new Step(list, appends ? nextValue++ : null));
      }
    }
    List<Object> mops = new ArrayList<>();
    steps.forEach(step -> mops.add(step.asMop(null)));
    Request first = isCp() ? transaction(steps, lastSeen) : new Request.Read(steps.get(0).list());
    return attempt("txn", null, mops, first);
  }

  private static Request.Transaction transaction(List<Step> steps, Map<String, String> held) {
    Map<String, String> expected = new LinkedHashMap<>();
    Map<String, String> writes = new LinkedHashMap<>();
    List<String> reads = new ArrayList<>();
    for (Step step : steps) {
      if (step.value() == null) {
        reads.add(step.list());
      } else {
        String before = held.getOrDefault(step.list(), EMPTY);
        expected.put(step.list(), before);
        writes.put(step.list(), appended(before, step.value()));
      }
    }
    return new Request.Transaction(expected, writes, reads);
  }

  private static String appended(String before, long value) {
    return before.isBlank() ? Long.toString(value) : before + " " + value;
  }

  private static List<Step> steps(Attempt attempt) {
    List<Step> steps = new ArrayList<>();
    if (attempt.value() instanceof List<?> mops) {
      for (Object mop : mops) {
        if (mop instanceof List<?> parts) {
          Long value = parts.get(2) instanceof Long number ? number : null;
          steps.add(
              new Step(String.valueOf(parts.get(1)), parts.get(0).equals("append") ? value : null));
        }
      }
    }
    return steps;
  }

  @Override
  @Nullable Request next(Attempt attempt, Memo memo, Reply reply) {
    List<Step> steps = steps(attempt);
    if (isCp()) {
      reply.values().keySet().forEach(list -> saw(list, reply.single(list)));
      return reply.matched() ? null : transaction(steps, lastSeen);
    }
    if (memo.read.size() < steps.size()) {
      return new Request.Read(steps.get(memo.read.size()).list());
    }
    List<Step> appends = steps.stream().filter(step -> step.value() != null).toList();
    if (memo.written >= appends.size()) {
      return null;
    }
    Step step = appends.get(memo.written);
    Long value = step.value();
    return new Request.Write(
        step.list(),
        appended(joined(memo, step.list()), value == null ? 0 : value),
        memo.contexts.get(step.list()));
  }

  private void saw(String list, @Nullable String text) {
    if (text != null) {
      lastSeen.put(list, text);
    }
  }

  /** The siblings of a list as one: what the first has, then what only others have. */
  private static String joined(Memo memo, String list) {
    Set<String> numbers = new LinkedHashSet<>();
    for (StoredValue held : memo.read.getOrDefault(list, List.of())) {
      for (String number : held.value().split(" ", -1)) {
        if (!number.isBlank()) {
          numbers.add(number);
        }
      }
    }
    return String.join(" ", numbers);
  }

  @Override
  Ending answered(Attempt attempt, Memo memo, Reply reply) {
    List<Object> mops = new ArrayList<>();
    for (Step step : steps(attempt)) {
      String text = isCp() ? reply.single(step.list()) : joined(memo, step.list());
      mops.add(step.asMop(step.value() == null ? numbers(text) : null));
    }
    if (isCp() && attempt.request() instanceof Request.Transaction done) {
      done.writes().forEach(this::saw);
    }
    return Ending.of(EventType.OK, mops);
  }

  private static List<Long> numbers(@Nullable String text) {
    List<Long> numbers = new ArrayList<>();
    if (text != null) {
      for (String number : text.split(" ", -1)) {
        if (!number.isBlank()) {
          numbers.add(Long.parseLong(number));
        }
      }
    }
    return numbers;
  }
}
