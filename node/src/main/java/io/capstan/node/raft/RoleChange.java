package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/**
 * Role, leader or term as they are after a drain in which at least one of them changed.
 *
 * @param role role of this node
 * @param leaderId current leader, null when none is known
 * @param term current term
 */
public record RoleChange(Role role, @Nullable String leaderId, long term) {}
