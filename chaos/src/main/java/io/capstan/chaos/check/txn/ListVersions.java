package io.capstan.chaos.check.txn;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the lists went through: the longest read of a list is the order in which its elements came,
 * and who appended each. What contradicts that is noted as an anomaly on the way.
 */
final class ListVersions {
  /** So many anomalies of one kind are told; all that are met count. */
  static final int LISTED_MAX = 8;

  /** The elements of one list, in the order in which they came. */
  static final class Versions {
    final @Nullable Object key;
    List<@Nullable Object> order = List.of();
    @Nullable Transaction longestReader;

    /** By element: who appended it. */
    final Map<Object, Transaction> writers = new HashMap<>();

    /**
     * Who took effect and appended what no read showed, which came after all else; first those of
     * unknown outcome, then the others by completion.
     */
    List<Transaction> unobserved = List.of();

    Versions(@Nullable Object key) {
      this.key = key;
    }

    @Nullable Transaction writer(@Nullable Object element) {
      return writers.get(boxed(element));
    }

    /** Who appended the element at this place; null beyond the end, or if nobody did. */
    @Nullable Transaction writerAt(int place) {
      return place < 0 || place >= order.size() ? null : writer(order.get(place));
    }
  }

  final List<Transaction> transactions;
  final Map<@Nullable Object, Versions> byKey = new LinkedHashMap<>();
  final List<Anomaly> anomalies = new ArrayList<>();
  private final Map<AnomalyKind, Integer> counts = new HashMap<>();

  /** Reads the versions off the transactions. */
  ListVersions(List<Transaction> transactions) {
    this.transactions = transactions;
    for (Transaction transaction : transactions) {
      noteAppends(transaction);
    }
    for (Transaction transaction : transactions) {
      if (transaction.isAcknowledged()) {
        judgeInternally(transaction);
        noteReads(transaction);
      }
    }
    for (Transaction transaction : transactions) {
      if (transaction.isAcknowledged()) {
        transaction.externalReads().forEach((key, list) -> judgeRead(transaction, key, list));
      }
    }
    byKey.values().forEach(this::judgeOrder);
    judgeLostUpdates();
    noteUnobserved();
  }

  static Object boxed(@Nullable Object element) {
    return Optional.ofNullable(element);
  }

  /** How many anomalies of each kind were met. */
  Map<AnomalyKind, Integer> counts() {
    return counts;
  }

  Versions of(@Nullable Object key) {
    return byKey.computeIfAbsent(key, Versions::new);
  }

  private void note(AnomalyKind kind, String sentence, Transaction... shown) {
    if (counts.merge(kind, 1, Integer::sum) <= LISTED_MAX) {
      List<Operation> operations = new ArrayList<>();
      for (Transaction transaction : shown) {
        operations.add(transaction.operation());
      }
      operations.sort(Comparator.comparingInt(Operation::invokePosition));
      anomalies.add(new Anomaly(kind, sentence, operations, List.of()));
    }
  }

  private void noteAppends(Transaction transaction) {
    transaction
        .appended()
        .forEach(
            (key, elements) -> {
              for (Object element : elements) {
                Transaction other = of(key).writers.putIfAbsent(boxed(element), transaction);
                if (other != null) {
                  throw new IllegalArgumentException(
                      HistoryValues.show(element)
                          + " is appended to list "
                          + HistoryValues.show(key)
                          + " by "
                          + other.title()
                          + " and by "
                          + transaction.title()
                          + "; every element must be appended once, or reads do not tell the"
                          + " writers apart");
                }
              }
            });
  }

  /** Its own reads have to agree with each other and with what it appended between them. */
  private void judgeInternally(Transaction transaction) {
    Map<@Nullable Object, List<@Nullable Object>> known = new HashMap<>();
    Map<@Nullable Object, List<@Nullable Object>> own = new HashMap<>();
    for (Transaction.Step step : transaction.steps()) {
      List<@Nullable Object> expected = known.get(step.key());
      if (step.append()) {
        (expected == null ? own.computeIfAbsent(step.key(), unused -> new ArrayList<>()) : expected)
            .add(step.element());
        continue;
      }
      List<@Nullable Object> mine = own.getOrDefault(step.key(), List.of());
      int size = step.list().size();
      boolean fits =
          expected == null
              ? size >= mine.size() && step.list().subList(size - mine.size(), size).equals(mine)
              : expected.equals(step.list());
      if (!fits) {
        note(
            AnomalyKind.INTERNAL,
            transaction.title()
                + " read "
                + HistoryValues.show(step.list())
                + " in list "
                + HistoryValues.show(step.key())
                + (expected == null
                    ? " after it had itself appended " + HistoryValues.show(mine)
                    : " where its own steps before leave " + HistoryValues.show(expected)),
            transaction);
      }
      known.put(step.key(), new ArrayList<>(step.list()));
    }
  }

  private void noteReads(Transaction transaction) {
    for (Transaction.Step step : transaction.steps()) {
      if (!step.append()) {
        Versions versions = of(step.key());
        if (step.list().size() > versions.order.size()) {
          versions.order = step.list();
          versions.longestReader = transaction;
        }
      }
    }
  }

  private void judgeRead(Transaction reader, @Nullable Object key, List<@Nullable Object> list) {
    Versions versions = of(key);
    Transaction longest = versions.longestReader;
    if (longest != null && !versions.order.subList(0, list.size()).equals(list)) {
      note(
          AnomalyKind.INCOMPATIBLE_ORDER,
          reader.title()
              + " read "
              + HistoryValues.show(list)
              + " in list "
              + HistoryValues.show(key)
              + ", but "
              + longest.title()
              + " read "
              + HistoryValues.show(versions.order)
              + ": neither continues the other",
          reader,
          longest);
      judgeElements(reader, versions, list);
    }
    if (list.isEmpty()) {
      return;
    }
    Object last = list.get(list.size() - 1);
    Transaction writer = versions.writer(last);
    if (writer != null && writer != reader) {
      List<@Nullable Object> all = writer.appended().getOrDefault(key, List.of());
      if (!Objects.equals(all.get(all.size() - 1), last)) {
        note(
            AnomalyKind.G1B,
            reader.title()
                + " read list "
                + HistoryValues.show(key)
                + " up to "
                + HistoryValues.show(last)
                + ", between the appends "
                + HistoryValues.show(all)
                + " of "
                + writer.title(),
            writer,
            reader);
      }
    }
  }

  private void judgeOrder(Versions versions) {
    Transaction reader = versions.longestReader;
    if (reader != null) {
      judgeElements(reader, versions, versions.order);
      judgeWrites(reader, versions);
    }
  }

  /** The appends of one transaction stand in its own order, and only the read's end cuts them. */
  private void judgeWrites(Transaction reader, Versions versions) {
    Map<Transaction, Integer> next = new HashMap<>();
    for (int place = 0; place < versions.order.size(); place++) {
      Transaction writer = versions.writerAt(place);
      if (writer == null) {
        continue;
      }
      List<@Nullable Object> all = writer.appended().getOrDefault(versions.key, List.of());
      int expected = next.merge(writer, 1, Integer::sum) - 1;
      boolean inOrder =
          expected < all.size() && Objects.equals(all.get(expected), versions.order.get(place));
      boolean cutShort =
          expected + 1 < all.size()
              && place + 1 < versions.order.size()
              && !Objects.equals(all.get(expected + 1), versions.order.get(place + 1))
              && !versions.order.contains(all.get(expected + 1));
      if (!inOrder || cutShort) {
        note(
            AnomalyKind.TORN_WRITE,
            writer.title()
                + " appended "
                + HistoryValues.show(all)
                + " to list "
                + HistoryValues.show(versions.key)
                + ", but "
                + reader.title()
                + " read "
                + HistoryValues.show(versions.order),
            writer,
            reader);
        return;
      }
    }
  }

  /**
   * Whether every element was appended, by a transaction that was not aborted, and is there once.
   */
  private void judgeElements(Transaction reader, Versions versions, List<@Nullable Object> list) {
    Set<@Nullable Object> met = new HashSet<>();
    Transaction aborted = null;
    for (Object element : list) {
      String which = HistoryValues.show(element) + " in list " + HistoryValues.show(versions.key);
      if (!met.add(element)) {
        note(
            AnomalyKind.DUPLICATE_ELEMENT,
            reader.title() + " read " + which + " more than once: " + HistoryValues.show(list),
            reader);
        continue;
      }
      Transaction writer = versions.writer(element);
      if (writer == null) {
        note(
            AnomalyKind.GARBAGE_READ,
            reader.title() + " read " + which + ", which nobody ever appended",
            reader);
      } else if (writer.operation().outcome() == Outcome.FAILED) {
        note(
            AnomalyKind.G1A,
            reader.title() + " read " + which + ", which " + writer.title() + ", aborted, appended",
            writer,
            reader);
        aborted = writer;
      } else if (aborted != null && writer.isAcknowledged()) {
        note(
            AnomalyKind.DIRTY_UPDATE,
            writer.title()
                + " appended "
                + which
                + " on top of what "
                + aborted.title()
                + ", aborted, had appended",
            aborted,
            writer);
        aborted = null;
      }
    }
  }

  /**
   * Appends that no read showed, of transactions that took effect: acknowledged, or seen elsewhere.
   */
  private void noteUnobserved() {
    Map<@Nullable Object, Set<@Nullable Object>> shown = new HashMap<>();
    byKey.forEach((key, versions) -> shown.put(key, new HashSet<>(versions.order)));
    for (Transaction transaction : transactions) {
      Map<@Nullable Object, List<@Nullable Object>> appended = transaction.appended();
      List<@Nullable Object> unseen = new ArrayList<>();
      appended.forEach(
          (key, elements) -> {
            if (elements.stream().noneMatch(shown.getOrDefault(key, Set.of())::contains)) {
              unseen.add(key);
            }
          });
      boolean tookEffect =
          transaction.isAcknowledged()
              || (transaction.operation().outcome() == Outcome.UNKNOWN
                  && unseen.size() < appended.size());
      if (tookEffect) {
        for (Object key : unseen) {
          Versions versions = of(key);
          if (versions.unobserved.isEmpty()) {
            versions.unobserved = new ArrayList<>();
          }
          versions.unobserved.add(transaction);
        }
      }
    }
    for (Versions versions : byKey.values()) {
      if (versions.unobserved.size() > 1) {
        versions.unobserved.sort(
            Comparator.comparing(Transaction::isAcknowledged)
                .thenComparingInt(t -> t.operation().completePosition()));
      }
    }
  }

  /** Of those who read one version of a list and appended to it, one at most may commit. */
  private void judgeLostUpdates() {
    Map<@Nullable Object, Map<Integer, Transaction>> firstByVersion = new HashMap<>();
    for (Transaction transaction : transactions) {
      if (!transaction.isAcknowledged()) {
        continue;
      }
      for (Object key : transaction.appended().keySet()) {
        List<@Nullable Object> read = readFirst(transaction, key);
        Transaction other =
            read == null
                ? null
                : firstByVersion
                    .computeIfAbsent(key, unused -> new HashMap<>())
                    .putIfAbsent(read.size(), transaction);
        if (read != null && other != null) {
          note(
              AnomalyKind.LOST_UPDATE,
              transaction.title()
                  + " and "
                  + other.title()
                  + " both read list "
                  + HistoryValues.show(key)
                  + " as "
                  + HistoryValues.show(read)
                  + " and both appended to it",
              other,
              transaction);
        }
      }
    }
  }

  /** What it read of a list before it appended to it; null if it did not. */
  private static @Nullable List<@Nullable Object> readFirst(
      Transaction transaction, @Nullable Object key) {
    for (Transaction.Step step : transaction.steps()) {
      if (Objects.equals(step.key(), key)) {
        return step.append() ? null : step.list();
      }
    }
    return null;
  }
}
