package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;

/**
 * One step of an order that explains a history.
 *
 * @param operation what took effect
 * @param stateAfter the object after it, for people
 */
public record LinearizationStep(Operation operation, String stateAfter) {}
