package io.capstan.node.version;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The dots of one actor in a {@link NodeClock}: all up to a base, and a bitmap beyond it.
 *
 * <p>Words are aligned to counters, not to the base: the bit of counter c is c modulo 64 of its
 * word. So the base advances without shifting the bitmap, and a gap that closes one dot at a time
 * costs time proportional to the dots.
 */
final class DotRange {

  /** No actor writes as often; larger numbers are damage. Keeps sums below far from overflow. */
  private static final long COUNTER_MAX = Long.MAX_VALUE / 4;

  private static final long[] NO_WORDS = new long[0];

  private long base;
  // words[i] holds the counters 64 * (firstWord + i) to 64 * (firstWord + i) + 63. Bits at or below
  // the base may be set or not: the base decides.
  private long firstWord;
  private long[] words = NO_WORDS;
  private long max;

  static DotRange of(long base, List<Long> bitmap) {
    if (base < 0 || base > COUNTER_MAX || bitmap.size() > NodeClock.GAP_MAX_DOTS / 64 + 1) {
      throw new IllegalArgumentException(
          "a clock with base " + base + " and " + bitmap.size() + " words of bitmap is no clock");
    }
    DotRange range = new DotRange();
    range.base = base;
    range.max = base;
    for (int i = 0; i < bitmap.size(); i++) {
      for (long word = bitmap.get(i); word != 0; word &= word - 1) {
        range.add(base + 1 + 64L * i + Long.numberOfTrailingZeros(word));
      }
    }
    return range;
  }

  boolean isEmpty() {
    return max == 0;
  }

  long base() {
    return base;
  }

  long max() {
    return max;
  }

  boolean contains(long counter) {
    return counter <= base || (counter <= max && (word(counter >>> 6) >>> (counter & 63) & 1) != 0);
  }

  /** See {@link NodeClock#add}. */
  boolean add(long counter) {
    if (contains(counter) || counter - base > NodeClock.GAP_MAX_DOTS) {
      return false;
    }
    if (counter == base + 1) {
      base = counter;
      max = Math.max(max, counter);
      if (max > base) {
        advance();
      } else {
        words = NO_WORDS;
      }
      return true;
    }
    long index = counter >>> 6;
    makeRoom(index);
    words[(int) (index - firstWord)] |= 1L << (counter & 63);
    max = Math.max(max, counter);
    return true;
  }

  private void makeRoom(long index) {
    long lowest = (base + 1) >>> 6;
    if (words.length == 0) {
      firstWord = lowest;
    }
    int needed = (int) (index - firstWord) + 1;
    if (needed <= words.length) {
      return;
    }
    int dead = (int) Math.min(words.length, lowest - firstWord);
    int live = words.length - dead;
    long[] grown = new long[Math.max(needed - dead, live + live / 2 + 1)];
    System.arraycopy(words, dead, grown, 0, live);
    words = grown;
    firstWord += dead;
    if (live == 0) {
      // What was dead may have reached further down than where the base is now.
      firstWord = lowest;
    }
  }

  /** Moves the base over the dots that follow it without a gap. */
  private void advance() {
    while (base < max) {
      long next = base + 1;
      int bit = (int) (next & 63);
      int run = Long.numberOfTrailingZeros(~(word(next >>> 6) >>> bit));
      // The shift filled the top with zeros, so a run never crosses the word's end.
      base += run;
      if (run < 64 - bit) {
        return;
      }
    }
    words = NO_WORDS;
  }

  private long word(long index) {
    long at = index - firstWord;
    return at < 0 || at >= words.length ? 0 : words[(int) at];
  }

  /** Which of the 64 counters from the given one on are contained; bit 0 is the first. */
  private long containedFrom(long counter) {
    long index = counter >>> 6;
    int shift = (int) (counter & 63);
    long bits = word(index) >>> shift;
    if (shift != 0) {
      bits |= word(index + 1) << (64 - shift);
    }
    long below = base - counter + 1;
    if (below >= 64) {
      return -1L;
    }
    return below > 0 ? bits | ((1L << below) - 1) : bits;
  }

  void join(DotRange other) {
    if (other.base > base) {
      base = other.base;
      if (max > base) {
        advance();
      } else {
        max = base;
        words = NO_WORDS;
      }
    }
    for (long from = other.base + 1; from <= other.max; from += 64) {
      for (long bits = other.containedFrom(from); bits != 0; bits &= bits - 1) {
        add(from + Long.numberOfTrailingZeros(bits));
      }
    }
  }

  long countMissingIn(@Nullable DotRange other) {
    long start = other == null ? 0 : other.base;
    long missing = 0;
    for (long from = start + 1; from <= max; from += 64) {
      missing += Long.bitCount(missingFrom(from, other));
    }
    return missing;
  }

  boolean visitMissingIn(@Nullable DotRange other, Actor actor, NodeClock.DotVisitor visitor) {
    long start = other == null ? 0 : other.base;
    for (long from = start + 1; from <= max; from += 64) {
      for (long bits = missingFrom(from, other); bits != 0; bits &= bits - 1) {
        if (!visitor.visit(actor, from + Long.numberOfTrailingZeros(bits))) {
          return false;
        }
      }
    }
    return true;
  }

  boolean visitGaps(Actor actor, NodeClock.DotVisitor visitor) {
    for (long from = base + 1; from < max; from += 64) {
      for (long bits = ~containedFrom(from); bits != 0; bits &= bits - 1) {
        long counter = from + Long.numberOfTrailingZeros(bits);
        if (counter < max && !visitor.visit(actor, counter)) {
          return false;
        }
      }
    }
    return true;
  }

  private long missingFrom(long counter, @Nullable DotRange other) {
    long here = containedFrom(counter);
    return other == null ? here : here & ~other.containedFrom(counter);
  }

  void writeBitmap(io.capstan.proto.store.v1.NodeClock.Entry.Builder row) {
    for (long from = base + 1; from <= max; from += 64) {
      row.addBitmap(containedFrom(from));
    }
  }

  DotRange copy() {
    DotRange copy = new DotRange();
    copy.base = base;
    copy.firstWord = firstWord;
    copy.words = words.length == 0 ? NO_WORDS : Arrays.copyOf(words, words.length);
    copy.max = max;
    return copy;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder().append(base);
    visitMissingIn(
        of(base, List.of()),
        new Actor("any", 0),
        (actor, counter) -> {
          text.append('+').append(counter);
          return text.length() < 200;
        });
    return text.toString();
  }
}
