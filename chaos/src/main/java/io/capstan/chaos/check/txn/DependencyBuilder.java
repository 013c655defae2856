package io.capstan.chaos.check.txn;

import static io.capstan.chaos.check.txn.DependencyGraph.REALTIME;
import static io.capstan.chaos.check.txn.DependencyGraph.RW;
import static io.capstan.chaos.check.txn.DependencyGraph.WR;
import static io.capstan.chaos.check.txn.DependencyGraph.WW;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.txn.ListVersions.Versions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Draws the dependencies of transactions from the versions of their lists, and tells the reason of
 * each. A transaction of unknown outcome counts once somebody saw an element of it; an aborted one
 * never does.
 */
final class DependencyBuilder {
  /** So many appends that nobody saw are linked for each list; of those that ended, the first. */
  private static final int UNOBSERVED_LINKED_MAX = 32;

  private final ListVersions versions;
  private final DependencyGraph graph;

  DependencyBuilder(ListVersions versions) {
    this.versions = versions;
    this.graph = new DependencyGraph(versions.transactions.size());
  }

  DependencyGraph build() {
    versions.byKey.values().forEach(this::linkWriters);
    for (Transaction transaction : versions.transactions) {
      if (transaction.isAcknowledged()) {
        transaction.externalReads().forEach((key, list) -> linkReader(transaction, key, list));
      }
    }
    linkRealTime();
    return graph;
  }

  private static boolean counts(@Nullable Transaction transaction) {
    return transaction != null && transaction.operation().outcome() != Outcome.FAILED;
  }

  private void add(@Nullable Transaction from, @Nullable Transaction to, int kind) {
    if (from != null && to != null && counts(from) && counts(to)) {
      graph.add(from.number(), to.number(), kind);
    }
  }

  private static List<Transaction> linked(Versions list) {
    return list.unobserved.subList(0, Math.min(UNOBSERVED_LINKED_MAX, list.unobserved.size()));
  }

  private void linkWriters(Versions list) {
    for (int place = 0; place + 1 < list.order.size(); place++) {
      add(list.writerAt(place), list.writerAt(place + 1), WW);
    }
    for (Transaction unseen : linked(list)) {
      add(list.writerAt(list.order.size() - 1), unseen, WW);
    }
  }

  private void linkReader(Transaction reader, @Nullable Object key, List<@Nullable Object> read) {
    Versions list = versions.of(key);
    if (!list.order.subList(0, Math.min(read.size(), list.order.size())).equals(read)) {
      return;
    }
    add(list.writerAt(read.size() - 1), reader, WR);
    if (read.size() < list.order.size()) {
      add(reader, list.writerAt(read.size()), RW);
    } else {
      linked(list).forEach(unseen -> add(reader, unseen, RW));
    }
  }

  /**
   * Links each transaction to those that began after it ended, without the links that follow from
   * others: kept open are only those whose end precedes no other's beginning so far.
   */
  private void linkRealTime() {
    List<Transaction> byInvocation = new ArrayList<>(versions.transactions);
    byInvocation.sort(Comparator.comparingInt(t -> t.operation().invokePosition()));
    List<Transaction> byCompletion =
        new ArrayList<>(byInvocation.stream().filter(Transaction::isAcknowledged).toList());
    byCompletion.sort(Comparator.comparingInt(t -> t.operation().completePosition()));
    ArrayDeque<Transaction> frontier = new ArrayDeque<>();
    int ended = 0;
    for (Transaction next : byInvocation) {
      while (ended < byCompletion.size()
          && byCompletion.get(ended).operation().precedes(next.operation())) {
        Operation latest = byCompletion.get(ended).operation();
        frontier.removeIf(t -> t.operation().precedes(latest));
        frontier.add(byCompletion.get(ended++));
      }
      if (counts(next)) {
        frontier.forEach(before -> graph.add(before.number(), next.number(), REALTIME));
      }
    }
  }

  /** Why one transaction comes before the other, by the strongest kind that is wanted. */
  String reason(int from, int to, int kind) {
    Transaction earlier = versions.transactions.get(from);
    Transaction later = versions.transactions.get(to);
    String why =
        switch (kind) {
          case WW -> reasonOfWrites(earlier, later);
          case WR -> reasonOfRead(earlier, later);
          case RW -> reasonOfMiss(earlier, later);
          default ->
              "it had ended"
                  + Transaction.at(" at ", earlier.operation().completeNanos())
                  + " before the other began"
                  + Transaction.at(" at ", later.operation().invokeNanos());
        };
    return earlier.title() + " comes before " + later.title() + ": " + why;
  }

  /** In which list, and by which elements, one transaction comes before another. */
  private record Link(@Nullable Object key, @Nullable Object first, @Nullable Object second) {}

  /**
   * The kinds by which one transaction comes before another, directly or through what lies between
   * them in one list. Takes long, for the few transactions of a cycle only.
   */
  int kindsAcross(int from, int to) {
    Transaction earlier = versions.transactions.get(from);
    Transaction later = versions.transactions.get(to);
    return (writes(earlier, later) == null ? 0 : WW)
        | (read(earlier, later) == null ? 0 : WR)
        | (miss(earlier, later) == null ? 0 : RW)
        | (earlier.isAcknowledged() && earlier.operation().precedes(later.operation())
            ? REALTIME
            : 0);
  }

  private String reasonOfWrites(Transaction earlier, Transaction later) {
    Link link = Objects.requireNonNull(writes(earlier, later), "a write without its list");
    return "its "
        + HistoryValues.show(link.first())
        + " stands in list "
        + HistoryValues.show(link.key())
        + " before the other's "
        + HistoryValues.show(link.second());
  }

  private String reasonOfRead(Transaction earlier, Transaction later) {
    Link link = Objects.requireNonNull(read(earlier, later), "a read without its list");
    return "the other read its "
        + HistoryValues.show(link.first())
        + " in list "
        + HistoryValues.show(link.key());
  }

  private String reasonOfMiss(Transaction earlier, Transaction later) {
    Link link = Objects.requireNonNull(miss(earlier, later), "a missed write without its list");
    return "it read list "
        + HistoryValues.show(link.key())
        + " without the other's "
        + HistoryValues.show(link.second());
  }

  private @Nullable Link writes(Transaction earlier, Transaction later) {
    Map<@Nullable Object, List<@Nullable Object>> appended = later.appended();
    for (Map.Entry<@Nullable Object, List<@Nullable Object>> entry :
        earlier.appended().entrySet()) {
      Versions list = versions.of(entry.getKey());
      List<@Nullable Object> others = appended.get(list.key);
      int place = others == null ? -1 : list.order.indexOf(entry.getValue().get(0));
      if (place >= 0 && others != null) {
        for (Object other : others) {
          int otherPlace = list.order.indexOf(other);
          if (otherPlace > place || (otherPlace < 0 && list.unobserved.contains(later))) {
            return new Link(list.key, list.order.get(place), other);
          }
        }
      }
    }
    return null;
  }

  private @Nullable Link read(Transaction earlier, Transaction later) {
    if (!later.isAcknowledged()) {
      return null;
    }
    Map<@Nullable Object, List<@Nullable Object>> appended = earlier.appended();
    for (Map.Entry<@Nullable Object, List<@Nullable Object>> entry :
        later.externalReads().entrySet()) {
      List<@Nullable Object> elements = appended.getOrDefault(entry.getKey(), List.of());
      for (int i = elements.size() - 1; i >= 0; i--) {
        if (entry.getValue().contains(elements.get(i))) {
          return new Link(entry.getKey(), elements.get(i), null);
        }
      }
    }
    return null;
  }

  private @Nullable Link miss(Transaction earlier, Transaction later) {
    if (!earlier.isAcknowledged()) {
      return null;
    }
    Map<@Nullable Object, List<@Nullable Object>> appended = later.appended();
    for (Map.Entry<@Nullable Object, List<@Nullable Object>> entry :
        earlier.externalReads().entrySet()) {
      Versions list = versions.of(entry.getKey());
      for (Object element : appended.getOrDefault(list.key, List.of())) {
        boolean last = entry.getValue().size() >= list.order.size();
        int place = list.order.indexOf(element);
        if (place >= entry.getValue().size()
            || (last && place < 0 && list.unobserved.contains(later))) {
          return new Link(list.key, null, element);
        }
      }
    }
    return null;
  }
}
