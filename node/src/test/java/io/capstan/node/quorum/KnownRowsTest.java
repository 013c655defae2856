package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.StoredValue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Rows that were decoded lately")
final class KnownRowsTest {
  private static final Actor N1 = new Actor("n1", 7);
  private static final Actor N2 = new Actor("n2", 8);
  private static final ByteString KEY = ByteString.copyFromUtf8("key");

  private final KnownRows known = new KnownRows();

  private static DottedVersionVectorSet row(Actor actor, long counter) {
    return DottedVersionVectorSet.EMPTY.add(
        new Sibling(
            new Dot(actor, counter),
            new HybridTimestamp(5, 0),
            null,
            ByteString.copyFromUtf8("v" + counter)));
  }

  private static VersionVector covering(Actor actor, long counter) {
    return VersionVector.EMPTY.with(new Dot(actor, counter));
  }

  @Test
  @DisplayName("mean what decoding them anew would say, also once the clock has gone on")
  void followTheBases() {
    StoredValue stored = row(N1, 2).toStored(VersionVector.EMPTY);
    for (VersionVector bases :
        new VersionVector[] {
          VersionVector.EMPTY, covering(N2, 4), covering(N2, 4).with(new Dot(N1, 9))
        }) {
      assertThat(known.whole(KEY, stored, bases))
          .isEqualTo(DottedVersionVectorSet.fromStored(stored, bases));
    }
  }

  @Test
  @DisplayName("as stored here gain what the clock covers by the time that they are read")
  void storedOnesAreFilledToo() {
    VersionVector bases = covering(N2, 4);
    DottedVersionVectorSet whole = row(N1, 2);
    StoredValue stored = whole.toStored(bases);
    known.stored(KEY, stored, whole);
    assertThat(known.whole(KEY, stored, bases))
        .isEqualTo(DottedVersionVectorSet.fromStored(stored, bases));
  }

  @Test
  @DisplayName("are never taken for another row of the key, nor for the same row of another key")
  void areNotMixedUp() {
    StoredValue first = row(N1, 2).toStored(VersionVector.EMPTY);
    StoredValue second = row(N1, 3).toStored(VersionVector.EMPTY);
    known.whole(KEY, first, VersionVector.EMPTY);
    assertThat(known.whole(KEY, second, VersionVector.EMPTY)).isEqualTo(row(N1, 3));
    ByteString sameSlot = otherKeyInTheSlotOf(KEY);
    known.stored(sameSlot, first, row(N1, 2));
    assertThat(known.whole(KEY, first, VersionVector.EMPTY)).isEqualTo(row(N1, 2));
    assertThat(known.whole(sameSlot, second, VersionVector.EMPTY)).isEqualTo(row(N1, 3));
  }

  private static ByteString otherKeyInTheSlotOf(ByteString key) {
    for (int i = 0; ; i++) {
      ByteString other = ByteString.copyFromUtf8("other" + i);
      if (KnownRows.slotOf(other) == KnownRows.slotOf(key)) {
        return other;
      }
    }
  }
}
