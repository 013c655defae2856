package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.AddedNode;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.cluster.NodeState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the faults of a schedule happen and undoes them, several at once where the schedule says
 * so: journal first, then the deed, then the look whether the cluster shows it. A link is open
 * again once the last fault that cut it is over; a node is hurt by one fault at a time.
 *
 * <p>For one thread.
 */
public final class FaultCrew implements AutoCloseable {
  private static final Duration LEADER_WAIT_MAX = Duration.ofSeconds(60);
  private static final Duration LEADER_LOOK = Duration.ofSeconds(5);
  private static final Duration VERIFY_MAX = Duration.ofSeconds(20);

  private final Cluster cluster;
  private final FaultJournal journal;
  private final LongSupplier elapsedNanos;
  private final ClusterOffice office;
  private final Map<Long, FaultInForce> open = new LinkedHashMap<>();
  private final List<FaultInForce> all = new ArrayList<>();
  private final Map<DirectedLink, Integer> cuts = new HashMap<>();
  private final Set<String> hurt = new LinkedHashSet<>();
  private final Set<String> gone = new LinkedHashSet<>();
  private final Map<String, AddedNode> successors = new LinkedHashMap<>();

  /** Which node took the place of one that is gone. */
  private final Map<String, String> heirs = new LinkedHashMap<>();

  private final List<LinkChange> changes = new ArrayList<>();
  private final Set<Long> flapOpen = new LinkedHashSet<>();
  private long lastId;

  /**
   * Links that changed at one moment.
   *
   * @param atNanos since the start of the workload
   * @param cut every link that is cut from then on
   */
  public record LinkChange(long atNanos, Set<DirectedLink> cut) {}

  /**
   * @param journal stays the caller's to close
   * @param elapsedNanos time since the start of the workload
   */
  public FaultCrew(
      Cluster cluster, FaultJournal journal, LongSupplier elapsedNanos, ClusterOffice office) {
    this.cluster = cluster;
    this.journal = journal;
    this.elapsedNanos = elapsedNanos;
    this.office = office;
  }

  /** Returns every fault that was begun, in order. */
  public List<FaultInForce> faults() {
    List<FaultInForce> latest = new ArrayList<>();
    all.forEach(fault -> latest.add(open.getOrDefault(fault.id(), fault)));
    return latest;
  }

  /** Returns which links were cut when, in order. */
  public List<LinkChange> linkChanges() {
    return List.copyOf(changes);
  }

  /** Returns nodes that do not come back. */
  public Set<String> gone() {
    return Set.copyOf(gone);
  }

  /** Returns the nodes at which clients find nobody at this moment. */
  public Set<String> down() {
    Set<String> down = new LinkedHashSet<>(gone);
    for (FaultInForce fault : open.values()) {
      if (fault.plan().type().takesNodesDown()) {
        down.addAll(fault.nodes());
      }
    }
    return down;
  }

  /**
   * Begins a fault and waits until the cluster shows it.
   *
   * @return null where it hits nodes and all that it could hit are hurt already
   * @throws ClusterException if it cannot be done or does not show; it is undone then
   */
  public @Nullable FaultInForce begin(PlannedFault plan) {
    FaultInForce intended = resolve(plan);
    if (plan.type().isOfNodes() && intended.nodes().isEmpty()) {
      return null;
    }
    write(FaultJournal.State.INTENDED, intended);
    open.put(intended.id(), intended);
    all.add(intended);
    hurt.addAll(intended.nodes());
    try {
      act(intended);
      requireInForce(intended);
      if (plan.type() == FaultType.PARTITION && open.size() == 1) {
        cluster.awaitLinks(VERIFY_MAX);
      }
    } catch (RuntimeException e) {
      try {
        end(intended.id());
      } catch (RuntimeException healing) {
        e.addSuppressed(healing);
      }
      throw e;
    }
    FaultInForce verified = intended.verified(elapsedNanos.getAsLong());
    open.put(verified.id(), verified);
    write(FaultJournal.State.ACTIVE, verified);
    return verified;
  }

  /** A schedule that names a node which is gone means the one in its place. */
  private PlannedFault amongPresent(PlannedFault plan) {
    String target = plan.target();
    for (Map.Entry<String, String> heir : heirs.entrySet()) {
      target = target.replaceAll("\\b" + heir.getKey() + "\\b", heir.getValue());
    }
    return new PlannedFault(
        plan.type(),
        target,
        plan.startMillis(),
        plan.endMillis(),
        plan.quality(),
        plan.amountMillis());
  }

  private FaultInForce resolve(PlannedFault scheduled) {
    PlannedFault plan = amongPresent(scheduled);
    List<String> present = cluster.nodeIds().stream().filter(node -> !gone.contains(node)).toList();
    Targets targets = new Targets(present, leaderFor(plan, present));
    List<String> nodes = List.of();
    Set<DirectedLink> links = Set.of();
    String detail = "";
    if (plan.type().isOfLinks()) {
      Targets.Links meant = targets.links(plan.target());
      links = meant.links();
      detail = meant.text();
    } else if (plan.type().isOfNodes()) {
      nodes = unhurt(targets.nodes(plan.target()), present);
      detail = String.join(",", nodes);
    }
    String strength = plan.strength();
    String told = strength.isEmpty() ? detail : detail + (detail.isEmpty() ? "" : ", ") + strength;
    long nowNanos = elapsedNanos.getAsLong();
    return new FaultInForce(++lastId, plan, nodes, links, told, nowNanos, nowNanos, null, null);
  }

  /** A leader is only asked for where the schedule names one: an election may be under way. */
  private String leaderFor(PlannedFault plan, List<String> present) {
    String leader = cluster.leader().filter(present::contains).orElse("");
    boolean isNeeded =
        plan.target().contains("leader")
            || plan.target().contains("minority")
            || plan.target().contains("follower")
            || plan.target().equals("bridge");
    if (leader.isEmpty() && isNeeded && open.isEmpty()) {
      leader = awaitLeader(present);
    }
    return leader.isEmpty() ? present.get(0) : leader;
  }

  /** One that says that it leads is enough: on a busy machine others may be late with an answer. */
  private String awaitLeader(List<String> present) {
    long deadlineNanos = elapsedNanos.getAsLong() + LEADER_WAIT_MAX.toNanos();
    while (true) {
      String problem = "nobody of " + String.join(", ", present) + " leads";
      try {
        cluster.awaitReady(LEADER_LOOK);
      } catch (ClusterException e) {
        problem = String.valueOf(e.getMessage());
      }
      String leader = cluster.leader().filter(present::contains).orElse("");
      if (!leader.isEmpty()) {
        return leader;
      }
      if (elapsedNanos.getAsLong() >= deadlineNanos) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "A fault names the leader, but after "
                + LEADER_WAIT_MAX.toSeconds()
                + " s there is none: "
                + problem,
            "Is this machine busy with something else? Fewer nodes or clients need less of it.");
      }
    }
  }

  /** A node that is hurt already stays as it is; the next one that is well takes its place. */
  private List<String> unhurt(List<String> wanted, List<String> present) {
    List<String> spare = new ArrayList<>(present);
    spare.removeAll(hurt);
    List<String> chosen = new ArrayList<>();
    for (String node : wanted) {
      String taken = spare.contains(node) ? node : spare.isEmpty() ? null : spare.get(0);
      if (taken != null) {
        chosen.add(taken);
        spare.remove(taken);
      }
    }
    return chosen;
  }

  private void act(FaultInForce fault) {
    PlannedFault plan = fault.plan();
    switch (plan.type()) {
      case PARTITION, FLAP -> cut(fault.links());
      case KILL -> fault.nodes().forEach(cluster::kill);
      case RESTART -> fault.nodes().forEach(cluster::stop);
      case PAUSE -> fault.nodes().forEach(cluster::pause);
      case SLOW_LINK, LOSSY -> setQualities(fault.links());
      case CLOCK_SKEW ->
          fault.nodes().forEach(node -> cluster.skewClock(node, plan.amountMillis()));
      case DISK_FULL -> fault.nodes().forEach(cluster::fillDisk);
      case POWER_LOSS -> cluster.losePower(Set.copyOf(fault.nodes()));
      case MEMBER_REPLACE -> fault.nodes().forEach(this::replace);
      case MODE_SWITCH -> office.switchModes(false);
    }
  }

  /**
   * A fault that does not show is none: whatever was measured under it would be told of something
   * that did not happen. What has no sign here its substrate has looked for itself.
   */
  private void requireInForce(FaultInForce fault) {
    switch (fault.plan().type()) {
      case PARTITION, FLAP -> {
        Set<DirectedLink> open = new TreeSet<>(fault.links());
        open.removeAll(cluster.cutLinks());
        require(open.isEmpty(), "these links were cut, but they are open: " + open);
      }
      case KILL, RESTART, POWER_LOSS ->
          fault
              .nodes()
              .forEach(
                  node ->
                      require(
                          !cluster.state(node).isAlive(),
                          node + " was to be down, but it is " + cluster.state(node).text()));
      case PAUSE ->
          fault
              .nodes()
              .forEach(
                  node ->
                      require(
                          cluster.state(node) == NodeState.PAUSED,
                          node + " was paused, but it is " + cluster.state(node).text()));
      default -> {}
    }
  }

  private static void require(boolean shows, String problem) {
    if (!shows) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "A fault cannot be verified, so this run proves nothing: " + problem + ".",
          "");
    }
  }

  private void replace(String node) {
    if (cluster.state(node).isAlive()) {
      cluster.kill(node);
    }
    gone.add(node);
    AddedNode added = cluster.addNode();
    successors.put(node, added);
    heirs.put(node, added.node());
    office.askToReplace(node, added);
  }

  /** The new node has to be a member by the end. */
  private void confirmReplaced(String node) {
    AddedNode added = successors.remove(node);
    if (added != null) {
      office.replace(node, added);
    }
  }

  /** Turns a flapping link: opens it where it is cut, cuts it where it is open. */
  public void toggle(long id) {
    FaultInForce fault = open.get(id);
    if (fault == null) {
      return;
    }
    if (flapOpen.remove(id)) {
      cut(fault.links());
    } else {
      flapOpen.add(id);
      uncut(fault.links());
    }
  }

  private void cut(Set<DirectedLink> links) {
    Set<DirectedLink> fresh = new TreeSet<>();
    for (DirectedLink link : links) {
      if (cuts.merge(link, 1, Integer::sum) == 1) {
        fresh.add(link);
      }
    }
    if (!fresh.isEmpty()) {
      cluster.cut(fresh);
    }
    changed();
  }

  private void uncut(Set<DirectedLink> links) {
    Set<DirectedLink> free = new TreeSet<>();
    for (DirectedLink link : links) {
      Integer left = cuts.computeIfPresent(link, (key, count) -> count == 1 ? null : count - 1);
      if (left == null) {
        free.add(link);
      }
    }
    if (!free.isEmpty()) {
      cluster.heal(free);
      Set<DirectedLink> left = new TreeSet<>(free);
      left.retainAll(cluster.cutLinks());
      require(left.isEmpty(), "these links were opened, but they are cut: " + left);
    }
    changed();
  }

  private void changed() {
    changes.add(new LinkChange(elapsedNanos.getAsLong(), new TreeSet<>(cuts.keySet())));
  }

  /** Gives each of these links the worst that the open faults ask for. */
  private void setQualities(Set<DirectedLink> links) {
    Map<DirectedLink, LinkQuality> wanted = new TreeMap<>();
    links.forEach(link -> wanted.put(link, LinkQuality.PERFECT));
    for (FaultInForce fault : open.values()) {
      for (DirectedLink link : fault.links()) {
        wanted.computeIfPresent(link, (key, so) -> so.worse(fault.plan().quality()));
      }
    }
    Map<LinkQuality, Set<DirectedLink>> byQuality = new LinkedHashMap<>();
    wanted.forEach(
        (link, quality) -> byQuality.computeIfAbsent(quality, q -> new TreeSet<>()).add(link));
    byQuality.forEach((quality, members) -> cluster.setQuality(members, quality));
  }

  /**
   * Undoes a fault. Does nothing if that has happened.
   *
   * @throws ClusterException if it cannot be undone; the journal goes on saying that it is open
   */
  public void end(long id) {
    FaultInForce fault = open.get(id);
    if (fault == null) {
      return;
    }
    // Whoever was interrupted still heals, and is interrupted afterwards.
    boolean wasInterrupted = Thread.interrupted();
    try {
      long fromNanos = elapsedNanos.getAsLong();
      open.remove(id);
      undo(fault);
      FaultInForce ended = fault.ended(fromNanos, elapsedNanos.getAsLong());
      all.replaceAll(each -> each.id() == id ? ended : each);
      hurt.removeAll(fault.nodes());
      write(FaultJournal.State.HEALED, ended);
    } finally {
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void undo(FaultInForce fault) {
    switch (fault.plan().type()) {
      case PARTITION -> uncut(fault.links());
      case FLAP -> {
        if (!flapOpen.remove(fault.id())) {
          uncut(fault.links());
        }
      }
      case KILL, RESTART, POWER_LOSS -> cluster.startAll(Set.copyOf(fault.nodes()));
      case PAUSE -> fault.nodes().forEach(this::resume);
      case SLOW_LINK, LOSSY -> setQualities(fault.links());
      case CLOCK_SKEW -> fault.nodes().forEach(node -> cluster.skewClock(node, 0));
      case DISK_FULL -> fault.nodes().forEach(cluster::freeDisk);
      case MEMBER_REPLACE -> fault.nodes().forEach(this::confirmReplaced);
      case MODE_SWITCH -> office.switchModes(true);
    }
  }

  private void resume(String node) {
    if (cluster.state(node) == NodeState.PAUSED) {
      cluster.resume(node);
    } else {
      // A node that died while it was held still.
      cluster.start(node);
    }
  }

  private void write(FaultJournal.State state, FaultInForce fault) {
    journal.append(
        state,
        fault.id(),
        fault.plan().type().label(),
        fault.detail(),
        TimeUnit.NANOSECONDS.toMillis(elapsedNanos.getAsLong()));
  }

  /** Undoes what is open; the first failure is thrown once everything was tried. */
  @Override
  public void close() {
    RuntimeException failure = null;
    for (Long id : List.copyOf(open.keySet())) {
      try {
        end(id);
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
