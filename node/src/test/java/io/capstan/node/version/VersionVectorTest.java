package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A version vector")
class VersionVectorTest {

  private static VersionVector any(Random random) {
    VersionVector vector = VersionVector.EMPTY;
    for (int i = random.nextInt(6); i > 0; i--) {
      vector =
          vector.with(
              new Dot(
                  new Actor("n" + random.nextInt(4), random.nextInt(2)), 1 + random.nextInt(5)));
    }
    return vector;
  }

  @Test
  void joinIsTheSmallestThatCoversBoth() {
    Random random = new Random(11);
    for (int i = 0; i < 5_000; i++) {
      VersionVector x = any(random);
      VersionVector y = any(random);
      VersionVector z = any(random);
      VersionVector joined = x.join(y);

      assertThat(joined).isEqualTo(y.join(x));
      assertThat(joined.join(z)).isEqualTo(x.join(y.join(z)));
      assertThat(joined.covers(x) && joined.covers(y)).isTrue();
      assertThat(x.covers(y)).isEqualTo(joined.equals(x));
      for (int at = 0; at < joined.size(); at++) {
        Actor actor = joined.actor(at);
        assertThat(joined.counter(at)).isEqualTo(Math.max(x.counterOf(actor), y.counterOf(actor)));
      }
      assertThat(VersionVector.fromProto(joined.toProto())).isEqualTo(joined);
    }
  }

  @Test
  void refusesEntriesOutOfOrder() {
    VersionVector two =
        VersionVector.EMPTY.with(new Dot(new Actor("a", 1), 1)).with(new Dot(new Actor("b", 1), 1));
    var stored = two.toProto();
    var swapped =
        stored.toBuilder()
            .setEntries(0, stored.getEntries(1))
            .setEntries(1, stored.getEntries(0))
            .build();

    assertThatThrownBy(() -> VersionVector.fromProto(swapped))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
