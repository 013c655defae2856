package io.capstan.chaos.check.linear;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The order of the store's versions")
class VersionOrderTest {
  private static final Budget ENOUGH = Budget.of(Duration.ofMinutes(2));

  private static LinearizabilityReport check(History history, Model<?> model) {
    return new LinearizabilityChecker(1, true).withVersions().check(history, model, ENOUGH);
  }

  private static HistoryScript write(
      HistoryScript script, int client, Object value, Object version) {
    return script.invoke(client, "write", value).ok(client, value, Map.of(Extras.VERSION, version));
  }

  private static HistoryScript read(
      HistoryScript script, int client, @Nullable Object value, Object version) {
    return script
        .invoke(client, "read")
        .ok(client, value, Map.of(Extras.VERSIONS, List.of(version)));
  }

  @Test
  @DisplayName("decides without search, as numbers or as text, reads of nothing included")
  void explains() {
    HistoryScript script = new HistoryScript().read(1, null);
    write(script, 1, 7, "5");
    read(script, 2, 7, 5L);
    script.invoke(3, "write", 8);
    read(script, 2, 8, "9");
    script.info(3);

    LinearizabilityReport report = check(script.history(), RegisterModel.register(null));

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.verdict().why()).contains("explains all 5 operations");
    assertThat(report.configurations()).isZero();
    assertThat(report.keys().get(0).order()).hasSize(5);
  }

  @Test
  @DisplayName(
      "that two writes were given the other way round is told, and the verdict stays valid")
  void versionsContradictAnExplicableHistory() {
    HistoryScript script = new HistoryScript();
    write(script, 1, 7, 6);
    write(script, 1, 8, 5);
    read(script, 2, 8, 5);

    LinearizabilityReport report = check(script.history(), RegisterModel.register(null));

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.verdict().why())
        .startsWith("an order explains all 3 operations")
        .contains("the versions tell another order")
        .contains(
            "client 1's write of 7 (version 6) ended before client 2's read of 8 (version [5])");
  }

  @Test
  @DisplayName("a version that was read with another value than was written is told")
  void versionOfAnotherValue() {
    HistoryScript script = new HistoryScript();
    write(script, 1, 7, 5);
    write(script, 1, 8, 6);
    read(script, 2, 8, 5);

    KeyReport report = check(script.history(), RegisterModel.register(null)).keys().get(0);

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.verdict().why())
        .contains("client 2's read of 8 (version [5]) should have found 7");
  }

  @Test
  @DisplayName("a stale read is a violation, whatever its version says")
  void staleReadWithItsVersion() {
    HistoryScript script = new HistoryScript();
    write(script, 1, 7, 5);
    write(script, 1, 8, 6);
    read(script, 2, 7, 5);

    Verdict verdict = check(script.history(), RegisterModel.register(null)).verdict();

    assertThat(verdict.isInvalid()).isTrue();
    assertThat(verdict.why())
        .contains("client 2 read 7")
        .contains("the versions tell another order");
  }

  @Test
  @DisplayName("versions of several actors, or missing ones, are left to the search and not blamed")
  void versionsThatAreNoNumbers() {
    HistoryScript script = new HistoryScript();
    write(script, 1, 7, "n1.4f2a:1");
    read(script, 2, 7, "n1.4f2a:1");

    LinearizabilityReport report = check(script.history(), RegisterModel.register(null));

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.keys().get(0).verdict().why()).doesNotContain("versions");
    assertThat(report.configurations()).isPositive();
  }

  /** How the versions of a history come to be. */
  private enum Versions {
    /** The place in an order that explains it, where there is one. */
    RIGHT,
    /** The same, and some reads and unknown writes have none. */
    SOME,
    /** The same, but two neighbours changed places. */
    SWAPPED,
    /** At random. */
    RANDOM
  }

  @ParameterizedTest
  @EnumSource(Versions.class)
  @DisplayName("never changes a verdict, on thousands of histories, right or wrong as it may be")
  void verdictsAreThoseWithoutVersions(Versions versions) {
    int valid = 0;
    int withoutSearch = 0;
    long searched = 0;
    long left = 0;
    int seeds = 3_000;
    Model<RegisterModel.State> model = RegisterModel.casRegister(0L);
    LinearizabilityChecker plain = new LinearizabilityChecker(1, false);
    for (int seed = 0; seed < seeds; seed++) {
      History bare =
          RandomHistories.draw(model, RandomHistories.casRegister(3), seed, 9, 4, 0.2, 0.15);
      LinearizabilityReport without = plain.check(bare, model, ENOUGH);
      History told = withVersions(bare, without, versions, new SplittableRandom(seed));

      LinearizabilityReport with = plain.withVersions().check(told, model, ENOUGH);

      assertThat(with.verdict().status())
          .as("seed %d: %s", seed, told.events())
          .isEqualTo(without.verdict().status());
      assertThat(BruteForce.isLinearizable(model, bare.operations()))
          .isEqualTo(with.verdict().isValid());
      if (with.verdict().isValid()) {
        valid++;
        withoutSearch += with.configurations() == 0 ? 1 : 0;
        searched += without.configurations();
        left += with.configurations();
      }
    }
    assertThat(valid).isBetween(seeds / 10, seeds * 9 / 10);
    switch (versions) {
      case RIGHT -> assertThat(left).isZero();
      case SOME -> assertThat(left).isLessThan(searched / 10);
      default -> assertThat(withoutSearch).isLessThan(valid);
    }
  }

  @Test
  @DisplayName("explains at once what the search needs tens of thousands of configurations for")
  void fewerConfigurations() {
    long searched = 0;
    for (int seed = 0; seed < 20; seed++) {
      HardHistories.Kind kind = HardHistories.Kind.MOVING_COUNTER;
      History bare = HardHistories.draw(kind, HardHistories.Lie.NONE, seed, 100, 16, 0.3);
      LinearizabilityChecker plain = new LinearizabilityChecker(1, false);
      LinearizabilityReport without = plain.check(bare, kind.model(), ENOUGH);
      History told = withVersions(bare, without, Versions.RIGHT, new SplittableRandom(seed));

      LinearizabilityReport with = plain.withVersions().check(told, kind.model(), ENOUGH);

      assertThat(with.verdict().isValid()).isTrue();
      assertThat(with.configurations()).isZero();
      searched += without.configurations();
    }
    assertThat(searched).isGreaterThan(20_000);
  }

  /** The history with versions, by the order that was found, or by chance where none was. */
  private static History withVersions(
      History history, LinearizabilityReport report, Versions versions, SplittableRandom random) {
    Map<List<Object>, Long> placeByOperation = new LinkedHashMap<>();
    long version = 0;
    List<LinearizationStep> order = report.keys().get(0).order();
    for (LinearizationStep step : order) {
      boolean reads = step.operation().f().equals("read");
      version += reads ? 0 : 1 + random.nextInt(3);
      placeByOperation.put(
          List.of(step.operation().process(), step.operation().invokePosition()), version);
    }
    if (versions == Versions.SWAPPED && placeByOperation.size() > 1) {
      List<List<Object>> places = List.copyOf(placeByOperation.keySet());
      int at = random.nextInt(places.size() - 1);
      Long first = placeByOperation.get(places.get(at));
      placeByOperation.put(places.get(at), placeByOperation.get(places.get(at + 1)));
      placeByOperation.put(places.get(at + 1), first);
    }
    Map<Long, Integer> invoked = new LinkedHashMap<>();
    List<HistoryEvent> events = new ArrayList<>();
    for (int position = 0; position < history.events().size(); position++) {
      HistoryEvent event = history.events().get(position);
      if (event.type() == EventType.INVOKE) {
        invoked.put(event.process(), position);
        events.add(event);
        continue;
      }
      Long place =
          versions == Versions.RANDOM || !report.verdict().isValid()
              ? (Long) (long) random.nextInt(12)
              : placeByOperation.get(List.of(event.process(), invoked.get(event.process())));
      boolean reads = event.f().equals("read");
      boolean named =
          place != null
              && event.type() != EventType.FAIL
              && (versions != Versions.SOME
                  || (!reads && event.type() == EventType.OK)
                  || random.nextBoolean());
      events.add(
          new HistoryEvent(
              event.index(),
              event.timeNanos(),
              event.process(),
              event.type(),
              event.f(),
              event.key(),
              event.value(),
              !named
                  ? Map.of()
                  : reads
                      ? Map.of(Extras.VERSIONS, List.of(place))
                      : Map.of(Extras.VERSION, place)));
    }
    return History.of(events);
  }
}
