package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.List;

/**
 * Why a history is not linearizable.
 *
 * @param culprit the operation that no order gets past: the history up to just before its
 *     completion is linearizable, up to its completion it is not
 * @param longestOrder the longest order that was found, which lacks the culprit
 * @param possibleStates what the object can have held when the culprit had to take effect; some, if
 *     there are many
 * @param concurrent the operations that overlap the culprit and belong to the explanation
 * @param operations the fewest operations found that still cannot be explained, by invocation
 * @param sentence the violation told in one sentence
 */
public record Explanation(
    Operation culprit,
    List<LinearizationStep> longestOrder,
    List<String> possibleStates,
    List<Operation> concurrent,
    List<Operation> operations,
    String sentence) {}
