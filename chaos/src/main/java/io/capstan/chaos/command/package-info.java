/**
 * What the chaos module adds to the command line: {@code capstan cluster ...} (start a cluster on
 * this machine, hurt and mend it), {@code capstan chaos ...} (the harness), {@code capstan sim} and
 * {@code capstan demo}.
 *
 * <p>Commands only parse, print and choose the exit code; what they do is in the other packages of
 * this module.
 *
 * <p>Start reading at {@link io.capstan.chaos.command.ClusterCommand} and {@link
 * io.capstan.chaos.command.ChaosCommand}.
 */
@NullMarked
package io.capstan.chaos.command;

import org.jspecify.annotations.NullMarked;
