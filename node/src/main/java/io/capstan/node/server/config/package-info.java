/**
 * The configuration of a node: a YAML file, the environment and flags become one validated {@link
 * io.capstan.node.server.config.NodeConfig}, or a sentence that says what to change.
 *
 * <p>Invariants: a flag beats the environment, which beats the file, which beats the default.
 * Nothing is guessed: an unknown key, a value outside what is allowed and a half-written file are
 * refused.
 *
 * <p>Start reading at {@link io.capstan.node.server.config.Setting}, the list of everything that
 * can be set. A commented sample is {@code docs/node.example.yaml}.
 */
@NullMarked
package io.capstan.node.server.config;

import org.jspecify.annotations.NullMarked;
