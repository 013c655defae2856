package io.capstan.chaos.sim;

/**
 * What a run that broke no claim went through.
 *
 * @param seed the seed that decided it
 * @param events events of the simulator
 * @param virtualMillis virtual time covered
 * @param operations client operations invoked
 * @param okOperations of these, answered OK
 * @param elections leaders elected
 * @param crashes processes killed
 * @param cuts links cut, each direction counted
 * @param lostMessages messages that never arrived
 * @param traceHash a hash over every event's effect, equal for equal runs
 */
public record SimulationResult(
    long seed,
    long events,
    long virtualMillis,
    long operations,
    long okOperations,
    long elections,
    long crashes,
    long cuts,
    long lostMessages,
    long traceHash) {}
