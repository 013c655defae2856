package io.capstan.chaos.cluster;

import java.util.EnumSet;
import java.util.Set;

/**
 * What containers are given so that more can be done to them. It has its price, so that only
 * clusters have it that need it.
 *
 * @param smallDisks data on a small file system in memory, which can be filled
 * @param clocks a wall clock that can be set wrong; the image has to hold libfaketime
 */
public record ContainerEquipment(boolean smallDisks, boolean clocks) {
  /** None. */
  public static final ContainerEquipment PLAIN = new ContainerEquipment(false, false);

  /** All there is. */
  public static final ContainerEquipment FULL = new ContainerEquipment(true, true);

  /** Returns what can be done to containers that have it. */
  public Set<NodeFault> abilities() {
    Set<NodeFault> abilities = EnumSet.allOf(NodeFault.class);
    abilities.remove(NodeFault.SLOW_LINK);
    abilities.remove(NodeFault.ADD);
    if (!smallDisks) {
      abilities.remove(NodeFault.FULL_DISK);
    }
    if (!clocks) {
      abilities.remove(NodeFault.SKEW_CLOCK);
    }
    return abilities;
  }
}
