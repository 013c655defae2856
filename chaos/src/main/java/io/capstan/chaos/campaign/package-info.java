/**
 * Runs many simulations: what {@link io.capstan.chaos.sim} may not have, threads and a clock to
 * measure them by, is here. Runs share nothing, so their number of threads changes no outcome.
 */
@NullMarked
package io.capstan.chaos.campaign;

import org.jspecify.annotations.NullMarked;
