package io.capstan.node.type;

import static io.capstan.node.type.TypedReplica.operation;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A set")
final class SetsTest {

  private final TypedReplica a = new TypedReplica("a");
  private final TypedReplica b = new TypedReplica("b");

  private void exchange() {
    a.takes(b);
    b.takes(a);
    assertThat(a.held()).isEqualTo(b.held());
  }

  @Test
  @DisplayName("keeps additions of both sides")
  void keepsBoth() {
    a.setAdd(operation(1, 1), "x");
    b.setAdd(operation(2, 1), "y");
    exchange();
    assertThat(a.elements()).containsExactly("x", "y");
  }

  @Test
  @DisplayName("shows each element once, in ascending order of its bytes")
  void order() {
    long sequence = 0;
    for (String element : new String[] {"z", "b", "\u00e9", "", "ab", "a"}) {
      a.setAdd(operation(1, ++sequence), element);
    }
    b.setAdd(operation(2, 1), "b");
    exchange();
    assertThat(a.elements()).containsExactly("", "a", "ab", "b", "z", "\u00e9");
  }

  @Test
  @DisplayName("removes what was seen; an addition at the same time elsewhere stays")
  void additionWins() {
    a.setAdd(operation(1, 1), "x");
    exchange();
    a.setRemove(operation(1, 2), "x");
    b.setAdd(operation(2, 1), "x");
    exchange();
    assertThat(a.elements()).containsExactly("x");
    b.setRemove(operation(2, 2), "x");
    exchange();
    assertThat(a.elements()).isEmpty();
  }

  @Test
  @DisplayName(
      "does not take a retry for a new addition, also where the element was replaced since")
  void retryOfAReplacedAddition() {
    a.setAdd(operation(1, 1), "x");
    a.setAdd(operation(2, 1), "x");
    a.setRemove(operation(2, 2), "x");
    assertThat(a.setAdd(operation(1, 1), "x")).isInstanceOf(TypedChange.Repeated.class);
    assertThat(a.elements()).isEmpty();
  }

  @Test
  @DisplayName("takes away the second dot of a removed addition with the next write")
  void deadAdditionsLeave() {
    a.setAdd(operation(1, 1), "x");
    b.setAdd(operation(1, 1), "x");
    a.setRemove(operation(1, 2), "x");
    exchange();
    assertThat(a.elements()).isEmpty();
    assertThat(a.held().siblings()).hasSize(2);
    b.setAdd(operation(1, 3), "y");
    assertThat(b.held().siblings()).as("the marks of a, and y").hasSize(2);
  }

  @Test
  @DisplayName(
      "has no tombstones: 10,000 additions and removals on two nodes leave their marks only")
  void noTombstones() {
    for (int i = 1; i <= 10_000; i++) {
      TypedReplica one = i % 2 == 0 ? a : b;
      one.setAdd(operation(1, 2L * i), "e" + i);
      TypedReplica other = i % 3 == 0 ? a : b;
      other.takes(one);
      other.setRemove(operation(1, 2L * i + 1), "e" + i);
      one.takes(other);
    }
    exchange();
    assertThat(a.elements()).isEmpty();
    assertThat(a.held().siblings()).hasSize(2);
    assertThat(a.held().toProto().getSerializedSize()).isLessThan(3_000);
  }

  @Test
  @DisplayName("is bounded in elements")
  void bounded() {
    for (int i = 0; i < 300; i++) {
      a.setAdd(null, "e".repeat(TypeLimits.SET_ELEMENT_SIZE_MAX_BYTES - 4) + (1_000 + i));
    }
    assertThat(a.elements()).hasSize(TypeLimits.SET_SIZE_MAX_BYTES / 4_096);
    assertThat(a.setAdd(null, "e".repeat(4_096)))
        .isEqualTo(new TypedChange.Full(TypedChange.Limit.SET_SIZE));
  }
}
