/**
 * What the chaos module adds to the command line: {@code capstan chaos ...}. Thin: options in, a
 * call, text or JSON out.
 *
 * <p>Start reading at {@link io.capstan.chaos.command.ChaosCommand}.
 */
@NullMarked
package io.capstan.chaos.command;

import org.jspecify.annotations.NullMarked;
