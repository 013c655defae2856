package io.capstan.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Actor;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.Receipt;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What a session has seen")
class SessionMemoryTest {
  private static final long FEED = 7;

  private final SessionMemory memory = new SessionMemory();

  private static Dot dot(String node, long counter) {
    return Dot.newBuilder()
        .setActor(Actor.newBuilder().setName(node).setIncarnation(-2))
        .setCounter(counter)
        .build();
  }

  private static Receipt receipt(long id, String key, Dot... seen) {
    Receipt.Builder receipt =
        Receipt.newBuilder()
            .setKeyspace("feed")
            .setKeyspaceId(id)
            .setEpoch(3)
            .setKey(ByteString.copyFromUtf8(key));
    for (Dot dot : seen) {
      receipt.addSeen(dot);
    }
    return receipt.build();
  }

  private SessionClaim claim(String key) {
    return memory.claim("feed", ByteString.copyFromUtf8(key));
  }

  private SessionClaim claimOfRange(String prefix, String from) {
    return memory.claim("feed", ByteString.copyFromUtf8(prefix), ByteString.copyFromUtf8(from));
  }

  @Test
  void isRememberedKeyByKey() {
    memory.learn(receipt(FEED, "a", dot("n1", 4)));
    memory.learn(receipt(FEED, "b", dot("n2", 9)));

    assertThat(claim("a").getDotsList()).containsExactly(dot("n1", 4));
    assertThat(claim("a").getEpoch()).isEqualTo(3);
    assertThat(claim("c").getDotsList()).isEmpty();
    assertThat(memory.claim("other", ByteString.EMPTY).getDotsList()).isEmpty();
  }

  @Test
  @DisplayName("only grows, in whichever order answers come")
  void growsOnly() {
    memory.learn(receipt(FEED, "a", dot("n1", 4), dot("n2", 2)));
    memory.learn(receipt(FEED, "a", dot("n1", 3)));

    assertThat(claim("a").getDotsList()).containsExactlyInAnyOrder(dot("n1", 4), dot("n2", 2));
  }

  @Test
  void isAskedOfAScanForTheKeysInItsRange() {
    memory.learn(receipt(FEED, "user-1", dot("n1", 4)));
    memory.learn(receipt(FEED, "user-2", dot("n1", 5)));
    memory.learn(receipt(FEED, "post-1", dot("n1", 6)));

    assertThat(claimOfRange("user-", "").getDotsList()).containsExactly(dot("n1", 4), dot("n1", 5));
    assertThat(claimOfRange("user-", "user-2").getDotsList()).containsExactly(dot("n1", 5));
  }

  @Test
  @DisplayName("becomes a floor in a scan over more keys than a request may name")
  void scansOverMuch() {
    for (int i = 1; i <= SessionMemory.CLAIM_DOTS_MAX + 1; i++) {
      memory.learn(receipt(FEED, "k" + i, dot("n1", i)));
    }

    SessionClaim claim = claimOfRange("", "");

    assertThat(claim.getDotsList()).isEmpty();
    assertThat(claim.getFloorList()).containsExactly(dot("n1", SessionMemory.CLAIM_DOTS_MAX + 1));
  }

  @Test
  @DisplayName("is bounded: the oldest keys collapse into one floor, which promises no less")
  void bounded() {
    for (int i = 0; i < Session.KEYS_MAX + 10; i++) {
      memory.learn(receipt(FEED, "k" + i, dot("n1", i + 1)));
    }

    assertThat(claim("k9").getDotsList()).isEmpty();
    assertThat(claim("k9").getFloorList()).containsExactly(dot("n1", 10));
    assertThat(claim("k10").getDotsList()).containsExactly(dot("n1", 11));
  }

  @Test
  void isBoundedInBytesToo() {
    String padding = "x".repeat(4_000);
    int keys = Session.KEY_BYTES_MAX / 4_000 + 5;
    for (int i = 0; i < keys; i++) {
      memory.learn(receipt(FEED, padding + i, dot("n1", i + 1)));
    }

    assertThat(claim(padding + 0).getDotsList()).isEmpty();
    assertThat(claim(padding + 0).getFloorList()).isNotEmpty();
  }

  @Test
  @DisplayName("survives as JSON, byte for byte")
  void json() {
    memory.learn(receipt(FEED, "a", dot("n1", 4), dot("n2", Long.MAX_VALUE)));
    memory.learnFloor(receipt(FEED, "", dot("n3", 2)));
    byte[] exported = memory.toJson();

    SessionMemory again = SessionMemory.fromJson(exported);

    assertThat(again.toJson()).isEqualTo(exported);
    assertThat(again.keyspaceId("feed")).isEqualTo(FEED);
    assertThat(again.claim("feed", ByteString.copyFromUtf8("a"))).isEqualTo(claim("a"));
    assertThat(new String(exported, StandardCharsets.UTF_8)).contains("n1.fffffffffffffffe");
  }

  private static Receipt opened(long epoch, long openedEpoch, String key, Dot... seen) {
    return receipt(FEED, key, seen).toBuilder().setEpoch(epoch).setOpenedEpoch(openedEpoch).build();
  }

  @Test
  @DisplayName(
      "before a change of sides is asked about and not claimed, until the key was answered")
  void changedSides() {
    memory.learn(opened(1, 1, "a", dot("n1", 4)));
    memory.learn(opened(1, 1, "b", dot("n3", 9)));
    memory.learnFloor(opened(1, 1, "", dot("n2", 2)));

    memory.learn(opened(2, 2, "a", dot("log", 80)));

    assertThat(claim("a").getDotsList()).containsExactly(dot("log", 80));
    assertThat(claim("a").getEarlierList()).isEmpty();
    assertThat(claim("a").getFloorList()).isEmpty();
    assertThat(claim("b").getDotsList()).isEmpty();
    assertThat(claim("b").getEarlierList()).containsExactly(dot("n3", 9));
    assertThat(claim("b").getEpoch()).isEqualTo(2);
    assertThat(SessionMemory.fromJson(memory.toJson()).claim("feed", ByteString.copyFromUtf8("b")))
        .isEqualTo(claim("b"));

    memory.learn(opened(2, 2, "b"));

    assertThat(claim("b").getEarlierList()).isEmpty();
  }

  @Test
  @DisplayName("is claimed on through a change that was given up: its epoch goes on")
  void changeGivenUp() {
    memory.learn(opened(1, 1, "a", dot("n1", 4)));
    memory.learn(opened(3, 1, "b", dot("n1", 5)));

    assertThat(claim("a").getDotsList()).containsExactly(dot("n1", 4));
    assertThat(claim("a").getEpoch()).isEqualTo(3);
  }

  @Test
  @DisplayName("is not turned back by an answer that was under way since before the change")
  void lateAnswer() {
    memory.learn(opened(2, 2, "a", dot("log", 80)));
    memory.learn(opened(1, 1, "a", dot("n1", 4)));
    memory.learn(opened(1, 1, "b", dot("n1", 5)));

    assertThat(claim("a").getDotsList()).containsExactly(dot("log", 80));
    assertThat(claim("b").getDotsList()).isEmpty();
    assertThat(claim("b").getEarlierList()).containsExactly(dot("n1", 5));
  }

  @Test
  @DisplayName(
      "joined from another session counts as of before the change where that one ended then")
  void joined() {
    SessionMemory other = new SessionMemory();
    other.learn(opened(1, 1, "a", dot("n1", 4)));
    other.learnFloor(opened(1, 1, "", dot("n2", 2)));
    memory.learn(opened(2, 2, "b", dot("log", 80)));

    memory.join(other);

    assertThat(claim("a").getDotsList()).isEmpty();
    assertThat(claim("a").getFloorList()).isEmpty();
    assertThat(claim("a").getEarlierList()).containsExactly(dot("n1", 4));
  }

  @Test
  void isRefusedWhereItIsSomethingElse() {
    for (String text :
        new String[] {
          "",
          "hello",
          "[]",
          "{}",
          "{\"format\":\"capstan-session-2\"}",
          "{\"format\":\"capstan-session-1\",\"keyspaces\":{\"feed\":{\"epoch\":1}}}",
          "{\"format\":\"capstan-session-1\",\"keyspaces\":{\"feed\":{\"id\":1,\"floor\":{\"n1\":2}}}}",
          "{\"format\":\"capstan-session-1\",\"keyspaces\":{"
        }) {
      assertThatThrownBy(() -> SessionMemory.fromJson(text.getBytes(StandardCharsets.UTF_8)))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not an exported session");
    }
  }

  @Test
  void ofADroppedKeyspaceGivesWayToThatOfItsSuccessor() {
    memory.learn(receipt(FEED, "a", dot("n1", 4)));
    memory.learn(receipt(FEED + 1, "b", dot("n1", 1)));

    assertThat(memory.keyspaceId("feed")).isEqualTo(FEED + 1);
    assertThat(claim("a").getDotsList()).isEmpty();
  }

  @Test
  @DisplayName("is joined with what another process saw meanwhile")
  void join() {
    memory.learn(receipt(FEED, "a", dot("n1", 4)));
    SessionMemory other = new SessionMemory();
    other.learn(receipt(FEED, "a", dot("n1", 2), dot("n2", 1)));
    other.learn(receipt(FEED, "b", dot("n3", 1)));

    memory.join(other);

    assertThat(claim("a").getDotsList()).containsExactlyInAnyOrder(dot("n1", 4), dot("n2", 1));
    assertThat(claim("b").getDotsList()).containsExactly(dot("n3", 1));
  }
}
