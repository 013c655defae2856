/**
 * What a run leaves behind for people and programs: report.html, result.json, the histories, and
 * the table on the terminal. Knows the checkers' records and no cluster.
 *
 * <p>Invariants: the names in result.json are a contract; every number in the table is also in
 * result.json; nothing is told by colour alone; report.html needs no network, and no text of a user
 * enters it unescaped.
 *
 * <p>Start reading at {@link io.capstan.chaos.report.ScenarioResult}, then {@link
 * io.capstan.chaos.report.Report}, which {@link io.capstan.chaos.report.ReportPage} makes the page
 * of. The page's scripts and style lie beside these classes as resources; main.js comes first.
 */
@NullMarked
package io.capstan.chaos.report;

import org.jspecify.annotations.NullMarked;
