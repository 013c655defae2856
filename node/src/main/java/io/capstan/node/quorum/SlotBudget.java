package io.capstan.node.quorum;

import java.util.function.IntConsumer;

/**
 * How many bytes the slots of a cache hold together, and which of them have to be emptied so that
 * it is not too many: the next ones in turn, as in the clock algorithm without its second chance.
 * Small entries, which are the usual ones, have their slots to themselves and empty no other.
 */
public final class SlotBudget {
  private final int smallMaxBytes;
  private final long oneMaxBytes;
  private final long allMaxBytes;
  private final int[] largeBytes;
  private long heldBytes;
  private int hand;

  /**
   * @param slots how many there are
   * @param smallMaxBytes up to here an entry is small and not counted
   * @param oneMaxBytes a larger entry is not kept
   * @param allMaxBytes of those that are not small, all together
   */
  public SlotBudget(int slots, int smallMaxBytes, long oneMaxBytes, long allMaxBytes) {
    if (oneMaxBytes > allMaxBytes) {
      throw new IllegalArgumentException("one entry must fit: " + oneMaxBytes + " bytes");
    }
    this.smallMaxBytes = smallMaxBytes;
    this.oneMaxBytes = oneMaxBytes;
    this.allMaxBytes = allMaxBytes;
    this.largeBytes = new int[slots];
  }

  /**
   * The slot gets another entry, in place of the one that it has.
   *
   * @param empty is told the slots that have to be emptied first, this one never
   * @return whether the entry may be kept; otherwise the slot has to be empty afterwards
   */
  public boolean admit(int slot, long sizeBytes, IntConsumer empty) {
    heldBytes -= largeBytes[slot];
    largeBytes[slot] = 0;
    if (sizeBytes <= smallMaxBytes) {
      return true;
    }
    if (sizeBytes > oneMaxBytes) {
      return false;
    }
    while (heldBytes + sizeBytes > allMaxBytes) {
      hand = hand + 1 == largeBytes.length ? 0 : hand + 1;
      if (largeBytes[hand] > 0) {
        heldBytes -= largeBytes[hand];
        largeBytes[hand] = 0;
        empty.accept(hand);
      }
    }
    largeBytes[slot] = (int) sizeBytes;
    heldBytes += sizeBytes;
    return true;
  }

  /** Bytes of the entries that are not small. */
  public long heldBytes() {
    return heldBytes;
  }
}
