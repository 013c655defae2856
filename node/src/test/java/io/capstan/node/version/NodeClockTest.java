package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A node clock")
class NodeClockTest {

  private static final Actor A = new Actor("a", 1);
  private static final Actor B = new Actor("b", -1);

  private static List<Dot> missing(NodeClock here, NodeClock there, Actor first) {
    List<Dot> dots = new ArrayList<>();
    here.visitMissingIn(there, first, (actor, counter) -> dots.add(new Dot(actor, counter)));
    return dots;
  }

  @Test
  void movesItsBaseWhenAGapCloses() {
    NodeClock clock = new NodeClock();
    assertThat(clock.add(new Dot(A, 2))).isTrue();
    assertThat(clock.add(new Dot(A, 3))).isTrue();
    assertThat(clock.baseOf(A)).isZero();
    assertThat(clock.maxOf(A)).isEqualTo(3);
    assertThat(clock.contains(new Dot(A, 1))).isFalse();

    assertThat(clock.add(new Dot(A, 1))).isTrue();

    assertThat(clock.baseOf(A)).isEqualTo(3);
    assertThat(clock.add(new Dot(A, 2))).isFalse();
    assertThat(clock.toProto().getEntries(0).getBitmapCount()).isZero();
  }

  @Test
  void sendsTheDotsOfOneActorFirstWhenAsked() {
    NodeClock clock = new NodeClock();
    clock.add(new Dot(A, 1));
    clock.add(new Dot(B, 1));
    clock.add(new Dot(B, 3));

    assertThat(missing(clock, new NodeClock(), B))
        .containsExactly(new Dot(B, 1), new Dot(B, 3), new Dot(A, 1));
    assertThat(missing(clock, new NodeClock(), null))
        .containsExactly(new Dot(A, 1), new Dot(B, 1), new Dot(B, 3));
  }

  @Test
  void doesNotRecordADotTooFarBeyondItsBase() {
    NodeClock clock = new NodeClock();

    assertThat(clock.add(new Dot(A, NodeClock.GAP_MAX_DOTS + 1))).isFalse();
    assertThat(clock.isEmpty()).isTrue();
    assertThat(clock.add(new Dot(A, 1))).isTrue();
    assertThat(clock.add(new Dot(A, NodeClock.GAP_MAX_DOTS + 1))).isTrue();
    assertThat(NodeClock.fromProto(clock.toProto())).isEqualTo(clock);
  }

  @Test
  void aCopyDoesNotFollowTheOriginal() {
    NodeClock clock = new NodeClock();
    clock.add(new Dot(A, 5));
    NodeClock copy = clock.copy();

    clock.add(new Dot(A, 6));
    clock.add(new Dot(B, 1));

    assertThat(copy.contains(new Dot(A, 6))).isFalse();
    assertThat(copy.contains(new Dot(B, 1))).isFalse();
    assertThat(copy.contains(new Dot(A, 5))).isTrue();
  }

  @Test
  void refusesWhatIsNoClock() {
    var good = new NodeClock();
    good.add(new Dot(A, 1));
    good.add(new Dot(B, 1));
    var stored = good.toProto();
    var swapped =
        stored.toBuilder()
            .setEntries(0, stored.getEntries(1))
            .setEntries(1, stored.getEntries(0))
            .build();
    var negative = stored.toBuilder();
    negative.getEntriesBuilder(0).setBase(-4);

    assertThatThrownBy(() -> NodeClock.fromProto(swapped))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> NodeClock.fromProto(negative.build()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void closesALongGapInTimeProportionalToItsDots() {
    NodeClock clock = new NodeClock();
    int dots = 1_000_000;
    clock.add(new Dot(A, dots));
    int added = 0;
    for (int i = 1; i < dots; i++) {
      added += clock.add(new Dot(A, i)) ? 1 : 0;
    }
    assertThat(added).isEqualTo(dots - 1);
    assertThat(clock.baseOf(A)).isEqualTo(dots);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  @DisplayName("behaves as a set of dots")
  void agreesWithASet(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      TreeSet<Dot> mineSet = new TreeSet<>();
      TreeSet<Dot> theirsSet = new TreeSet<>();
      NodeClock mine = fill(random, mineSet);
      NodeClock theirs = fill(random, theirsSet);

      TreeSet<Dot> difference = new TreeSet<>(mineSet);
      difference.removeAll(theirsSet);
      assertThat(missing(mine, theirs, null)).containsExactlyElementsOf(difference);
      assertThat(mine.countMissingIn(theirs)).isEqualTo(difference.size());
      assertThat(NodeClock.fromProto(mine.toProto())).isEqualTo(mine);
      assertThat(missing(NodeClock.fromProto(mine.toProto()), new NodeClock(), null))
          .containsExactlyElementsOf(mineSet);

      NodeClock joined = mine.copy();
      joined.join(theirs);
      mineSet.addAll(theirsSet);
      assertThat(missing(joined, new NodeClock(), null)).containsExactlyElementsOf(mineSet);
      NodeClock otherWay = theirs.copy();
      otherWay.join(mine);
      assertThat(otherWay).isEqualTo(joined);
      for (Actor actor : joined.actors()) {
        assertThat(joined.contains(new Dot(actor, joined.baseOf(actor) + 1))).isFalse();
      }
    }
  }

  private static NodeClock fill(Random random, TreeSet<Dot> model) {
    NodeClock clock = new NodeClock();
    int span = 1 + random.nextInt(400);
    int dots = random.nextInt(2 * span);
    boolean ascending = random.nextBoolean();
    for (int i = 0; i < dots; i++) {
      long counter = ascending ? 1 + i / 2 + random.nextInt(3) : 1 + random.nextInt(span);
      Dot dot = new Dot(random.nextBoolean() ? A : B, counter);
      assertThat(clock.contains(dot)).isEqualTo(model.contains(dot));
      assertThat(clock.add(dot)).isEqualTo(model.add(dot));
      assertThat(clock.contains(dot)).isTrue();
    }
    return clock;
  }
}
