/**
 * One replica group on one node as one deterministic state machine: the composition of Raft, the
 * state machine, leaderless replication and the open calls of clients.
 *
 * <p>The loop around it, in production and in the simulator alike:
 *
 * <pre>{@code
 * for (Input input : drained) replica.step(input, now);   // nothing leaves yet
 * Flush flush = replica.flush(now);                       // one batch to the store
 * carryOut(flush.effects());                              // messages, answers
 * if (flush.awaitedSequence() > requested) sync();        // elsewhere, in parallel
 * ... later: replica.step(new Input.Durable(sequence), now)
 * }</pre>
 *
 * <p>Invariants: what promises or reveals state leaves only when that state is on disk ({@link
 * io.capstan.node.replica.Outbox}); an entry's data, the session table and the applied index are
 * rows of one batch ({@link io.capstan.node.replica.StateMachine}); a call is answered exactly
 * once, and FAILED only where no attempt of it can be applied any more ({@link
 * io.capstan.node.replica.CpCalls}).
 *
 * <p>Start reading at {@link io.capstan.node.replica.Replica}, then {@link
 * io.capstan.node.replica.CallRouter}.
 */
@NullMarked
package io.capstan.node.replica;

import org.jspecify.annotations.NullMarked;
