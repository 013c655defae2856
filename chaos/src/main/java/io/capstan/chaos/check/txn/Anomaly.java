package io.capstan.chaos.check.txn;

import io.capstan.chaos.check.Operation;
import java.util.List;

/**
 * Something that is wrong with transactions.
 *
 * @param kind what it is
 * @param sentence the whole of it in one sentence
 * @param transactions those that show it; of a cycle in the order of its steps
 * @param steps of a cycle: the reason of each step, in order; else empty
 */
public record Anomaly(
    AnomalyKind kind, String sentence, List<Operation> transactions, List<String> steps) {}
