package io.capstan.chaos.workload;

import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * A bank in a CP keyspace: transfers between accounts as transactions that compare both balances,
 * reads of all accounts as one transaction, and beside them single registers that are read,
 * written, and compared and set.
 *
 * <p>What has to hold: the accounts always add up to {@link #total()}, and the registers are
 * linearizable.
 */
public final class BankWorkload implements Workload {
  /** Keys of accounts begin so. */
  public static final String ACCOUNT_PREFIX = "account/";

  /** Keys of registers begin so. */
  public static final String REGISTER_PREFIX = "register/";

  /** The function that moves money: value {@code {from, to, amount}}. */
  public static final String TRANSFER = "transfer";

  /** The function that reads every account at once: value {@code {account balance ...}}. */
  public static final String READ_ALL = "read-all";

  static final int ACCOUNTS = 6;
  static final int REGISTERS = 4;
  static final long INITIAL_BALANCE = 100;

  private final String keyspace;
  private final List<String> accounts = numbered(ACCOUNT_PREFIX, ACCOUNTS);
  private final List<String> registers = numbered(REGISTER_PREFIX, REGISTERS);

  public BankWorkload(String keyspace) {
    this.keyspace = keyspace;
  }

  private static List<String> numbered(String prefix, int count) {
    return IntStream.rangeClosed(1, count).mapToObj(number -> prefix + number).toList();
  }

  @Override
  public String keyspace() {
    return keyspace;
  }

  @Override
  public Mode mode() {
    return Mode.CP;
  }

  @Override
  public List<String> keys() {
    List<String> keys = new ArrayList<>(accounts);
    keys.addAll(registers);
    return keys;
  }

  @Override
  public List<String> quietKeys() {
    return List.of();
  }

  /** Returns the keys of the accounts. */
  public List<String> accounts() {
    return accounts;
  }

  /** Returns the keys of the registers. */
  public List<String> registers() {
    return registers;
  }

  /** Returns what each account holds at first. */
  public long initialBalance() {
    return INITIAL_BALANCE;
  }

  /** Returns what all accounts together must hold at every moment. */
  public long total() {
    return ACCOUNTS * INITIAL_BALANCE;
  }

  @Override
  public List<Request> setUp() {
    Map<String, String> balances = new LinkedHashMap<>();
    accounts.forEach(account -> balances.put(account, Long.toString(INITIAL_BALANCE)));
    return List.of(new Request.Transaction(Map.of(), balances, List.of()));
  }

  @Override
  public ClientScript script(int client, RandomGenerator random) {
    return new BankScript(client, random, accounts, registers);
  }
}
