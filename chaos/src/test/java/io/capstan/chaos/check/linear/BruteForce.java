package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The definition, word for word and without any cleverness: tries every order of every choice. It
 * only remembers what it tried in vain.
 */
final class BruteForce {
  private BruteForce() {}

  static <S> boolean isLinearizable(Model<S> model, List<Operation> operations) {
    List<Operation> left = operations.stream().filter(o -> o.outcome() != Outcome.FAILED).toList();
    Model<S> specialised = model.specialisedFor(left.stream().map(Call::of).toList());
    return explains(specialised, specialised.initial(), left, new HashSet<>());
  }

  private static <S> boolean explains(
      Model<S> model, S state, List<Operation> left, Set<List<Object>> inVain) {
    if (left.stream().noneMatch(Operation::isOk)) {
      return true;
    }
    if (!inVain.add(List.of(state, left.stream().map(Operation::id).toList()))) {
      return false;
    }
    for (Operation next : left) {
      if (left.stream().anyMatch(other -> other.precedes(next))) {
        continue;
      }
      S after = model.step(state, Call.of(next));
      List<Operation> rest = new ArrayList<>(left);
      rest.remove(next);
      if (after != null && explains(model, after, rest, inVain)) {
        return true;
      }
    }
    return false;
  }
}
