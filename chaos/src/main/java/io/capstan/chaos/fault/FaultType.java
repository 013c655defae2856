package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.NodeFault;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The kinds of faults that a scenario can name. */
public enum FaultType {
  /** Links are cut: {@code cut}. */
  PARTITION("partition", NodeFault.CUT, List.of("cut")),
  /** Links are cut and opened in turn: {@code cut}, {@code every}. */
  FLAP("flap", NodeFault.CUT, List.of("cut", "every")),
  /** Nodes die without warning and come back at the end: {@code nodes}. */
  KILL("kill", NodeFault.KILL, List.of("nodes")),
  /** Nodes are stopped in order and come back at the end: {@code nodes}. */
  RESTART("restart", NodeFault.STOP, List.of("nodes")),
  /** Nodes are held still: {@code nodes}. */
  PAUSE("pause", NodeFault.PAUSE, List.of("nodes")),
  /** Links carry late: {@code cut} names them, {@code delay}. */
  SLOW_LINK("slow-link", NodeFault.SLOW_LINK, List.of("cut", "delay")),
  /** Links lose: {@code cut} names them, {@code loss}. */
  LOSSY("lossy", NodeFault.LOSSY_LINK, List.of("cut", "loss")),
  /** A wall clock stands wrong: {@code nodes}, {@code by}. */
  CLOCK_SKEW("clock-skew", NodeFault.SKEW_CLOCK, List.of("nodes", "by")),
  /** No room to write: {@code nodes}. */
  DISK_FULL("disk-full", NodeFault.FULL_DISK, List.of("nodes")),
  /** Nodes lose power at the same moment: {@code nodes}. */
  POWER_LOSS("power-loss", NodeFault.LOSE_POWER, List.of("nodes")),
  /** A node dies for good and a new, empty one takes its place: {@code nodes}. */
  MEMBER_REPLACE("member-replace", NodeFault.ADD, List.of("nodes")),
  /** The keyspaces change sides, and back at the end. */
  MODE_SWITCH("mode-switch", null, List.of());

  private final String label;
  private final @Nullable NodeFault needs;
  private final List<String> keys;

  FaultType(String label, @Nullable NodeFault needs, List<String> keys) {
    this.label = label;
    this.needs = needs;
    this.keys = keys;
  }

  /** Returns the name in scenario files. */
  public String label() {
    return label;
  }

  /** Returns the keys that describe such a fault, beside those of its time. */
  public List<String> keys() {
    return keys;
  }

  /** Whether a substrate with these abilities can do it. */
  public boolean isPossibleWith(Set<NodeFault> abilities) {
    return needs == null || abilities.contains(needs);
  }

  /** Whether it is about links rather than nodes. */
  public boolean isOfLinks() {
    return keys.contains("cut");
  }

  /** Whether it is about nodes. */
  public boolean isOfNodes() {
    return keys.contains("nodes");
  }

  /** Whether clients of the nodes that it names find nobody there. */
  public boolean takesNodesDown() {
    return switch (this) {
      case KILL, RESTART, PAUSE, DISK_FULL, POWER_LOSS, MEMBER_REPLACE -> true;
      default -> false;
    };
  }

  /** Returns the kind of this name. */
  public static Optional<FaultType> ofLabel(String label) {
    return Arrays.stream(values()).filter(type -> type.label.equals(label)).findFirst();
  }

  /** Returns all names. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(FaultType::label).toList();
  }
}
