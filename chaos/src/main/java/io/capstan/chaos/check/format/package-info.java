/**
 * Histories from and to files: Jepsen's EDN and text logs, Porcupine's key-value logs, and JSON
 * lines.
 *
 * <p>Invariants: what cannot be understood is an error that names the line and shows it, never a
 * guess; keys that nobody asks for are carried along and harm nobody; what is written reads back
 * equal.
 *
 * <p>Start reading at {@link io.capstan.chaos.check.format.HistoryFormats}.
 */
@NullMarked
package io.capstan.chaos.check.format;

import org.jspecify.annotations.NullMarked;
