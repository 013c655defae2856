package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A dot")
class DotTest {

  @Test
  void hasATextFormThatReadsBack() {
    Dot dot = new Dot(new Actor("node.with.points", -1), 17);

    assertThat(dot).hasToString("node.with.points.ffffffffffffffff:17");
    assertThat(Dot.parse(dot.toString())).isEqualTo(dot);
    assertThat(Dot.fromProto(dot.toProto())).isEqualTo(dot);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "17", "n1:17", "n1.zz:17", ".1:17", "n1.1:", "n1.1:0", "n1.1:-3"})
  void saysWhatAVersionLooksLikeWhenItIsNone(String text) {
    assertThatThrownBy(() -> Dot.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void isOrderedByActorThenCounterAndIncarnationsAreUnsigned() {
    Dot first = new Dot(new Actor("a", 1), 9);
    Dot second = new Dot(new Actor("a", -1), 1);
    Dot third = new Dot(new Actor("b", 0), 1);

    assertThat(first).isLessThan(second);
    assertThat(second).isLessThan(third);
    assertThat(new Dot(first.actor(), 10)).isGreaterThan(first);
  }

  @Test
  void isTheSameWriteOnlyOfTheSameActorAndCounter() {
    Dot dot = new Dot(new Actor("a", 1), 9);

    assertThat(new Dot(new Actor("a", 1), 9)).isEqualTo(dot).hasSameHashCodeAs(dot);
    assertThat(new Dot(new Actor("a", 1), 8)).isNotEqualTo(dot);
    assertThat(new Dot(new Actor("a", 2), 9)).isNotEqualTo(dot);
    assertThat(dot).isNotEqualTo("a.1:9");
  }
}
