package io.capstan.chaos.report;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives every client a lane of the picture, lanes of the same node side by side. Where there are
 * too many clients, several share a lane.
 */
final class ReportLanes {
  /** A picture with more lanes than this cannot be taken in. */
  static final int LANES_MAX = 60;

  private final List<Lane> lanes;
  private final Map<Object, Integer> numberByClient = new HashMap<>();

  /** One lane. */
  record Lane(String label, String node) {}

  private record Client(Object name, String node) {}

  ReportLanes(List<Operation> operations) {
    Map<Object, Client> clients = new LinkedHashMap<>();
    for (Operation operation : operations) {
      clients.computeIfAbsent(name(operation), name -> new Client(name, node(operation)));
    }
    List<Client> sorted = new ArrayList<>(clients.values());
    sorted.sort(
        Comparator.<Client>comparingInt(client -> client.node().length())
            .thenComparing(Client::node));
    int share = Math.ceilDiv(Math.max(1, sorted.size()), LANES_MAX);
    lanes = new ArrayList<>();
    List<Client> sharing = new ArrayList<>();
    for (Client client : sorted) {
      boolean isFull = sharing.size() == share;
      if (!sharing.isEmpty() && (isFull || !sharing.get(0).node().equals(client.node()))) {
        add(sharing);
        sharing.clear();
      }
      sharing.add(client);
      numberByClient.put(client.name(), lanes.size());
    }
    if (!sharing.isEmpty()) {
      add(sharing);
    }
  }

  private void add(List<Client> sharing) {
    Client first = sharing.get(0);
    String last = HistoryValues.show(sharing.get(sharing.size() - 1).name());
    String name = HistoryValues.show(first.name());
    lanes.add(
        new Lane(
            sharing.size() == 1 ? "client " + name : "clients " + name + " to " + last,
            first.node()));
  }

  private static Object name(Operation operation) {
    Object client = operation.extra(Extras.CLIENT);
    return client == null ? operation.process() : client;
  }

  private static String node(Operation operation) {
    Object node = operation.extra(Extras.NODE);
    return node == null ? "" : HistoryValues.show(node);
  }

  List<Lane> lanes() {
    return List.copyOf(lanes);
  }

  int laneOf(Operation operation) {
    return numberByClient.getOrDefault(name(operation), 0);
  }
}
