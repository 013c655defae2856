/**
 * A cluster that can be hurt: nodes that are stopped, killed and paused, and a network between them
 * whose every directed link can be cut and healed alone.
 *
 * <p>One interface, {@link io.capstan.chaos.cluster.Cluster}, over several substrates, so that a
 * scenario is written once: {@link io.capstan.chaos.cluster.ProcessCluster} (real processes),
 * {@link io.capstan.chaos.cluster.EmbeddedCluster} (nodes inside this JVM), {@link
 * io.capstan.chaos.cluster.SupervisedCluster} (the processes that {@code capstan cluster start}
 * left in the background, reached through their supervisor), and {@link
 * io.capstan.chaos.cluster.ContainerCluster} (Docker containers, cut by their packet filters).
 *
 * <p>On this machine the network is real TCP: each node reaches each other node through a {@link
 * io.capstan.chaos.cluster.LinkProxy} of its own, and a node sends to a peer only on the connection
 * that it opened itself. Cutting that one connection therefore cuts exactly one direction.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>When {@code cut} returns, no further byte crosses the links that it names, either way.
 *   <li>A signal is sent to a process only after its start time has been compared: process ids are
 *       used again by the operating system.
 *   <li>Every wait has an end, and says in a sentence what it was waiting for.
 * </ul>
 *
 * <p>Start reading at {@link io.capstan.chaos.cluster.Cluster}, then {@link
 * io.capstan.chaos.cluster.PartitionSpec} and {@link io.capstan.chaos.cluster.LinkProxy}.
 */
@NullMarked
package io.capstan.chaos.cluster;

import org.jspecify.annotations.NullMarked;
