package io.capstan.node.quorum;

import static io.capstan.node.quorum.TypedRequests.add;
import static io.capstan.node.quorum.TypedRequests.members;
import static io.capstan.node.quorum.TypedRequests.operation;
import static io.capstan.node.quorum.TypedRequests.setAdd;
import static io.capstan.node.quorum.TypedRequests.setRemove;
import static io.capstan.node.quorum.TypedRequests.value;
import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.type.TypeLimits;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Counters and sets")
final class TypeStoriesTest {

  private static final long LONG_ENOUGH_MILLIS = 3_000;

  private final TestCluster cluster = TestCluster.of(3);

  private long counted(String node, String key) {
    return cluster.ask(node, value(key, LEVEL_ONE)).receipt().getCounter();
  }

  private List<String> membersAt(String node, String key) {
    return cluster.ask(node, members(key, LEVEL_ONE)).receipt().getMembersList().stream()
        .map(ByteString::toStringUtf8)
        .toList();
  }

  @Test
  @DisplayName("double-counted increment on retry: sent to both sides of a partition, counted once")
  void doubleCountedIncrementOnRetry() {
    // given an increment that one side took in, and whose answer the client never got
    cluster.partition("n1|n2,n3");
    cluster.ask("n1", add("likes", 5, LEVEL_ONE, operation(1, 1)));
    // when the client sends it again through the other side
    Call again = cluster.ask("n2", add("likes", 5, LEVEL_ONE, operation(1, 1)));
    assertThat(again.receipt().getCounter()).isEqualTo(5);
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    // then it counts once, everywhere
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(counted(node, "likes")).as(node).isEqualTo(5);
    }
    // and the owner of the second copy takes it away once the counter is used there
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.held("n3", "likes").siblings().stream().filter(s -> s.operation() != null))
        .hasSize(1);
  }

  @Test
  @DisplayName("increments of both sides of a partition add up")
  void bothSidesAddUp() {
    cluster.partition("n1|n2,n3");
    cluster.ask("n1", add("likes", 5, LEVEL_ONE, operation(1, 1)));
    cluster.ask("n2", add("likes", -2, LEVEL_ONE, operation(2, 1)));
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.ask("n3", value("likes", LEVEL_QUORUM)).receipt().getCounter()).isEqualTo(3);
  }

  @Test
  @DisplayName("a counter keeps its row small once every replica has its increments")
  void foldingKeepsTheRowSmall() {
    for (int i = 1; i <= 500; i++) {
      String node = "n" + (1 + i % 3);
      cluster.ask(node, add("likes", i, LEVEL_QUORUM, operation(1 + i % 7, i)));
      if (i % 50 == 0) {
        cluster.advance(LONG_ENOUGH_MILLIS);
      }
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(counted(node, "likes")).as(node).isEqualTo(500 * 501 / 2);
      assertThat(cluster.held(node, "likes").siblings())
          .as("a base each, and a few increments")
          .hasSizeLessThan(3 * (1 + TypeLimits.COUNTER_FOLD_MIN));
    }
  }

  @Test
  @DisplayName("a retry after the increment was folded is answered OK and not executed")
  void retryAfterFolding() {
    for (int i = 1; i <= 10; i++) {
      cluster.ask("n1", add("likes", 1, LEVEL_ALL, operation(1, i)));
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.held("n2", "likes").siblings()).hasSize(1);
    // when the client repeats one of them through another node
    Call again = cluster.ask("n2", add("likes", 1, LEVEL_QUORUM, operation(1, 3)));
    // then
    assertThat(again.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    assertThat(again.receipt().getCounter()).isEqualTo(10);
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(counted("n3", "likes")).isEqualTo(10);
  }

  @Test
  @DisplayName("a retry beyond what is remembered is answered UNKNOWN and not executed")
  void retryBeyondTheWindow() {
    int operations = TypeLimits.MARKED_OPERATIONS_MAX + 20;
    for (int i = 1; i <= operations; i++) {
      cluster.ask("n1", add("likes", 1, LEVEL_ALL, operation(1, i)));
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    Call again = cluster.ask("n2", add("likes", 1, LEVEL_QUORUM, operation(1, 3)));
    assertThat(again.error().getCode()).isEqualTo("BEYOND_WINDOW");
    assertThat(again.error().getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(counted("n2", "likes")).isEqualTo(operations);
  }

  @Test
  @DisplayName("nothing is folded while a replica cannot be reached, and that is bounded")
  void foldingWaitsForEveryReplica() {
    cluster.partition("n3|n1,n2");
    for (int i = 1; i <= TypeLimits.COUNTER_UNFOLDED_MAX; i++) {
      cluster.ask("n1", add("likes", 1, LEVEL_ONE, operation(1, i)));
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.held("n1", "likes").siblings()).hasSize(TypeLimits.COUNTER_UNFOLDED_MAX);
    // when there is one more
    Call refused = cluster.ask("n1", add("likes", 1, LEVEL_ONE, operation(2, 1)));
    // then it is refused, in words that name who is missing; the other node still takes some
    assertThat(refused.error().getCode()).isEqualTo("RESOURCE_EXHAUSTED");
    assertThat(refused.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(refused.error().getMessage()).contains("n3");
    assertThat(cluster.ask("n2", add("likes", 1, LEVEL_ONE, operation(2, 1))).isOk()).isTrue();
    // and after the heal everything is folded
    cluster.heal();
    cluster.advance(2 * LONG_ENOUGH_MILLIS);
    assertThat(counted("n3", "likes")).isEqualTo(TypeLimits.COUNTER_UNFOLDED_MAX + 1);
    assertThat(cluster.held("n3", "likes").siblings()).hasSizeLessThan(4);
  }

  @Test
  @DisplayName("nor before its own node has seen all that those replicas have")
  void foldingWaitsForItsOwnNode() {
    // given n2 has every increment of n1, and n1 nothing that n2 wrote since
    TestCluster two = TestCluster.of(2);
    two.cut("n2", "n1");
    for (int i = 1; i <= 10; i++) {
      two.ask("n1", add("likes", 1, LEVEL_ONE, operation(1, i)));
    }
    two.put("n2", "other", "x", LEVEL_ONE);
    two.lose(envelope -> !envelope.message().hasClockExchange());
    two.heal();
    two.lose(envelope -> !envelope.message().hasClockExchange());
    // when only clocks arrive
    two.advance(1_200);
    assertThat(two.held("n1", "likes").siblings()).hasSize(10);
    // then it folds once the rest has come
    two.heal();
    two.advance(LONG_ENOUGH_MILLIS);
    assertThat(two.held("n1", "likes").siblings()).hasSize(1);
  }

  @Test
  @DisplayName("an increment without an operation id goes into the base at once")
  void withoutOperationId() {
    for (int i = 0; i < 100; i++) {
      cluster.ask("n1", add("likes", 1, LEVEL_ONE, operation(0, 0)));
    }
    assertThat(cluster.held("n1", "likes").siblings()).hasSize(1);
    assertThat(counted("n2", "likes")).isEqualTo(100);
  }

  @Test
  @DisplayName("a counter does not leave the range of 64 bits")
  void counterRange() {
    cluster.ask("n1", add("likes", Long.MAX_VALUE, LEVEL_ONE, operation(1, 1)));
    Call refused = cluster.ask("n1", add("likes", 1, LEVEL_ONE, operation(1, 2)));
    assertThat(refused.error().getCode()).isEqualTo("INVALID_ARGUMENT");
    assertThat(cluster.ask("n1", add("likes", -1, LEVEL_ONE, operation(1, 3))).isOk()).isTrue();
    assertThat(counted("n1", "likes")).isEqualTo(Long.MAX_VALUE - 1);
  }

  @Test
  @DisplayName("set add lost to last-write-wins: concurrent additions on both sides survive")
  void setAddLostToLastWriteWins() {
    cluster.partition("n1|n2,n3");
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ONE, operation(1, 1)));
    cluster.ask("n2", setAdd("cart", "eggs", LEVEL_ONE, operation(2, 1)));
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(membersAt(node, "cart")).as(node).containsExactly("eggs", "milk");
    }
  }

  @Test
  @DisplayName("observed remove and concurrent add: the addition wins")
  void additionWins() {
    // given
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ALL, operation(1, 1)));
    // when one side removes it while the other one adds it again
    cluster.partition("n1|n2,n3");
    cluster.ask("n1", setRemove("cart", "milk", LEVEL_ONE, operation(1, 2)));
    assertThat(membersAt("n1", "cart")).isEmpty();
    cluster.ask("n2", setAdd("cart", "milk", LEVEL_ONE, operation(2, 1)));
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    // then
    assertThat(membersAt("n1", "cart")).containsExactly("milk");
    assertThat(membersAt("n3", "cart")).containsExactly("milk");
  }

  @Test
  @DisplayName("the answer to a write of a set tells what was written, and no members")
  void answersToWritesHaveNoMembers() {
    for (String element : List.of("a", "b")) {
      Receipt added =
          cluster
              .ask("n1", setAdd("s", element, LEVEL_QUORUM, operation(1, 1 + element.charAt(0))))
              .receipt();
      assertThat(added.getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
      assertThat(added.getType()).isEqualTo("set");
      assertThat(added.getFound()).isTrue();
      assertThat(added.getVersion()).startsWith("n1.");
      assertThat(added.getSeenList()).isNotEmpty();
      assertThat(added.getMembersList()).isEmpty();
      assertThat(added.getSiblingsList()).isEmpty();
      assertThat(added.getValue().isEmpty()).isTrue();
    }
    Receipt read = cluster.ask("n2", members("s", LEVEL_QUORUM)).receipt();
    assertThat(read.getMembersList()).extracting(m -> m.toStringUtf8()).containsExactly("a", "b");
  }

  @Test
  @DisplayName("a removal reaches a replica that was away, by anti-entropy alone")
  void removalReachesEverybody() {
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ALL, operation(1, 1)));
    cluster.partition("n3|n1,n2");
    Call removed = cluster.ask("n1", setRemove("cart", "milk", LEVEL_QUORUM, operation(1, 2)));
    assertThat(removed.receipt().getSupersededCount()).isEqualTo(1);
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(membersAt("n3", "cart")).isEmpty();
    assertThat(cluster.ask("n3", members("cart", LEVEL_ONE)).receipt().getFound())
        .as("an emptied set is a set still")
        .isTrue();
  }

  @Test
  @DisplayName("a retried addition does not bring back what was removed since")
  void retriedAdditionAfterRemoval() {
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ALL, operation(1, 1)));
    cluster.ask("n2", setRemove("cart", "milk", LEVEL_ALL, operation(2, 1)));
    Call again = cluster.ask("n3", setAdd("cart", "milk", LEVEL_QUORUM, operation(1, 1)));
    assertThat(again.isOk()).isTrue();
    assertThat(membersAt("n3", "cart")).isEmpty();
  }

  @Test
  @DisplayName("nor does one that another side of a partition executed a second time, unseen")
  void secondDotOfARemovedAddition() {
    // given an addition that n1 took in, and that n2 removed
    cluster.partition("n3|n1,n2");
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ONE, operation(1, 1)));
    cluster.ask("n2", setRemove("cart", "milk", LEVEL_ONE, operation(2, 1)));
    // and that the client repeated at n3, which knew nothing of either
    cluster.ask("n3", setAdd("cart", "milk", LEVEL_ONE, operation(1, 1)));
    // when
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    // then the one operation was removed once
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(membersAt(node, "cart")).as(node).isEmpty();
    }
  }

  @Test
  @DisplayName("a retried removal does not remove what was added since")
  void retriedRemoval() {
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ALL, operation(1, 1)));
    cluster.ask("n1", setRemove("cart", "milk", LEVEL_ALL, operation(1, 2)));
    cluster.ask("n2", setAdd("cart", "milk", LEVEL_ALL, operation(2, 1)));
    cluster.ask("n3", setRemove("cart", "milk", LEVEL_ALL, operation(1, 2)));
    assertThat(membersAt("n3", "cart")).containsExactly("milk");
  }

  @Test
  @DisplayName("a key of one type is not used as another")
  void wrongType() {
    cluster.ask("n1", add("likes", 5, LEVEL_ALL, operation(1, 1)));
    cluster.ask("n1", setAdd("cart", "milk", LEVEL_ALL, operation(1, 2)));
    cluster.put("n1", "name", "Ann", LEVEL_ALL);
    assertThat(
            List.of(
                cluster.put("n2", "likes", "7", LEVEL_ONE),
                cluster.put("n2", "cart", "7", LEVEL_ONE),
                cluster.delete("n2", "likes", LEVEL_ONE),
                cluster.delete("n2", "cart", LEVEL_ONE),
                cluster.ask("n2", add("cart", 1, LEVEL_ONE, operation(2, 1))),
                cluster.ask("n2", add("name", 1, LEVEL_ONE, operation(2, 2))),
                cluster.ask("n2", setAdd("likes", "x", LEVEL_ONE, operation(2, 3))),
                cluster.ask("n2", setRemove("name", "x", LEVEL_ONE, operation(2, 4))),
                cluster.ask("n2", value("cart", LEVEL_QUORUM)),
                cluster.ask("n2", members("likes", LEVEL_QUORUM))))
        .allSatisfy(
            call -> {
              assertThat(call.error().getCode()).isEqualTo("WRONG_TYPE");
              assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
            });
  }

  @Test
  @DisplayName("get shows a counter in decimal and a set as a JSON array, without a context")
  void getShowsTheValue() {
    cluster.ask("n1", add("likes", 5, LEVEL_ALL, operation(1, 1)));
    cluster.ask("n1", add("likes", -8, LEVEL_ALL, operation(1, 2)));
    cluster.ask("n1", setAdd("cart", "milk \"1\"", LEVEL_ALL, operation(1, 3)));
    cluster.ask("n2", setAdd("cart", "eggs", LEVEL_ALL, operation(1, 4)));
    var likes = cluster.get("n2", "likes", LEVEL_QUORUM).receipt();
    assertThat(likes.getValue().toStringUtf8()).isEqualTo("-3");
    assertThat(likes.getType()).isEqualTo("counter");
    assertThat(likes.getSiblingsCount()).isEqualTo(1);
    assertThat(likes.getContext().isEmpty()).isTrue();
    var cart = cluster.get("n3", "cart", LEVEL_QUORUM).receipt();
    assertThat(cart.getValue().toStringUtf8()).isEqualTo("[\"eggs\",\"milk \\\"1\\\"\"]");
    assertThat(cart.getType()).isEqualTo("set");
  }

  @Test
  @DisplayName("what was never written is a counter of 0 and an empty set, not found")
  void neverWritten() {
    var counter = cluster.ask("n1", value("likes", LEVEL_QUORUM)).receipt();
    assertThat(counter.getFound()).isFalse();
    assertThat(counter.getCounter()).isZero();
    assertThat(cluster.ask("n1", members("cart", LEVEL_QUORUM)).receipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("one name made two things by two sides: both are shown, and delete takes the plain")
  void oneNameTwoThings() {
    cluster.partition("n1|n2,n3");
    cluster.ask("n1", add("likes", 5, LEVEL_ONE, operation(1, 1)));
    cluster.put("n2", "likes", "many", LEVEL_ONE);
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.get("n3", "likes", LEVEL_ONE).values()).containsExactly("5", "many");
    assertThat(cluster.ask("n3", add("likes", 1, LEVEL_ALL, operation(2, 1))).isOk()).isTrue();
    assertThat(cluster.delete("n2", "likes", LEVEL_ALL).isOk()).isTrue();
    assertThat(cluster.get("n1", "likes", LEVEL_ONE).values()).containsExactly("6");
  }

  @Test
  @DisplayName("a deleted plain key can become a counter")
  void afterADelete() {
    cluster.put("n1", "likes", "many", LEVEL_ALL);
    cluster.delete("n1", "likes", LEVEL_ALL);
    assertThat(cluster.ask("n2", add("likes", 2, LEVEL_ALL, operation(1, 1))).isOk()).isTrue();
    assertThat(cluster.held("n3", "likes").siblings()).hasSize(1);
  }
}
