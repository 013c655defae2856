package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One client of the bank. What it compares is what it saw last, so some comparisons fail: a
 * transfer is then tried again on the balances of now, a compare-and-set has found out what it
 * wanted to know.
 */
final class BankScript implements ClientScript {
  private static final int REGISTER_PERCENT = 55;
  private static final int REGISTER_READ_PERCENT = 50;
  private static final int REGISTER_WRITE_PERCENT = 38;
  private static final int TRANSFER_PERCENT = 60;
  private static final int TRANSFER_MAX = 20;
  private static final long VALUES_PER_CLIENT = 1_000_000;

  private final RandomGenerator random;
  private final List<String> accounts;
  private final List<String> registers;
  private final Map<String, String> lastSeen = new HashMap<>();
  private @Nullable String lastRegister;
  private long nextValue;

  BankScript(int client, RandomGenerator random, List<String> accounts, List<String> registers) {
    this.random = random;
    this.accounts = accounts;
    this.registers = registers;
    this.nextValue = client * VALUES_PER_CLIENT + 1;
  }

  @Override
  public Attempt next(Phase phase) {
    Draw draw = draw();
    if (draw.isRegister()) {
      return nextOfRegister(draw.register(), draw.kind());
    }
    return draw.kind() < TRANSFER_PERCENT
        ? nextTransfer(draw.from(), draw.to(), draw.amount())
        : readAll();
  }

  private record Draw(
      boolean isRegister, int kind, String register, String from, String to, long amount) {}

  /** Every draw is made whatever the answers were, so that the choices follow from the seed. */
  private Draw draw() {
    boolean isRegister = random.nextInt(100) < REGISTER_PERCENT;
    int kind = random.nextInt(100);
    int first = random.nextInt(registers.size() * accounts.size());
    int second = random.nextInt(accounts.size() - 1);
    long amount = 1 + random.nextLong(TRANSFER_MAX);
    return new Draw(
        isRegister,
        kind,
        registers.get(first % registers.size()),
        accounts.get(first % accounts.size()),
        accounts.get((first % accounts.size() + 1 + second) % accounts.size()),
        amount);
  }

  /**
   * What a client of another kind of keyspace wants at this point of the same stream of choices.
   *
   * @param first the register, or who pays
   * @param second who is paid
   * @param amount of a transfer, or the value of a write
   */
  record Choice(String f, String first, String second, long amount) {}

  Choice choose() {
    Draw draw = draw();
    if (draw.isRegister()) {
      return draw.kind() < REGISTER_READ_PERCENT
          ? new Choice("read", draw.register(), "", 0)
          : new Choice("write", draw.register(), "", nextValue++);
    }
    return draw.kind() < TRANSFER_PERCENT
        ? new Choice(BankWorkload.TRANSFER, draw.from(), draw.to(), draw.amount())
        : new Choice(BankWorkload.READ_ALL, "", "", 0);
  }

  private Attempt nextOfRegister(String key, int kind) {
    if (kind < REGISTER_READ_PERCENT) {
      return read(key);
    }
    // The register that was seen last: of another one the client would know the value of long ago.
    String fresh = lastRegister;
    String known = fresh == null ? null : lastSeen.get(fresh);
    if (kind < REGISTER_READ_PERCENT + REGISTER_WRITE_PERCENT || fresh == null || known == null) {
      long value = nextValue++;
      return new Attempt(
          "write", key, value, Map.of(), new Request.Write(key, Long.toString(value), null));
    }
    long value = nextValue++;
    return new Attempt(
        "cas",
        fresh,
        List.of(Long.parseLong(known), value),
        Map.of(),
        new Request.Transaction(
            Map.of(fresh, known), Map.of(fresh, Long.toString(value)), List.of()));
  }

  private static Attempt read(String key) {
    return new Attempt("read", key, null, Map.of(), new Request.Read(key));
  }

  private Attempt readAll() {
    return new Attempt(
        BankWorkload.READ_ALL,
        null,
        null,
        Map.of(),
        new Request.Transaction(Map.of(), Map.of(), accounts));
  }

  private Attempt nextTransfer(String from, String to, long wanted) {
    String fromSeen = lastSeen.get(from);
    String toSeen = lastSeen.get(to);
    if (fromSeen == null || toSeen == null || Long.parseLong(fromSeen) == 0) {
      return readAll();
    }
    long amount = Math.min(wanted, Long.parseLong(fromSeen));
    Map<String, Object> order = new LinkedHashMap<>();
    order.put("from", from);
    order.put("to", to);
    order.put("amount", amount);
    return new Attempt(
        BankWorkload.TRANSFER, null, order, Map.of(), transfer(from, fromSeen, to, toSeen, amount));
  }

  private static Request.Transaction transfer(
      String from, String fromSeen, String to, String toSeen, long amount) {
    Map<String, String> expected = new LinkedHashMap<>();
    expected.put(from, fromSeen);
    expected.put(to, toSeen);
    Map<String, String> writes = new LinkedHashMap<>();
    writes.put(from, Long.toString(Long.parseLong(fromSeen) - amount));
    writes.put(to, Long.toString(Long.parseLong(toSeen) + amount));
    return new Request.Transaction(expected, writes, List.of());
  }

  /** Somebody else moved money meanwhile: the same transfer on the balances of now. */
  @Override
  public @Nullable Request again(Attempt attempt, Reply reply) {
    if (!reply.isOk()
        || reply.matched()
        || !(attempt.request() instanceof Request.Transaction transaction)
        || !(attempt.value() instanceof Map<?, ?> order)
        || !(order.get("amount") instanceof Long amount)) {
      return null;
    }
    List<String> accounts = List.copyOf(transaction.expected().keySet());
    String from = accounts.get(0);
    String to = accounts.get(1);
    String fromNow = reply.single(from);
    String toNow = reply.single(to);
    if (fromNow == null || toNow == null || Long.parseLong(fromNow) < amount) {
      return null;
    }
    return transfer(from, fromNow, to, toNow, amount);
  }

  @Override
  public Ending end(Attempt attempt, Reply reply) {
    return switch (reply.outcome()) {
      case OK -> endAnswered(attempt, reply);
      case FAILED -> withError(EventType.FAIL, attempt, reply.errorCode());
      case UNKNOWN -> withError(EventType.INFO, attempt, reply.errorCode());
    };
  }

  private Ending endAnswered(Attempt attempt, Reply reply) {
    reply
        .values()
        .forEach(
            (key, held) -> {
              String value = reply.single(key);
              if (value != null) {
                saw(key, value);
              }
            });
    if (!reply.matched()) {
      return withError(EventType.FAIL, attempt, Ending.COMPARISON_FAILED);
    }
    return switch (attempt.request()) {
      case Request.Read read ->
          StepScript.seen(number(reply.single(read.key())), reply.valuesOf(read.key()));
      case Request.Write write -> {
        saw(write.key(), write.value());
        yield written(attempt, reply);
      }
      case Request.Transaction transaction -> {
        transaction.writes().forEach(this::saw);
        yield attempt.f().equals(BankWorkload.READ_ALL)
            ? Ending.of(EventType.OK, balances(reply))
            : written(attempt, reply);
      }
      case Request.CounterAdd add -> throw new IllegalStateException("no counters here: " + add);
      case Request.SetAdd add -> throw new IllegalStateException("no sets here: " + add);
    };
  }

  /** The log's entry is the version of all that it wrote. */
  private static Ending written(Attempt attempt, Reply reply) {
    return new Ending(EventType.OK, attempt.value(), Map.of(Extras.VERSION, reply.version()));
  }

  private void saw(String key, String value) {
    lastSeen.put(key, value);
    if (registers.contains(key)) {
      lastRegister = key;
    }
  }

  private static Map<String, @Nullable Object> balances(Reply reply) {
    Map<String, @Nullable Object> balances = new LinkedHashMap<>();
    reply.values().keySet().forEach(key -> balances.put(key, number(reply.single(key))));
    return balances;
  }

  private static Ending withError(EventType type, Attempt attempt, String error) {
    return new Ending(type, attempt.value(), Map.of(Extras.ERROR, error));
  }

  /** The values are numbers; one that is not is shown as it is, for the checker to refuse. */
  private static @Nullable Object number(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return text;
    }
  }
}
