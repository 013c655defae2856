package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What is stored under a key: a causal context and the siblings that no write has superseded
 * (Preguica, Baquero, Almeida, Fonte, Goncalves: Dotted Version Vectors, 2010; Almeida et al.:
 * Scalable and Accurate Causality Tracking for Eventually Consistent Stores, 2014). Immutable, so
 * safe to share between threads.
 *
 * <p>A join semilattice, whatever was retried or overwritten in between: {@link #join} is
 * associative, commutative and idempotent. Two invariants make it so: the context covers the dot of
 * every sibling, and a dot that the context covers without a sibling is superseded for good.
 *
 * <p><b>One operation, several dots.</b> A client that retries through another coordinator may have
 * its operation written under two dots. {@link #visible} shows one of them, the smallest; the rest
 * stays stored behind it and every context handed out covers all of them, so the next write on that
 * context removes them together. They must stay stored: let X hold op at dot {@code a1}, Y the same
 * op at {@code b1}, and Z a write {@code c1} that superseded {@code a1}. A join that dropped {@code
 * b1} on meeting {@code a1} would give {@code (X join Y) join Z = {c1}}, but {@code (X join Z) join
 * Y = Z join Y = {b1, c1}}, because Z no longer knows which operation a1 was: replicas would differ
 * for ever by the order of their messages.
 *
 * <p>What Z does remember, beside its siblings, is the operation of what it superseded ({@link
 * #supersededOperations}). So {@code b1} stays stored there too, and does not show: its value was
 * replaced already. That decides what is shown and never what is stored.
 */
public final class DottedVersionVectorSet {

  /** A key that was never written. */
  public static final DottedVersionVectorSet EMPTY =
      new DottedVersionVectorSet(VersionVector.EMPTY, List.of(), SupersededOperations.EMPTY);

  private static final long SIBLING_OVERHEAD_BYTES = 64;

  private final VersionVector context;
  private final List<Sibling> siblings;
  private final SupersededOperations operations;

  private DottedVersionVectorSet(
      VersionVector context, List<Sibling> siblings, SupersededOperations operations) {
    this.context = context;
    this.siblings = siblings;
    this.operations = operations;
  }

  /** Every dot of this key that is accounted for, as a sibling or as superseded. */
  public VersionVector context() {
    return context;
  }

  /** Everything that is stored, sorted by dot; duplicates of one operation included. */
  public List<Sibling> siblings() {
    return siblings;
  }

  /** Operations whose writes were superseded here, as far as that is remembered. */
  public SupersededOperations supersededOperations() {
    return operations;
  }

  /** With these in place of what is remembered of superseded operations. */
  public DottedVersionVectorSet remembering(SupersededOperations remembered) {
    return remembered.equals(operations)
        ? this
        : new DottedVersionVectorSet(context, siblings, remembered.bounded(siblings));
  }

  /**
   * Whether another copy of the sibling's operation was superseded: its value was replaced, and
   * this copy is not shown.
   */
  private boolean isReplaced(Sibling sibling) {
    OperationId operation = sibling.operation();
    return operation != null && operations.contains(operation);
  }

  /** Whether nothing is known of the key: no sibling, nothing superseded. */
  public boolean isEmpty() {
    return context.isEmpty();
  }

  /** Whether nothing is left but tombstones, or not even these. */
  public boolean isDeleted() {
    for (Sibling sibling : siblings) {
      if (!sibling.isTombstone() && (operations.isEmpty() || !isReplaced(sibling))) {
        return false;
      }
    }
    return true;
  }

  /** Whether the dot, if it is one of this key, is accounted for. */
  public boolean covers(Dot dot) {
    return context.covers(dot);
  }

  /**
   * The siblings that a client sees, sorted by dot: of each operation id the one with the smallest
   * dot, and none whose operation was superseded under another one.
   */
  public List<Sibling> visible() {
    if (siblings.size() < 2 && operations.isEmpty()) {
      return siblings;
    }
    List<Sibling> shown = new ArrayList<>(siblings.size());
    // Asked for membership only; never iterated.
    Set<OperationId> met = new HashSet<>();
    for (Sibling sibling : siblings) {
      OperationId operation = sibling.operation();
      if (operation == null || (!operations.contains(operation) && met.add(operation))) {
        shown.add(sibling);
      }
    }
    return shown;
  }

  /** Whether a client that reads the key finds a value. */
  public boolean hasValue() {
    return !isDeleted();
  }

  /** The sibling with the smallest dot that the operation wrote, or null. */
  public @Nullable Sibling writtenBy(OperationId operation) {
    return writtenBy(operation.getSession(), operation.getSequence());
  }

  /** The sibling with the smallest dot that the operation wrote, or null. */
  public @Nullable Sibling writtenBy(long session, long sequence) {
    for (Sibling sibling : siblings) {
      if (sibling.isOf(session, sequence)) {
        return sibling;
      }
    }
    return null;
  }

  /** The latest timestamp of any sibling; {@link HybridTimestamp#ZERO} where there is none. */
  public HybridTimestamp newest() {
    HybridTimestamp newest = HybridTimestamp.ZERO;
    for (Sibling sibling : siblings) {
      if (sibling.writtenAt().compareTo(newest) > 0) {
        newest = sibling.writtenAt();
      }
    }
    return newest;
  }

  /** Without these siblings; their dots stay accounted for, as superseded. */
  public DottedVersionVectorSet without(List<Sibling> dropped) {
    List<Sibling> kept = new ArrayList<>(siblings);
    kept.removeAll(dropped);
    return new DottedVersionVectorSet(context, List.copyOf(kept), operations);
  }

  /** The siblings whose dots the context covers: what a write with that context supersedes. */
  public List<Sibling> covered(VersionVector seen) {
    List<Sibling> found = new ArrayList<>();
    for (Sibling sibling : siblings) {
      if (seen.covers(sibling.dot())) {
        found.add(sibling);
      }
    }
    return found;
  }

  /** Without the siblings that the predicate names; they count as superseded. */
  public DottedVersionVectorSet without(Predicate<Sibling> superseded) {
    List<Sibling> kept = null;
    for (int i = 0; i < siblings.size(); i++) {
      Sibling sibling = siblings.get(i);
      if (!superseded.test(sibling)) {
        if (kept != null) {
          kept.add(sibling);
        }
      } else if (kept == null) {
        kept = new ArrayList<>(siblings.subList(0, i));
      }
    }
    return kept == null ? this : new DottedVersionVectorSet(context, List.copyOf(kept), operations);
  }

  /**
   * Without the siblings that the other does not hold although it once did; they count as
   * superseded.
   *
   * @param onceHeld is asked of the dots that the other does not hold
   */
  public DottedVersionVectorSet withoutMissing(
      DottedVersionVectorSet other, Predicate<Dot> onceHeld) {
    // A set has as many siblings as elements: both are walked through once, side by side.
    List<Sibling> theirs = other.siblings;
    int[] at = {0};
    return without(
        sibling -> {
          int order = -1;
          while (at[0] < theirs.size()
              && (order = sibling.dot().compareTo(theirs.get(at[0]).dot())) > 0) {
            at[0]++;
          }
          boolean isHeld = at[0] < theirs.size() && order == 0;
          return !isHeld && onceHeld.test(sibling.dot());
        });
  }

  /** Whether the write of that dot is held. */
  public boolean holds(Dot dot) {
    // A set has as many siblings as elements, and a merge asks this of each of them.
    int low = 0;
    int high = siblings.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = siblings.get(middle).dot().compareTo(dot);
      if (order == 0) {
        return true;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return false;
  }

  /**
   * Without the siblings that the context covers, as {@link #discard}; of what they were, the
   * operations are remembered.
   */
  public DottedVersionVectorSet supersede(VersionVector seen) {
    return discard(seen).remembering(operations.with(covered(seen)));
  }

  /** Without these siblings; of what they were, the operations are remembered. */
  public DottedVersionVectorSet supersede(List<Sibling> superseded) {
    return without(superseded).remembering(operations.with(superseded));
  }

  /** Without the siblings that the context covers; what is covered is accounted for afterwards. */
  public DottedVersionVectorSet discard(VersionVector seen) {
    List<Sibling> kept = new ArrayList<>(siblings.size());
    for (Sibling sibling : siblings) {
      if (!seen.covers(sibling.dot())) {
        kept.add(sibling);
      }
    }
    return new DottedVersionVectorSet(context.join(seen), List.copyOf(kept), operations);
  }

  /**
   * With one more sibling.
   *
   * @throws InvariantViolation if the dot is accounted for already: it was spent before
   */
  public DottedVersionVectorSet add(Sibling sibling) {
    if (context.covers(sibling.dot())) {
      throw new InvariantViolation(
          "dot "
              + sibling.dot()
              + " cannot be written: the key's context "
              + context
              + " covers it already, so this actor has used it before");
    }
    List<Sibling> more = new ArrayList<>(siblings.size() + 1);
    int at = 0;
    while (at < siblings.size() && siblings.get(at).dot().compareTo(sibling.dot()) < 0) {
      more.add(siblings.get(at++));
    }
    more.add(sibling);
    more.addAll(siblings.subList(at, siblings.size()));
    return new DottedVersionVectorSet(context.with(sibling.dot()), List.copyOf(more), operations);
  }

  /**
   * What both know together: a sibling stays if both have it, or if one has it and the other has
   * never heard of it.
   *
   * @throws InvariantViolation if one dot carries two different writes
   */
  public DottedVersionVectorSet join(DottedVersionVectorSet other) {
    if (this == other || other.isEmpty()) {
      return this;
    }
    if (isEmpty()) {
      return other;
    }
    List<Sibling> joined = new ArrayList<>(siblings.size() + other.siblings.size());
    List<Sibling> superseded = new ArrayList<>(0);
    int mine = 0;
    int theirs = 0;
    int added = 0;
    while (mine < siblings.size() || theirs < other.siblings.size()) {
      int order =
          mine == siblings.size()
              ? 1
              : theirs == other.siblings.size()
                  ? -1
                  : siblings.get(mine).dot().compareTo(other.siblings.get(theirs).dot());
      if (order == 0) {
        joined.add(same(siblings.get(mine++), other.siblings.get(theirs++)));
      } else {
        Sibling only = order < 0 ? siblings.get(mine++) : other.siblings.get(theirs++);
        if ((order < 0 ? other.context : context).covers(only.dot())) {
          superseded.add(only);
        } else {
          joined.add(only);
          added += order < 0 ? 0 : 1;
        }
      }
    }
    boolean unchanged = added == 0 && joined.size() == siblings.size();
    VersionVector both = context.join(other.context);
    List<Sibling> kept = unchanged ? siblings : List.copyOf(joined);
    SupersededOperations remembered =
        operations.join(other.operations).with(superseded).bounded(kept);
    return unchanged && both == context && remembered == operations
        ? this
        : new DottedVersionVectorSet(both, kept, remembered);
  }

  private static Sibling same(Sibling one, Sibling another) {
    if (!one.equals(another)) {
      throw new InvariantViolation(
          "dot "
              + one.dot()
              + " carries two different writes: two nodes share one identity, or a data folder was"
              + " copied or put back to an older state. Stop one of them and start it with an empty"
              + " data folder");
    }
    return one;
  }

  /** With a context that covers what the other covers as well; no sibling leaves. */
  public DottedVersionVectorSet knowing(VersionVector more) {
    return context.covers(more)
        ? this
        : new DottedVersionVectorSet(context.join(more), siblings, operations);
  }

  /** Whether both hold the same writes, whatever else either knows to be superseded. */
  public boolean holdsSameAs(DottedVersionVectorSet other) {
    return siblings == other.siblings || siblings.equals(other.siblings);
  }

  /** The form that travels, in canonical order: whole, with all that the context covers. */
  public StoredValue toProto() {
    return toProto(context);
  }

  /**
   * The form on the disk of a replica: the context without what the bases of that replica's clock
   * cover, which {@link #fromStored} adds again (Goncalves et al., 2017, section IV: strip and
   * fill). Where all replicas have seen the same, equal keys are equal bytes.
   */
  public StoredValue toStored(VersionVector bases) {
    return toProto(context.beyond(bases));
  }

  private StoredValue toProto(VersionVector shown) {
    StoredValue.Builder stored = StoredValue.newBuilder();
    if (!shown.isEmpty()) {
      stored.setContext(shown.toProto());
    }
    for (Sibling sibling : siblings) {
      stored.addSiblings(sibling.toProto());
    }
    if (!operations.isEmpty()) {
      stored.setSupersededOperations(operations.toProto());
    }
    return stored.build();
  }

  /**
   * Reads what {@link #toStored} wrote, on the replica that wrote it.
   *
   * @param bases of that replica's clock as it is now
   * @throws IllegalArgumentException as {@link #fromProto}
   */
  public static DottedVersionVectorSet fromStored(StoredValue stored, VersionVector bases) {
    return decode(stored, VersionVector.fromProto(stored.getContext()).join(bases));
  }

  /**
   * Reads the form that travels.
   *
   * @throws IllegalArgumentException if it is not canonical: order, duplicate dots, or a sibling
   *     that its context does not cover
   */
  public static DottedVersionVectorSet fromProto(StoredValue stored) {
    return decode(stored, VersionVector.fromProto(stored.getContext()));
  }

  private static DottedVersionVectorSet decode(StoredValue stored, VersionVector context) {
    List<Sibling> siblings = new ArrayList<>(stored.getSiblingsCount());
    Dot previous = null;
    for (int i = 0; i < stored.getSiblingsCount(); i++) {
      Sibling sibling =
          Sibling.fromProto(stored.getSiblings(i), previous == null ? null : previous.actor());
      if (previous != null && previous.compareTo(sibling.dot()) >= 0) {
        throw new IllegalArgumentException(
            "sibling " + sibling.dot() + " follows " + previous + ", which is out of order");
      }
      if (!context.covers(sibling.dot())) {
        throw new IllegalArgumentException(
            "sibling " + sibling.dot() + " lies outside of the context " + context);
      }
      previous = sibling.dot();
      siblings.add(sibling);
    }
    return new DottedVersionVectorSet(
        context,
        List.copyOf(siblings),
        SupersededOperations.fromProto(stored.getSupersededOperations()));
  }

  /** An estimate of the size on disk and on the wire: values, and a fixed share a sibling. */
  public long sizeBytes() {
    long sizeBytes = SIBLING_OVERHEAD_BYTES * siblings.size();
    for (Sibling sibling : siblings) {
      sizeBytes += sibling.contentBytes();
    }
    return sizeBytes;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof DottedVersionVectorSet that
            && context.equals(that.context)
            && siblings.equals(that.siblings)
            && operations.equals(that.operations));
  }

  @Override
  public int hashCode() {
    return Objects.hash(context, siblings, operations);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (Sibling sibling : siblings) {
      text.append(sibling.dot()).append('=');
      ByteString value = sibling.value();
      String shown =
          sibling.isTombstone()
              ? "deleted"
              : value == null ? String.valueOf(sibling.typed()).trim() : value.toStringUtf8();
      text.append(shown).append(' ');
    }
    return text.append("| ").append(context).append(']').toString();
  }
}
