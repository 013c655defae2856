package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The stored form that was read is passed on as it is")
final class PassedOnFormTest {
  private static final UnknownFieldSet LATER =
      UnknownFieldSet.newBuilder()
          .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
          .build();

  private final StoredValue row =
      DottedVersionVectorSet.EMPTY
          .add(
              new Sibling(
                  new Dot(new Actor("n1", 7), 2),
                  new HybridTimestamp(5, 1),
                  null,
                  ByteString.copyFromUtf8("value")))
          .toProto();

  private static StoredValue passedOn(StoredValue received) {
    return DottedVersionVectorSet.fromProto(received).toProto();
  }

  @Test
  @DisplayName("where it is what this version would write")
  void sameObjects() {
    assertThat(passedOn(row)).isEqualTo(row);
    assertThat(passedOn(row).getSiblings(0)).isSameAs(row.getSiblings(0));
    assertThat(passedOn(row).getContext()).isSameAs(row.getContext());
  }

  @Test
  @DisplayName("but not what a later version has added, or equal rows would be other bytes")
  void withoutUnknownFields() {
    StoredSibling plain = row.getSiblings(0);
    StoredSibling sibling =
        plain.toBuilder()
            .setUnknownFields(LATER)
            .setWrittenAt(plain.getWrittenAt().toBuilder().setUnknownFields(LATER))
            .setDot(
                plain.getDot().toBuilder()
                    .setActor(plain.getDot().getActor().toBuilder().setUnknownFields(LATER)))
            .build();
    assertThat(passedOn(row.toBuilder().setSiblings(0, sibling).build())).isEqualTo(row);
    var context = row.getContext();
    var entry = context.getEntries(0).toBuilder();
    entry.setActor(entry.getActor().toBuilder().setUnknownFields(LATER));
    assertThat(
            passedOn(row.toBuilder().setContext(context.toBuilder().setEntries(0, entry)).build()))
        .isEqualTo(row);
  }

  @Test
  @DisplayName("and a time that was left out because it is zero is written out")
  void inCanonicalForm() {
    StoredSibling timeless = row.getSiblings(0).toBuilder().clearWrittenAt().build();
    StoredSibling written =
        passedOn(row.toBuilder().setSiblings(0, timeless).build()).getSiblings(0);
    assertThat(written.hasWrittenAt()).isTrue();
  }
}
