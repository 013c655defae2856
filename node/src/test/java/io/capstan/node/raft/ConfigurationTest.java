package io.capstan.node.raft;

import static io.capstan.node.raft.Configuration.Vote.GRANTED;
import static io.capstan.node.raft.Configuration.Vote.REFUSED;
import static io.capstan.node.raft.Configuration.Vote.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.raft.Configuration.Tally;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ConfigurationTest {

  @Test
  void theQuorumValueIsWhatAMajorityHasReached() {
    assertThat(quorumOf(Map.of("a", 5L))).isEqualTo(5);
    assertThat(quorumOf(Map.of("a", 5L, "b", 3L))).isEqualTo(3);
    assertThat(quorumOf(Map.of("a", 5L, "b", 3L, "c", 1L))).isEqualTo(3);
    assertThat(quorumOf(Map.of("a", 5L, "b", 4L, "c", 3L, "d", 1L))).isEqualTo(3);
    assertThat(quorumOf(Map.of("a", 9L, "b", 4L, "c", 3L, "d", 1L, "e", 8L))).isEqualTo(4);
  }

  private static long quorumOf(Map<String, Long> values) {
    return Configuration.ofVoters(values.keySet()).quorumValue(values::get);
  }

  @Test
  void aJointConfigurationNeedsBothMajorities() {
    Configuration joint = new Configuration(set("a", "b", "c"), set("c", "d", "e"), set());
    Map<String, Long> values = Map.of("a", 9L, "b", 9L, "c", 2L, "d", 5L, "e", 4L);

    assertThat(joint.quorumValue(values::get)).isEqualTo(4);
    assertThat(joint.isQuorum(set("a", "b", "d")::contains)).isFalse();
    assertThat(joint.isQuorum(set("a", "c", "d")::contains)).isTrue();
    assertThat(joint.members()).containsExactly("a", "b", "c", "d", "e");
    assertThat(joint.isSoleVoter("a")).isFalse();
  }

  @Test
  void nobodyDecidesNothing() {
    Configuration empty = Configuration.ofVoters();

    assertThat(empty.quorumValue(id -> 7)).isEqualTo(Long.MIN_VALUE);
    assertThat(empty.isQuorum(id -> true)).isFalse();
    assertThat(empty.tally(id -> GRANTED)).isEqualTo(Tally.LOST);
  }

  @Test
  void learnersHaveNoVote() {
    Configuration configuration = new Configuration(set("a", "b", "c"), set(), set("l", "m"));

    assertThat(configuration.isQuorum(set("a", "l", "m")::contains)).isFalse();
    assertThat(configuration.isVoter("l")).isFalse();
    assertThat(configuration.members()).contains("l", "m");
    assertThatThrownBy(() -> new Configuration(set("a"), set(), set("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a cannot be voter and learner");
    assertThatThrownBy(() -> new Configuration(set(), set("a"), set()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anElectionIsLostOnlyWhenYesHasBecomeImpossible() {
    Configuration five = Configuration.ofVoters("a", "b", "c", "d", "e");

    assertThat(five.tally(id -> id.compareTo("c") <= 0 ? GRANTED : REFUSED)).isEqualTo(Tally.WON);
    assertThat(five.tally(id -> id.compareTo("c") < 0 ? GRANTED : UNKNOWN))
        .isEqualTo(Tally.PENDING);
    assertThat(five.tally(id -> id.compareTo("c") < 0 ? REFUSED : UNKNOWN))
        .isEqualTo(Tally.PENDING);
    assertThat(five.tally(id -> id.compareTo("c") <= 0 ? REFUSED : UNKNOWN)).isEqualTo(Tally.LOST);
    Configuration four = Configuration.ofVoters("a", "b", "c", "d");
    assertThat(four.tally(id -> id.compareTo("c") < 0 ? REFUSED : GRANTED)).isEqualTo(Tally.LOST);
  }

  /** The property that Raft stands on, for random configurations: two quorums share a voter. */
  @Test
  void anyTwoQuorumsIntersect() {
    SplittableRandom random = new SplittableRandom(1);
    int pairs = 0;
    for (int round = 0; round < 20_000; round++) {
      Configuration configuration =
          new Configuration(randomSet(random, 1), randomSet(random, 0), set());
      Set<String> one = randomSet(random, 0);
      Set<String> other = randomSet(random, 0);
      if (configuration.isQuorum(one::contains) && configuration.isQuorum(other::contains)) {
        pairs++;
        assertThat(one).as("quorums of %s", configuration).containsAnyElementsOf(other);
      }
    }
    assertThat(pairs).isGreaterThan(500);
  }

  @Test
  void theQuorumValueAgreesWithCounting() {
    SplittableRandom random = new SplittableRandom(2);
    for (int round = 0; round < 5_000; round++) {
      Configuration configuration =
          new Configuration(randomSet(random, 1), randomSet(random, 0), set());
      Map<String, Long> values = new TreeMap<>();
      configuration.members().forEach(id -> values.put(id, random.nextLong(6)));

      long quorumValue = configuration.quorumValue(values::get);

      assertThat(configuration.isQuorum(id -> values.get(id) >= quorumValue)).isTrue();
      assertThat(configuration.isQuorum(id -> values.get(id) >= quorumValue + 1)).isFalse();
    }
  }

  private static SortedSet<String> randomSet(SplittableRandom random, int least) {
    TreeSet<String> ids = new TreeSet<>();
    while (ids.size() < least || random.nextInt(4) != 0) {
      ids.add(String.valueOf((char) ('a' + random.nextInt(7))));
    }
    return ids;
  }

  private static SortedSet<String> set(String... ids) {
    return new TreeSet<>(Set.of(ids));
  }
}
