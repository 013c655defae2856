/**
 * The bug museum: defects that real systems had, planted into copies of our own classes, and the
 * simulator that has to catch each within a stated number of seeds. Production code knows nothing
 * of it. The stories stand in {@code docs/bug-museum.md}.
 */
@NullMarked
package io.capstan.chaos.museum;

import org.jspecify.annotations.NullMarked;
