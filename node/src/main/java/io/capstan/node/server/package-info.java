/**
 * The shell: everything between the pure replica and the world. Threads, clocks, sockets and logs
 * live here and nowhere below.
 *
 * <p>How a request travels: a gRPC thread checks it ({@link io.capstan.node.server.RequestCheck})
 * and puts it into the inbox of the {@link io.capstan.node.server.EventLoop}; the loop drains what
 * is there, steps the replica with each input, flushes once, and carries out the effects: messages
 * go to the {@link io.capstan.node.server.PeerLink} of their receiver, answers back to a gRPC
 * thread. The {@link io.capstan.node.server.SyncThread} makes writes durable beside the loop and
 * reports it as one more input.
 *
 * <p>Invariants: the replica is touched by the thread of its loop only; every client call is
 * answered exactly once; every queue is bounded in number and bytes; an exception out of the
 * replica or the store stops the server, and nothing is answered after it.
 *
 * <p>Start reading at {@link io.capstan.node.server.NodeServer}, then {@code EventLoop}.
 */
@NullMarked
package io.capstan.node.server;

import org.jspecify.annotations.NullMarked;
