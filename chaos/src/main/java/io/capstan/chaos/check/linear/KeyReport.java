package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Verdict;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The verdict on one object.
 *
 * @param key the independent key; null if the history is not keyed
 * @param verdict linearizable or not
 * @param operations how many operations were given, failed ones included
 * @param configurations how many configurations the search remembered
 * @param steps how many steps it took
 * @param order an order that explains everything, when valid; else the longest found
 * @param explanation why not, when invalid
 */
public record KeyReport(
    @Nullable Object key,
    Verdict verdict,
    int operations,
    long configurations,
    long steps,
    List<LinearizationStep> order,
    Optional<Explanation> explanation) {}
