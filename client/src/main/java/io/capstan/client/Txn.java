package io.capstan.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares, reads and writes several keys of one CP keyspace as one log entry. Where every
 * comparison holds the then-steps are performed, otherwise the else-steps; without else-steps a
 * comparison that does not hold is an error with the code CONFLICT.
 *
 * @param keyspace null for the default of the client
 * @param timeout null for the default of the client
 */
public record Txn(
    @Nullable String keyspace,
    List<Compare> comparisons,
    List<Step> thenSteps,
    List<Step> elseSteps,
    @Nullable Duration timeout) {

  public Txn {
    comparisons = List.copyOf(comparisons);
    thenSteps = List.copyOf(thenSteps);
    elseSteps = List.copyOf(elseSteps);
  }

  /** How a comparison relates what is stored to what is given. */
  public enum Relation {
    EQUAL,
    NOT_EQUAL,
    LESS,
    GREATER
  }

  /** One comparison. */
  public sealed interface Compare {
    Bytes key();

    /** Compares the log index that wrote the current value; 0 means "absent". */
    record Version(Bytes key, Relation relation, long version) implements Compare {}

    /** Compares the current value, byte by byte. */
    record Value(Bytes key, Relation relation, Bytes value) implements Compare {}

    /** Holds where the key has no value. */
    record Absent(Bytes key) implements Compare {}
  }

  /** One thing that is done. */
  public sealed interface Step {
    Bytes key();

    /** Writes; a context makes it replace exactly what an earlier receipt saw. */
    record PutStep(Bytes key, Bytes value, @Nullable Bytes context) implements Step {}

    /** Deletes. */
    record DeleteStep(Bytes key, @Nullable Bytes context) implements Step {}

    /** Reads; the answer is in {@link TxnResult#results()} at the same position. */
    record GetStep(Bytes key) implements Step {}
  }

  /** Whether no step writes, so that it can be repeated freely. */
  public boolean isReadOnly() {
    return thenSteps.stream().allMatch(Step.GetStep.class::isInstance)
        && elseSteps.stream().allMatch(Step.GetStep.class::isInstance);
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects comparisons and steps, in order. Not safe for use by several threads. */
  public static final class Builder {
    private @Nullable String keyspace;
    private @Nullable Duration timeout;
    private final List<Compare> comparisons = new ArrayList<>();
    private final List<Step> thenSteps = new ArrayList<>();
    private final List<Step> elseSteps = new ArrayList<>();
    private List<Step> steps = thenSteps;

    private Builder() {}

    public Builder keyspace(@Nullable String name) {
      keyspace = name;
      return this;
    }

    public Builder timeout(@Nullable Duration limit) {
      timeout = limit;
      return this;
    }

    public Builder compare(Compare comparison) {
      comparisons.add(comparison);
      return this;
    }

    public Builder ifVersion(String key, long version) {
      return compare(new Compare.Version(Bytes.of(key), Relation.EQUAL, version));
    }

    public Builder ifValue(String key, String value) {
      return compare(new Compare.Value(Bytes.of(key), Relation.EQUAL, Bytes.of(value)));
    }

    public Builder ifAbsent(String key) {
      return compare(new Compare.Absent(Bytes.of(key)));
    }

    /** Adds a step to the branch that is being described: the then-branch at first. */
    public Builder step(Step step) {
      steps.add(step);
      return this;
    }

    public Builder put(String key, String value) {
      return step(new Step.PutStep(Bytes.of(key), Bytes.of(value), null));
    }

    public Builder delete(String key) {
      return step(new Step.DeleteStep(Bytes.of(key), null));
    }

    public Builder get(String key) {
      return step(new Step.GetStep(Bytes.of(key)));
    }

    /** The steps that follow are performed where a comparison does not hold. */
    public Builder otherwise() {
      steps = elseSteps;
      return this;
    }

    public Txn build() {
      return new Txn(keyspace, comparisons, thenSteps, elseSteps, timeout);
    }
  }
}
