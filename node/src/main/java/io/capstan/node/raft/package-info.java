/**
 * Raft as a pure, deterministic core: no thread, clock, disk, network or randomness of its own.
 * Read this page, then {@link io.capstan.node.raft.Raft}, then the transcripts under {@code
 * src/test/resources/raft}.
 *
 * <h2>The loop</h2>
 *
 * One event loop per replica group owns one {@link io.capstan.node.raft.Raft}. It takes a batch of
 * inputs from its queue, gives each to the core, and then drains once:
 *
 * <pre>{@code
 * for (Input input : queue.drainBatch()) {
 *   // raft.tick(now), raft.step(message, now), raft.propose(bytes), raft.readIndex(id), raft.durable(n)
 * }
 * Output output = raft.drain(++sequence);
 * if (output.hasWrite()) {
 *   store.write(sequence, output.truncateFrom(), output.entries(), output.hardState()); // atomic, ordered, not synced
 *   syncThread.wake();                            // will put durable(sequence) into the queue
 * }
 * peers.send(output.sendNow());
 * held.add(output.sendWhenDurableAfter(), output.sendWhenDurable()); // sent when durable(n) says so
 * stateMachine.apply(output.committed());
 * }</pre>
 *
 * Batching follows by itself: however many proposals, messages and reads gathered while the last
 * batch was worked off, they cost one write, one sync, one message per follower and one read round.
 * The leader's sync runs while its followers receive and sync the same entries (Ongaro, "Consensus:
 * Bridging Theory and Practice", 2014, the <em>dissertation</em> below, section 10.2.1). Drain
 * again while {@code committedMore} says that more waits.
 *
 * <h2>Promises and the disk</h2>
 *
 * A message that promises something about the disk leaves only when the disk agrees: votes,
 * requests for votes and acknowledgements of entries go through {@code sendWhenDurable}. A node
 * trusts itself no more than others: the candidate's own vote and the leader's own copy of an entry
 * count once {@code durable(n)} covers them. Since reports come late and by number, {@link
 * io.capstan.node.raft.WriteTracker} takes care that a report for an entry that was truncated and
 * replaced meanwhile counts for nothing. What promises nothing new about the disk goes at once:
 * entries to followers, pre-votes, and the answer to "am I still your leader?".
 *
 * <h2>Elections</h2>
 *
 * Pre-vote (dissertation, section 9.6) and the leader's quorum check (section 6.2) are always on. A
 * node that waited a randomised election timeout for its leader first asks whether it could win;
 * only a quorum of yes raises its term. Nobody says yes while it heard from a leader within the
 * minimum timeout (section 4.2.3), nor within one timeout of its own start, as it may have answered
 * a leader just before. Three rules keep these protections from locking the group up: a leader
 * without a quorum steps down and then protects nobody; a refused pre-vote carries the refuser's
 * term, so terms meet; and a leader of an older term is answered with the newer one and steps down.
 *
 * <h2>Replication</h2>
 *
 * A new leader appends an empty entry and <em>probes</em> each follower for the point where the
 * logs agree; a refusal names the highest index and term at which they still may, so one round trip
 * skips a whole term. From there on it <em>replicates</em>: entries are pipelined, bounded in
 * messages and bytes. A lost message shows as a refusal and leads back to probing. Only an entry of
 * the leader's own term is committed by counting (section 3.6.2). A commit reaches a follower with
 * the next entries or the next read; an idle one, where nothing comes for {@code
 * commitNewsDelayMillis}, by an empty append.
 *
 * <h2>Linearizable reads</h2>
 *
 * Section 6.4: the leader notes its commit index, makes sure that it still leads by one round of
 * answers, and serves the read once that index is applied. Reads that gather share a round; each
 * round has a number that is never given again; none starts before an entry of the leader's own
 * term is committed.
 *
 * <p>With {@code leaseReads} a leader asks nobody while its lease runs (section 6.4.1). The lease
 * counts from the moment at which a round of questions left, is shortened by twice the drift bound,
 * and rests on the rule that nobody votes within one election timeout of hearing a leader or of its
 * own start. So the caller must read {@code now} after a request arrived, never before.
 *
 * <h2>A log that is cut</h2>
 *
 * The state machine is durable by itself, so {@code compactTo(index)} only forgets; what was there
 * is remembered as a {@link io.capstan.node.raft.SnapshotPosition}: index, term and configuration.
 * A follower whose next entry is gone is named once in {@link
 * io.capstan.node.raft.Output#snapshotsNeeded}; the caller sends it the state by its own means and
 * reports how that ended. The receiving node offers what arrived; the core refuses what is older
 * than its commit index, and otherwise demands the exchange of state and log as one write.
 *
 * <h2>Membership</h2>
 *
 * Chapter 4. A configuration is an entry and counts from the moment at which it is appended; a
 * truncation brings the previous one back. Voters change through a joint configuration only, one
 * change at a time, and only once the last one is committed. A new voter is a learner first; that
 * it waits for its vote stands in the configuration, so the next leader goes on with it. A leader
 * that removes itself leads, without counting itself, until its successor configuration is
 * committed. A node that no configuration has ever named neither votes nor campaigns.
 *
 * <h2>Handing over</h2>
 *
 * Section 3.10: the leader stops taking proposals, brings the target up to date and tells it to
 * campaign at once, which overrules the protections of elections. As the lease rests on these, it
 * is given up for the rest of the term.
 *
 * <h2>Invariants</h2>
 *
 * Terms and commit index never fall; one vote per term; handed out &lt;= commit &lt;= last and
 * durable &lt;= last; nothing is truncated at or below the commit index. They are checked as the
 * node runs; {@link io.capstan.node.raft.RaftInvariantViolation} means: stop this node.
 *
 * <h2>Where things are</h2>
 *
 * {@code Raft} is the only class to call. {@code RaftState} holds what all roles share and changes
 * the role; {@code Voter}, {@code Candidate}, {@code Follower} and {@code Leader} handle what
 * reaches them; {@code RaftLog} with {@code LogTail} and {@code WriteTracker} is the log in memory;
 * {@code Ballot} the term and vote; {@code Replication} with a {@code Progress} for each follower
 * what is sent; {@code Configuration} the arithmetic of quorums, joint ones included (section 4.3);
 * {@code Configurations} which of them is in force; {@code MembershipChanges} which one comes next.
 */
@NullMarked
package io.capstan.node.raft;

import org.jspecify.annotations.NullMarked;
