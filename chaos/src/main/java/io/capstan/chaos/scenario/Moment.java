package io.capstan.chaos.scenario;

import java.time.Duration;

/**
 * A time in a scenario file: so long after the start, or a part of the duration, so that a longer
 * run of the same scenario has longer faults.
 *
 * @param millis used where the share is negative
 * @param share of the duration, 0 to 1; negative where the time is fixed
 */
record Moment(long millis, double share) {
  static Moment at(Duration time) {
    return new Moment(time.toMillis(), -1);
  }

  static Moment share(double share) {
    return new Moment(0, share);
  }

  long in(Duration duration) {
    return share < 0 ? millis : Math.round(share * duration.toMillis());
  }
}
