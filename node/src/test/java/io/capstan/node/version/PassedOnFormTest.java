package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.store.v1.SupersededOperations;
import java.util.List;
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

  private static Sibling write(long counter, long session, long sequence) {
    return new Sibling(
        new Dot(new Actor("n1", 7), counter),
        new HybridTimestamp(counter, 0),
        OperationId.newBuilder().setSession(session).setSequence(sequence).build(),
        ByteString.copyFromUtf8("v" + counter));
  }

  /** Three writes of two sessions, two of them replaced. */
  private static StoredValue replaced() {
    DottedVersionVectorSet row = DottedVersionVectorSet.EMPTY;
    for (Sibling next : List.of(write(1, 8, 1), write(2, 5, 1), write(3, 5, 2))) {
      row = row.supersede(row.context()).add(next);
    }
    return row.toProto();
  }

  @Test
  @DisplayName("with the operations that it remembers, where they are in order")
  void operations() {
    StoredValue stored = replaced();

    assertThat(passedOn(stored)).isEqualTo(stored);
    assertThat(passedOn(stored).getSupersededOperations())
        .isSameAs(stored.getSupersededOperations());
  }

  @Test
  @DisplayName("but not operations in another order, or with what a later version has added")
  void operationsInCanonicalForm() {
    StoredValue stored = replaced();
    var operations = stored.getSupersededOperations();
    List<SupersededOperations.Session> turned =
        List.of(operations.getSessions(1), operations.getSessions(0));
    var otherOrder = operations.toBuilder().clearSessions().addAllSessions(turned);
    var first = operations.getSessions(0);
    var later =
        operations.toBuilder().setSessions(0, first.toBuilder().setUnknownFields(LATER).build());
    var empty =
        operations.toBuilder().addSessions(SupersededOperations.Session.newBuilder().setSession(9));

    for (var odd : List.of(otherOrder, later, empty)) {
      StoredValue received = stored.toBuilder().setSupersededOperations(odd).build();
      assertThat(passedOn(received)).isEqualTo(stored);
    }
  }
}
