/**
 * What a run leaves behind for people and programs: result.json, the histories, and the table on
 * the terminal.
 *
 * <p>Invariants: the names in result.json are a contract; every number in the table is also in
 * result.json; nothing is told by colour alone.
 *
 * <p>Start reading at {@link io.capstan.chaos.report.ScenarioResult}.
 */
@NullMarked
package io.capstan.chaos.report;

import org.jspecify.annotations.NullMarked;
