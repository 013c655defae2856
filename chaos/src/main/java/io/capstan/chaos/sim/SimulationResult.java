package io.capstan.chaos.sim;

/**
 * What a run that broke no claim went through.
 *
 * @param coverage what happened, and how often
 * @param virtualMillis virtual time covered
 * @param traceHash a hash over every event and its effect, equal for equal runs
 */
public record SimulationResult(Coverage coverage, long virtualMillis, long traceHash) {}
