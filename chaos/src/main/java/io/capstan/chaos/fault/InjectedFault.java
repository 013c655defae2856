package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.PartitionSpec;

/**
 * A fault that has happened.
 *
 * @param id its number in the journal
 * @param partition what it meant on this cluster
 * @param startNanos when it began to act, since the start of the workload
 * @param verifiedNanos when the nodes were seen to suffer from it
 */
public record InjectedFault(
    long id, String name, PartitionSpec partition, long startNanos, long verifiedNanos) {}
