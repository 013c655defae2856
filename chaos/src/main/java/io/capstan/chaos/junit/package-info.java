/**
 * For other people's tests: a JUnit 5 extension that gives a test a cluster of its own, which it
 * may split, kill and heal, and on which it may run scenarios: nodes inside its JVM, processes, or
 * containers.
 *
 * <p>Invariants: every test method begins with every node up, every link open, room on every disk
 * and every clock right; what a test took is given back whatever becomes of it: nodes, ports,
 * clients, folders.
 *
 * <p>JUnit's API is not among this module's run time dependencies: whoever uses this package has it
 * already. Start reading at {@link io.capstan.chaos.junit.CapstanCluster} and {@link
 * io.capstan.chaos.junit.ChaosScenario}; a complete example stands in docs/junit.md.
 */
@NullMarked
package io.capstan.chaos.junit;

import org.jspecify.annotations.NullMarked;
