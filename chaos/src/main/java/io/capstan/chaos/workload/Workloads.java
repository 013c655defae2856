package io.capstan.chaos.workload;

import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** The workloads by name. Each runs in either mode, so that the price of the wrong one shows. */
public final class Workloads {
  /** Single values that are read and written. */
  public static final String REGISTER = "register";

  /** The same with compare-and-set. */
  public static final String CAS_REGISTER = "cas-register";

  /** Transfers between accounts, reads of all of them, and registers beside. */
  public static final String BANK = "bank";

  /** Posts on walls, likes that are counted, followers in sets. */
  public static final String FEED = "feed";

  /** Unique elements that are added to sets. */
  public static final String SET = "set";

  /** Numbers that are added up. */
  public static final String COUNTER = "counter";

  /** Transactions that append to lists and read them. */
  public static final String LIST_APPEND = "list-append";

  /** Numbers that are taken, each once. */
  public static final String CLAIM_IDS = "claim-ids";

  /** The names, in the order in which help lists them. */
  public static final List<String> NAMES =
      List.of(REGISTER, CAS_REGISTER, BANK, FEED, SET, COUNTER, LIST_APPEND, CLAIM_IDS);

  /** The function that takes a number. */
  public static final String CLAIM = "claim";

  /** Keys of plain values, counters, sets and rolls begin so. */
  public static final String REGISTER_PREFIX = BankWorkload.REGISTER_PREFIX;

  public static final String WALL_PREFIX = FeedWorkload.WALL_PREFIX;
  public static final String COUNTER_PREFIX = "counter/";
  public static final String SET_PREFIX = "set/";
  public static final String ROLL_PREFIX = "roll/";
  public static final String LIST_PREFIX = "list/";

  private static final int REGISTERS = 6;
  private static final int WALLS = 6;
  private static final int TYPED = 2;
  private static final int LISTS = 5;

  private Workloads() {}

  /**
   * Returns a workload.
   *
   * @param name one of {@link #NAMES}
   * @param mode of the keyspace
   */
  public static Workload named(String name, String keyspace, Mode mode) {
    return switch (name) {
      case REGISTER, CAS_REGISTER -> registers(keyspace, mode, name.equals(CAS_REGISTER));
      case BANK -> mode == Mode.CP ? new BankWorkload(keyspace) : moneyInAp(keyspace);
      case FEED -> social(keyspace, mode, WALLS, TYPED, TYPED);
      case SET -> social(keyspace, mode, 0, 0, TYPED + 1);
      case COUNTER -> social(keyspace, mode, 0, TYPED + 1, 0);
      case LIST_APPEND -> lists(keyspace, mode);
      case CLAIM_IDS -> rolls(keyspace, mode);
      default -> throw new IllegalArgumentException("no workload " + name + "; there are " + NAMES);
    };
  }

  private static List<String> numbered(String prefix, int count) {
    return IntStream.rangeClosed(1, count).mapToObj(number -> prefix + number).toList();
  }

  private static List<String> everySecond(List<String> keys) {
    return IntStream.range(0, keys.size()).filter(i -> i % 2 == 1).mapToObj(keys::get).toList();
  }

  /** Makes the script of one client. */
  private interface Scripts {
    ClientScript script(int client, RandomGenerator random);
  }

  private record Plain(
      String keyspace,
      Mode mode,
      List<String> keys,
      List<String> quietKeys,
      List<Request> setUp,
      Scripts scripts)
      implements Workload {
    @Override
    public ClientScript script(int client, RandomGenerator random) {
      return scripts.script(client, random);
    }
  }

  private static Workload registers(String keyspace, Mode mode, boolean withCas) {
    List<String> keys = numbered(REGISTER_PREFIX, REGISTERS);
    List<String> quiet = everySecond(keys);
    return new Plain(
        keyspace,
        mode,
        keys,
        quiet,
        List.of(),
        (client, random) -> new RegisterScript(client, random, mode, keys, quiet, withCas));
  }

  private static Workload social(String keyspace, Mode mode, int walls, int counters, int sets) {
    List<String> wallKeys = numbered(WALL_PREFIX, walls);
    List<String> counterKeys = numbered(COUNTER_PREFIX, counters);
    List<String> setKeys = numbered(SET_PREFIX, sets);
    SocialScript.Keys all = new SocialScript.Keys(wallKeys, counterKeys, setKeys, List.of());
    List<String> quiet = everySecond(all.all());
    SocialScript.Keys keys = new SocialScript.Keys(wallKeys, counterKeys, setKeys, quiet);
    return new Plain(
        keyspace,
        mode,
        keys.all(),
        quiet,
        List.of(),
        (client, random) -> new SocialScript(client, random, mode, keys));
  }

  private static Workload moneyInAp(String keyspace) {
    BankWorkload bank = new BankWorkload(keyspace);
    List<Request> setUp = new ArrayList<>();
    bank.accounts()
        .forEach(
            account ->
                setUp.add(new Request.Write(account, Long.toString(bank.initialBalance()), null)));
    return new Plain(
        keyspace,
        Mode.AP,
        bank.keys(),
        List.of(),
        setUp,
        (client, random) -> new MoneyScript(client, random, bank.accounts(), bank.registers()));
  }

  private static Workload lists(String keyspace, Mode mode) {
    List<String> lists = numbered(LIST_PREFIX, LISTS);
    return new Plain(
        keyspace,
        mode,
        lists,
        List.of(),
        begin(lists, mode, ListAppendScript.EMPTY),
        (client, random) -> new ListAppendScript(client, random, mode, lists));
  }

  private static Workload rolls(String keyspace, Mode mode) {
    List<String> rolls = numbered(ROLL_PREFIX, TYPED);
    return new Plain(
        keyspace,
        mode,
        rolls,
        List.of(),
        begin(rolls, mode, "0"),
        (client, random) -> new ClaimScript(client, random, mode, rolls));
  }

  private static List<Request> begin(List<String> keys, Mode mode, String value) {
    Map<String, String> values = new LinkedHashMap<>();
    keys.forEach(key -> values.put(key, value));
    if (mode == Mode.CP) {
      return List.of(new Request.Transaction(Map.of(), values, List.of()));
    }
    List<Request> writes = new ArrayList<>();
    values.forEach((key, text) -> writes.add(new Request.Write(key, text, null)));
    return writes;
  }
}
