package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A node that this node's log does not name")
class GuestsTest {

  private static final long CLUSTER = 77;
  private static final List<String> FOUNDERS = List.of("n1", "n2", "n3");
  private static final boolean MEMBER = false;
  private static final boolean LEARNING = true;
  private static final Moment START = new Moment(1_000, 0);

  private final Guests guests = new Guests("n1", FOUNDERS);

  private static Moment later(long nanos) {
    return new Moment(START.nanos() + nanos, 0);
  }

  private static Input.PeerSeen hello(String id, long clusterId) {
    return new Input.PeerSeen(id, 9, id + ":7200", clusterId, 0);
  }

  private static Effect.Peer peer(String id) {
    return new Effect.Peer(id, id + ":7200", "", 9);
  }

  private List<String> ids() {
    return guests.list().stream().map(Effect.Peer::id).toList();
  }

  @Test
  @DisplayName("is a guest where it belongs to the same cluster, found where it says it is")
  void sameCluster() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);

    assertThat(guests.list()).containsExactly(peer("n4"));
  }

  @Test
  @DisplayName("is none where it belongs to another cluster, or cannot tell to which")
  void otherCluster() {
    guests.knock(hello("n4", CLUSTER + 1), MEMBER, CLUSTER, START);
    guests.knock(hello("n5", 0), MEMBER, CLUSTER, START);

    assertThat(guests.list()).isEmpty();
  }

  @Test
  @DisplayName("is none to a founder that has learned nothing yet: it would believe anything")
  void emptyFounder() {
    guests.knock(hello("n4", CLUSTER), MEMBER, 0, START);

    assertThat(guests.list()).isEmpty();
  }

  @Test
  @DisplayName(
      "is one to a founder that has learned nothing yet where its cluster began with the same")
  void sameFounders() {
    long same = ClusterId.of(List.of("n3", "n2", "n1"), 4_711);
    guests.knock(hello("n4", same), MEMBER, 0, START);
    guests.knock(hello("n5", ClusterId.of(List.of("n1", "n2"), 4_711)), MEMBER, 0, START);
    guests.knock(hello("n6", 0), MEMBER, 0, START);

    assertThat(ids()).containsExactly("n4");
  }

  @Test
  @DisplayName("is told from others of the same founders by the half of the number that is drawn")
  void drawn() {
    assertThat(ClusterId.of(FOUNDERS, 1)).isNotEqualTo(ClusterId.of(FOUNDERS, 2));
    assertThat(ClusterId.of(FOUNDERS, 0)).isNotZero();
    assertThat(ClusterId.of(List.of("n1", "n2"), 1)).isNotEqualTo(ClusterId.of(List.of("n1n2"), 1));
    assertThat(ClusterId.beganWith(List.of(), ClusterId.of(List.of(), 1))).isFalse();
  }

  @Test
  @DisplayName("is one to a node that has yet to join, which knows nobody")
  void joining() {
    guests.knock(hello("n4", CLUSTER), LEARNING, 0, START);
    guests.knock(hello("n5", 0), LEARNING, 0, START);
    guests.tick(null, LEARNING, later(10 * Guests.STAY_MAX_NANOS));

    assertThat(ids()).containsExactly("n4", "n5");
  }

  @Test
  @DisplayName("goes when its time is over, stays away for a while, and may come back")
  void timeIsOver() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);
    guests.tick(null, MEMBER, later(Guests.STAY_MAX_NANOS - 1));
    assertThat(ids()).containsExactly("n4");

    // knocking again does not lengthen the stay
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, later(Guests.STAY_MAX_NANOS - 1));
    guests.tick(null, MEMBER, later(Guests.STAY_MAX_NANOS));
    assertThat(ids()).isEmpty();

    long gone = Guests.STAY_MAX_NANOS;
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, later(gone + Guests.PAUSE_NANOS - 1));
    assertThat(ids()).isEmpty();
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, later(gone + Guests.PAUSE_NANOS));
    assertThat(ids()).containsExactly("n4");
  }

  @Test
  @DisplayName("stays for as long as it leads")
  void leaderStays() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);

    guests.tick("n4", MEMBER, later(5 * Guests.STAY_MAX_NANOS));
    assertThat(ids()).containsExactly("n4");
    guests.tick("n2", MEMBER, later(5 * Guests.STAY_MAX_NANOS));
    assertThat(ids()).isEmpty();
  }

  @Test
  @DisplayName("finds room only while there are fewer guests than a group may have members")
  void bounded() {
    for (int i = 0; i < 3 * Guests.GUESTS_MAX; i++) {
      guests.knock(hello("m" + i, CLUSTER), MEMBER, CLUSTER, START);
    }

    assertThat(guests.list()).hasSize(Guests.GUESTS_MAX);
  }

  @Test
  @DisplayName("is a member and no guest once the log names it, and a guest once it has left")
  void promotedAndRemoved() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);
    List<Effect.Peer> before = List.of(peer("n2"), peer("n3"));
    List<Effect.Peer> after = new ArrayList<>(before);
    after.add(peer("n4"));

    guests.membersChanged(before, after, 20, START);
    assertThat(ids()).isEmpty();

    guests.membersChanged(after, before, 20, START);
    assertThat(ids()).containsExactly("n4");
    guests.tick(null, MEMBER, later(Guests.STAY_MAX_NANOS));
    assertThat(ids()).isEmpty();
  }

  @Test
  @DisplayName("may come back as another process, which is then the one that is listened to")
  void anotherIncarnation() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);
    guests.knock(new Input.PeerSeen("n4", 10, "", CLUSTER, 0), MEMBER, CLUSTER, START);

    assertThat(guests.list()).containsExactly(new Effect.Peer("n4", "n4:7200", "", 10));
    Effect.Peers told = new Effect.Peers(true, CLUSTER, 0, "", List.of(peer("n2")), guests.list());
    assertThat(told.admission("n4", 10)).isEqualTo(Effect.Admission.ADMITTED);
    assertThat(told.admission("n4", 9)).isEqualTo(Effect.Admission.STRANGER);
    assertThat(told.admission("n2", 8)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
  }

  /** A member leaves whose incarnation the log has not come to name. */
  private void leavesUnnamed(String id, List<Long> former) {
    List<Effect.Peer> after = List.of(peer("n2"), peer("n3"));
    List<Effect.Peer> before = new ArrayList<>(after);
    before.add(new Effect.Peer(id, id + ":7200", "", 0, former));
    guests.membersChanged(before, after, 20, START);
  }

  @Test
  @DisplayName(
      "and has left unnamed is whoever comes under that id and is let in, though it has yet to"
          + " learn of which cluster it is: it introduces itself only once")
  void leftUnnamed() {
    leavesUnnamed("n4", List.of());
    assertThat(told().admission("n4", 9)).isEqualTo(Effect.Admission.ADMITTED);

    guests.knock(hello("n4", 0), MEMBER, CLUSTER, START);

    assertThat(guests.list()).containsExactly(peer("n4"));
    assertThat(told().admission("n4", 8)).isEqualTo(Effect.Admission.STRANGER);
  }

  @Test
  @DisplayName("and has left unnamed is nobody of another cluster, and no former member")
  void leftUnnamedAndOthers() {
    leavesUnnamed("n4", List.of(9L));
    leavesUnnamed("n5", List.of());

    guests.knock(hello("n4", 0), MEMBER, CLUSTER, START);
    guests.knock(hello("n5", CLUSTER + 1), MEMBER, CLUSTER, START);

    assertThat(guests.list()).extracting(Effect.Peer::incarnation).containsExactly(0L, 0L);
  }

  @Test
  @DisplayName("keeps its place before one of its id that cannot tell of which cluster it is")
  void keepsItsPlace() {
    guests.knock(hello("n4", CLUSTER), MEMBER, CLUSTER, START);
    guests.knock(new Input.PeerSeen("n4", 10, "", 0, 0), MEMBER, CLUSTER, START);

    assertThat(guests.list()).containsExactly(peer("n4"));
  }

  private static Input.PeerSeen cameBack(String id, long incarnation, long joinedIndex) {
    return new Input.PeerSeen(id, incarnation, id + ":7300", CLUSTER, joinedIndex);
  }

  private Effect.Peers told() {
    return new Effect.Peers(true, CLUSTER, 0, "", List.of(peer("n2"), peer("n3")), guests.list());
  }

  @Test
  @DisplayName("as that incarnation, of a member, is heard and answered where it is by now")
  void cameBackAhead() {
    guests.membersChanged(List.of(), List.of(peer("n2"), peer("n3")), 20, START);
    guests.cameBack(cameBack("n2", 12, 30), CLUSTER, START);

    assertThat(guests.contains("n2")).isTrue();
    assertThat(told().admission("n2", 12)).isEqualTo(Effect.Admission.ADMITTED);
    assertThat(told().admission("n2", 13)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
    assertThat(told().linked())
        .containsExactlyInAnyOrder(new Effect.Peer("n2", "n2:7300", "", 12), peer("n3"));

    // it stays however long this node lags: late answers of one must not pass for the other's
    guests.tick("n3", MEMBER, later(10 * Guests.STAY_MAX_NANOS));
    assertThat(guests.contains("n2")).isTrue();
  }

  @Test
  @DisplayName("as that incarnation, of a member, gives way to one that came back later still")
  void cameBackTwice() {
    guests.membersChanged(List.of(), List.of(peer("n2"), peer("n3")), 20, START);
    guests.cameBack(cameBack("n2", 12, 30), CLUSTER, START);
    guests.cameBack(cameBack("n2", 14, 50), CLUSTER, START);
    guests.cameBack(cameBack("n2", 12, 30), CLUSTER, START);
    guests.cameBack(new Input.PeerSeen("n3", 14, "", CLUSTER + 1, 50), CLUSTER, START);

    assertThat(told().admission("n2", 14)).isEqualTo(Effect.Admission.ADMITTED);
    assertThat(told().admission("n2", 12)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
    assertThat(told().admission("n3", 14)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
  }

  @Test
  @DisplayName("as that incarnation, of a member, is judged by the log once that has come so far")
  void cameBackJudged() {
    guests.membersChanged(List.of(), List.of(peer("n2"), peer("n3")), 20, START);
    guests.cameBack(cameBack("n2", 12, 30), CLUSTER, START);
    List<Effect.Peer> before = List.of(peer("n2"), peer("n3"));

    guests.membersChanged(before, before, 29, START);
    assertThat(guests.contains("n2")).isTrue();
    guests.membersChanged(before, before, 30, START);
    assertThat(guests.contains("n2")).isFalse();
  }
}
