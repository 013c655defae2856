package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredValue;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A dotted version vector set")
class DottedVersionVectorSetTest {

  private static final Actor A = new Actor("a", 1);
  private static final Actor B = new Actor("b", 1);
  private static final Actor C = new Actor("c", 1);
  private static final OperationId RETRIED =
      OperationId.newBuilder().setSession(9).setSequence(1).build();

  private static Sibling sibling(Actor actor, long counter, @Nullable OperationId operation) {
    return new Sibling(
        new Dot(actor, counter),
        new HybridTimestamp(1, 0),
        operation,
        ByteString.copyFromUtf8(actor.name() + counter));
  }

  private static Sibling sibling(Actor actor, long counter) {
    return sibling(actor, counter, null);
  }

  private static DottedVersionVectorSet only(Sibling sibling) {
    return DottedVersionVectorSet.EMPTY.add(sibling);
  }

  @Test
  void keepsConcurrentWritesAsSiblingsInTheOrderOfTheirDots() {
    DottedVersionVectorSet both = only(sibling(B, 3)).join(only(sibling(A, 5)));

    assertThat(both.siblings()).containsExactly(sibling(A, 5), sibling(B, 3));
    assertThat(both.context().counterOf(A)).isEqualTo(5);
    assertThat(both.context().counterOf(B)).isEqualTo(3);
  }

  @Test
  void dropsWhatALaterWriteSawAndNothingElse() {
    // given: c writes knowing a's value only
    DottedVersionVectorSet base = only(sibling(A, 1));
    DottedVersionVectorSet written = base.discard(base.context()).add(sibling(C, 1));

    DottedVersionVectorSet joined = base.join(only(sibling(B, 1))).join(written);

    assertThat(joined.siblings()).containsExactly(sibling(B, 1), sibling(C, 1));
  }

  @Test
  void doesNotBringBackWhatWasDiscarded() {
    DottedVersionVectorSet old = only(sibling(A, 1));
    DottedVersionVectorSet emptied = old.discard(old.context());

    assertThat(emptied.join(old)).isEqualTo(emptied);
    assertThat(old.join(emptied).siblings()).isEmpty();
    assertThat(emptied.isEmpty()).isFalse();
  }

  @Test
  @DisplayName("shows one sibling an operation, and stores what is behind it")
  void oneOperationUnderTwoDots() {
    DottedVersionVectorSet both =
        only(sibling(B, 7, RETRIED)).join(only(sibling(A, 5, RETRIED))).join(only(sibling(C, 1)));

    assertThat(both.visible()).containsExactly(sibling(A, 5, RETRIED), sibling(C, 1));
    assertThat(both.siblings()).hasSize(3);
    assertThat(both.covers(new Dot(B, 7))).isTrue();
    assertThat(both.writtenBy(RETRIED)).isEqualTo(sibling(A, 5, RETRIED));
    assertThat(both.discard(both.context()).siblings()).isEmpty();
  }

  @Test
  @DisplayName("agrees in every order of messages when one of an operation's dots was superseded")
  void whyTheDuplicateStaysStored() {
    DottedVersionVectorSet x = only(sibling(A, 1, RETRIED));
    DottedVersionVectorSet y = only(sibling(B, 1, RETRIED));
    DottedVersionVectorSet z = x.discard(x.context()).add(sibling(C, 1));

    assertThat(x.join(y).join(z)).isEqualTo(x.join(z).join(y)).isEqualTo(z.join(y).join(x));
  }

  @Test
  @DisplayName("drops what another once held and does not hold, as asking of each would")
  void withoutMissingWalksBothOnce() {
    SplittableRandom random = new SplittableRandom(11);
    int dropped = 0;
    for (int i = 0; i < 2_000; i++) {
      DottedVersionVectorSet mine = drawn(random);
      DottedVersionVectorSet theirs = drawn(random);
      // What they do not hold they may have held: whatever has an even counter.
      Predicate<Dot> onceHeld = dot -> dot.counter() % 2 == 0;

      DottedVersionVectorSet kept = mine.withoutMissing(theirs, onceHeld);

      assertThat(kept.siblings())
          .isEqualTo(
              mine.siblings().stream()
                  .filter(each -> theirs.holds(each.dot()) || !onceHeld.test(each.dot()))
                  .toList());
      assertThat(kept.context()).isEqualTo(mine.context());
      assertThat(kept.siblings().size() < mine.siblings().size() || kept == mine).isTrue();
      dropped += mine.siblings().size() - kept.siblings().size();
    }
    assertThat(dropped).isGreaterThan(1_000);
  }

  private static DottedVersionVectorSet drawn(SplittableRandom random) {
    DottedVersionVectorSet drawn = DottedVersionVectorSet.EMPTY;
    for (Actor actor : new Actor[] {A, B, C}) {
      for (int counter = 1; counter <= 6; counter++) {
        if (random.nextInt(3) == 0) {
          drawn = drawn.add(sibling(actor, counter));
        }
      }
    }
    return drawn;
  }

  @Test
  void refusesADotThatWasSpentBefore() {
    DottedVersionVectorSet set = only(sibling(A, 5));

    assertThatThrownBy(() -> set.add(sibling(A, 4)))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("has used it before");
  }

  @Test
  void refusesOneDotWithTwoValues() {
    Sibling other =
        new Sibling(
            new Dot(A, 5), new HybridTimestamp(1, 0), null, ByteString.copyFromUtf8("forged"));

    assertThatThrownBy(() -> only(sibling(A, 5)).join(only(other)))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("share one identity");
  }

  @Test
  void tellsATombstoneFromAnEmptyValue() {
    Sibling tombstone = new Sibling(new Dot(A, 1), new HybridTimestamp(1, 0), null, null);
    Sibling empty = new Sibling(new Dot(B, 1), new HybridTimestamp(1, 0), null, ByteString.EMPTY);

    assertThat(only(tombstone).hasValue()).isFalse();
    assertThat(only(empty).hasValue()).isTrue();
    DottedVersionVectorSet both = only(tombstone).join(only(empty));
    assertThat(DottedVersionVectorSet.fromProto(both.toProto())).isEqualTo(both);
  }

  @Test
  void readsOnlyTheCanonicalForm() {
    StoredValue good = only(sibling(A, 1)).join(only(sibling(B, 1))).toProto();

    StoredValue swapped =
        good.toBuilder()
            .setSiblings(0, good.getSiblings(1))
            .setSiblings(1, good.getSiblings(0))
            .build();
    StoredValue twice = good.toBuilder().addSiblings(good.getSiblings(1)).build();
    StoredValue uncovered = good.toBuilder().clearContext().build();

    for (StoredValue bad : new StoredValue[] {swapped, twice, uncovered}) {
      assertThatThrownBy(() -> DottedVersionVectorSet.fromProto(bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
