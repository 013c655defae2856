package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A set: {@code add e}, {@code remove e}, {@code read -> [e ...]} in any order. Once specialised
 * for a history its states are bit sets over the elements that occur in it.
 */
public final class SetModel implements Model<BitSet> {
  private static final int ELEMENTS_SHOWN_MAX = 20;

  private final Map<@Nullable Object, Integer> numberByElement;
  private final List<@Nullable Object> elements;
  private final Map<Call, @Nullable BitSet> answers;
  private final Collection<?> initialElements;

  /**
   * A set that holds these elements at first.
   *
   * @param initialValue a list or set; null is the empty set
   */
  public SetModel(@Nullable Object initialValue) {
    this(initialElements(initialValue), List.of());
  }

  private SetModel(Collection<?> initialElements, List<Call> calls) {
    this.initialElements = initialElements;
    this.numberByElement = new HashMap<>();
    this.elements = new ArrayList<>();
    // By identity: the search asks with the very calls that it announced, and answers are long to
    // compare.
    this.answers = new IdentityHashMap<>();
    initialElements.forEach(this::number);
    for (Call call : calls) {
      if (call.f().equals("add") || call.f().equals("remove")) {
        number(call.input());
      }
    }
    for (Call call : calls) {
      if (isReadOnly(call) && call.answered()) {
        answers.put(call, bits(call));
      }
    }
  }

  private static Collection<?> initialElements(@Nullable Object value) {
    return switch (HistoryValues.canonical(value)) {
      case null -> List.of();
      case Collection<?> collection -> collection;
      default ->
          throw new IllegalArgumentException(
              "a set starts with a list of elements, not with " + value);
    };
  }

  private int number(@Nullable Object element) {
    Integer known = numberByElement.putIfAbsent(element, elements.size());
    if (known != null) {
      return known;
    }
    elements.add(element);
    return elements.size() - 1;
  }

  /**
   * The elements of an answer as bits; null if one of them is nowhere added, so that no state can
   * match.
   */
  private @Nullable BitSet bits(Call call) {
    BitSet bits = new BitSet(elements.size());
    if (call.output() == null) {
      return bits;
    }
    if (!(call.output() instanceof Collection<?> seen)) {
      throw unsupported(call);
    }
    for (Object element : seen) {
      Integer number = numberByElement.get(element);
      if (number == null) {
        return null;
      }
      bits.set(number);
    }
    return bits;
  }

  private @Nullable BitSet answer(Call read) {
    return answers.containsKey(read) ? answers.get(read) : bits(read);
  }

  /** What the set holds at first. */
  Collection<?> initialElements() {
    return initialElements;
  }

  @Override
  public Model<BitSet> specialisedFor(List<Call> calls) {
    return new SetModel(initialElements, calls);
  }

  @Override
  public String name() {
    return "set";
  }

  @Override
  public BitSet initial() {
    BitSet initial = new BitSet();
    for (Object element : initialElements) {
      initial.set(known(element));
    }
    return initial;
  }

  private int known(@Nullable Object element) {
    Integer number = numberByElement.get(element);
    if (number == null) {
      throw new IllegalStateException("the set model was not specialised for element " + element);
    }
    return number;
  }

  @Override
  public @Nullable BitSet step(BitSet state, Call call) {
    return switch (call.f()) {
      case "read", "get" -> !call.answered() || state.equals(answer(call)) ? state : null;
      case "add" -> with(state, known(call.input()), true);
      case "remove" -> with(state, known(call.input()), false);
      default -> throw unsupported(call);
    };
  }

  private static BitSet with(BitSet state, int element, boolean present) {
    if (state.get(element) == present) {
      return state;
    }
    BitSet changed = (BitSet) state.clone();
    changed.set(element, present);
    return changed;
  }

  private UnsupportedCallException unsupported(Call call) {
    return new UnsupportedCallException(name(), call, "add e, remove e and read -> [e ...]");
  }

  @Override
  public boolean isReadOnly(Call call) {
    return call.f().equals("read") || call.f().equals("get");
  }

  @Override
  public boolean isGrowing(Call call) {
    return call.f().equals("add");
  }

  @Override
  public boolean mayGrowInto(BitSet state, Call read) {
    BitSet seen = answer(read);
    if (seen == null) {
      return false;
    }
    BitSet extra = (BitSet) state.clone();
    extra.andNot(seen);
    return extra.isEmpty();
  }

  @Override
  public boolean canObserve(Call observer, Call effect) {
    if (!isReadOnly(observer)) {
      return false;
    }
    if (!effect.f().equals("add")) {
      return true;
    }
    BitSet seen = answer(observer);
    Integer element = numberByElement.get(effect.input());
    return seen == null || element == null || seen.get(element);
  }

  @Override
  public long sizeBytes(BitSet state) {
    return 64L + state.size() / 8;
  }

  @Override
  public String show(BitSet state) {
    if (state.cardinality() > ELEMENTS_SHOWN_MAX) {
      return "a set of " + state.cardinality() + " elements";
    }
    return HistoryValues.show(state.stream().mapToObj(elements::get).toList());
  }
}
