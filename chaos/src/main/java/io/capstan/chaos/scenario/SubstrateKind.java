package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.ContainerEquipment;
import io.capstan.chaos.cluster.NodeFault;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.chaos.fault.FaultType;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What a scenario can run on. */
public enum SubstrateKind {
  /** The deterministic simulator: virtual time, exact replay. */
  SIM,
  /** Real processes of this machine, a proxy on every link. */
  PROCESS,
  /** A container for each node. */
  DOCKER;

  /** Returns the name on the command line and in results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the kind of this name. */
  public static Optional<SubstrateKind> ofLabel(String label) {
    return Arrays.stream(values()).filter(kind -> kind.label().equals(label)).findFirst();
  }

  /** Returns all names. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(SubstrateKind::label).toList();
  }

  private Set<NodeFault> abilities() {
    return switch (this) {
      case SIM -> EnumSet.complementOf(EnumSet.of(NodeFault.ADD));
      case PROCESS -> ProcessCluster.abilities();
      case DOCKER -> ContainerEquipment.FULL.abilities();
    };
  }

  /** Returns the kinds of faults that it can do. */
  public Set<FaultType> faults() {
    Set<NodeFault> abilities = abilities();
    Set<FaultType> possible = EnumSet.noneOf(FaultType.class);
    for (FaultType type : FaultType.values()) {
      if (type.isPossibleWith(abilities)) {
        possible.add(type);
      }
    }
    return possible;
  }

  /** Returns the kinds that a scenario names and that it cannot do. */
  public Set<FaultType> impossible(Scenario scenario) {
    Set<FaultType> missing = EnumSet.noneOf(FaultType.class);
    missing.addAll(scenario.faultTypes());
    missing.removeAll(faults());
    return missing;
  }

  /** Returns, in words that follow "because", why it cannot do a kind of fault. */
  public String reason(FaultType type) {
    return switch (type) {
      case MEMBER_REPLACE ->
          this == SIM
              ? "the simulator's members are fixed when it begins"
              : "containers are made when the cluster begins";
      case SLOW_LINK -> "packets of containers pass no proxy that could hold them back";
      case CLOCK_SKEW -> "nodes share the clock of this machine";
      case DISK_FULL -> "the program prlimit is not there";
      default -> "it has no such fault";
    };
  }
}
