package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.CounterIncrement;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.TypedValue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The hash of a row in canonical form")
final class RowHashTest {
  private static final Actor N1 = new Actor("n1", 7);
  private static final Actor N2 = new Actor("n2", 7);
  private static final ByteString KEY = ByteString.copyFromUtf8("key");

  private static Sibling sibling(Actor actor, long counter, @Nullable String value) {
    return new Sibling(
        new Dot(actor, counter),
        new HybridTimestamp(1_000, 0),
        OperationId.newBuilder().setSession(5).setSequence(counter).build(),
        value == null ? null : ByteString.copyFromUtf8(value));
  }

  private static DottedVersionVectorSet row(Sibling... siblings) {
    DottedVersionVectorSet row = DottedVersionVectorSet.EMPTY;
    for (Sibling each : siblings) {
      row = row.add(each);
    }
    return row;
  }

  private static RowHash hash(Sibling... siblings) {
    return RowHash.of(KEY, row(siblings));
  }

  @Test
  @DisplayName("minds neither contexts nor tombstones, which replicas drop at different moments")
  void leavesOutWhatReplicasDrop() {
    DottedVersionVectorSet plain = row(sibling(N1, 2, "a"));
    DottedVersionVectorSet knowing = plain.knowing(VersionVector.EMPTY.with(new Dot(N2, 90)));
    assertThat(RowHash.of(KEY, knowing)).isEqualTo(RowHash.of(KEY, plain));
    assertThat(hash(sibling(N1, 2, "a"), sibling(N2, 1, null))).isEqualTo(RowHash.of(KEY, plain));
    assertThat(hash(sibling(N2, 1, null))).isEqualTo(RowHash.ZERO).isEqualTo(hash());
  }

  @Test
  @DisplayName("tells apart key, dot, time, operation, value, type and the number of siblings")
  void tellsRowsApart() {
    Sibling base = sibling(N1, 2, "a");
    RowHash expected = hash(base);
    assertThat(RowHash.of(ByteString.copyFromUtf8("other"), row(base))).isNotEqualTo(expected);
    assertThat(hash(sibling(N1, 3, "a"))).isNotEqualTo(expected);
    assertThat(hash(sibling(N2, 2, "a"))).isNotEqualTo(expected);
    assertThat(hash(sibling(N1, 2, "b"))).isNotEqualTo(expected);
    assertThat(hash(base, sibling(N2, 1, "a"))).isNotEqualTo(expected);
    assertThat(hash(new Sibling(base.dot(), base.writtenAt(), null, base.value())))
        .isNotEqualTo(expected);
    assertThat(
            hash(
                new Sibling(
                    base.dot(), base.writtenAt().successor(), base.operation(), base.value())))
        .isNotEqualTo(expected);
    TypedValue typed =
        TypedValue.newBuilder()
            .setCounterIncrement(CounterIncrement.newBuilder().setDelta(1))
            .build();
    ByteString sameBytes = typed.toByteString();
    assertThat(hash(new Sibling(base.dot(), base.writtenAt(), base.operation(), null, typed)))
        .isNotEqualTo(hash(new Sibling(base.dot(), base.writtenAt(), base.operation(), sameBytes)));
  }

  @Test
  @DisplayName("is the sum of its siblings, each worked out once: a set pays for what changes")
  void sumsSiblings() {
    Sibling one = sibling(N1, 2, "a");
    Sibling two = sibling(N2, 1, "b");
    assertThat(hash(one, two)).isEqualTo(hash(one).xor(hash(two)));
    assertThat(one.hash(KEY)).isSameAs(one.hash(KEY)).isEqualTo(hash(one));
    ByteString other = ByteString.copyFromUtf8("other");
    assertThat(one.hash(other)).isEqualTo(RowHash.of(other, row(one))).isNotEqualTo(hash(one));
  }

  @Test
  @DisplayName("is the same in every version, which compare theirs: short rows and long ones")
  void staysWhatItIs() {
    Sibling timed =
        new Sibling(
            new Dot(N1, 2),
            new HybridTimestamp(1_000, 3),
            OperationId.newBuilder().setSession(5).setSequence(2).build(),
            ByteString.copyFromUtf8("a"));
    assertThat(RowHash.of(KEY, row(timed))).hasToString("e33fb9ea657c8920442bf97f63422067");
    Sibling large =
        new Sibling(
            new Dot(N2, 1), HybridTimestamp.ZERO, null, ByteString.copyFromUtf8("v".repeat(490)));
    assertThat(RowHash.of(ByteString.copyFromUtf8("k".repeat(700)), row(timed, large)))
        .hasToString("84754900f594ceb76a190a701329f7f2");
  }

  @Test
  @DisplayName("leaves a sum as it entered, and survives its way over the wire")
  void sumsAndTravels() {
    RowHash one = hash(sibling(N1, 1, "a"));
    RowHash two = hash(sibling(N1, 2, "b"));
    assertThat(one.xor(two).xor(one)).isEqualTo(two);
    assertThat(RowHash.fromBytes(one.toBytes())).isEqualTo(one);
    assertThatThrownBy(() -> RowHash.fromBytes(ByteString.copyFromUtf8("short")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @DisplayName("is the same on every machine and in every version")
  void isStable() {
    assertThat(hash(sibling(N1, 1, "a")).toString()).isEqualTo("18ae26f3443f9892e928158c7c7996d6");
  }
}
