package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.store.v1.SwitchPhase;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A session whose keyspace changes sides")
final class SessionsAcrossSidesStoriesTest {
  private static final String NAME = "feed";
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");

  // Nobody else comes to lead: only the other follower is ever cut off.
  private String leader = "";
  private String alone = "";

  @BeforeEach
  void create() {
    leader = group.leader();
    alone = leader.equals("n3") ? "n2" : "n3";
    group.pass(10 * ReplicaGroup.MILLISECOND_NANOS);
    assertThat(
            group.ask(
                leader,
                CreateKeyspaceRequest.newBuilder()
                    .setName(NAME)
                    .setMode(Mode.MODE_AP)
                    .setMinWrites(Level.LEVEL_QUORUM)
                    .build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
    group.until(() -> NODES.stream().allMatch(id -> isAt(id, Mode.MODE_AP)));
  }

  // ---- what is asked ----

  private boolean isAt(String id, Mode mode) {
    KeyspaceDescription seen = description(id);
    return seen.getMode() == mode && !seen.hasSwitch();
  }

  private KeyspaceDescription description(String id) {
    return group.status(id).getKeyspacesList().stream()
        .map(KeyspaceStatus::getKeyspace)
        .filter(each -> each.getName().equals(NAME))
        .findFirst()
        .orElse(KeyspaceDescription.getDefaultInstance());
  }

  private void setMode(String through, Mode mode) {
    Message answer =
        group.ask(through, SetModeRequest.newBuilder().setName(NAME).setMode(mode).build());
    assertThat(answer).isInstanceOf(SetModeResponse.class);
    // It wrote no key, so there is no version of it to be seen.
    assertThat(((SetModeResponse) answer).getReceipt().getSeenList()).isEmpty();
    group.until(() -> isAt(through, mode));
  }

  private void setModeEverywhere(Mode mode) {
    setMode(leader, mode);
    group.until(() -> NODES.stream().allMatch(id -> isAt(id, mode)));
  }

  private Message put(String through, String key, String value) {
    return group.ask(
        through,
        PutRequest.newBuilder()
            .setKeyspace(keyspace(NAME))
            .setKey(ByteString.copyFromUtf8(key))
            .setValue(ByteString.copyFromUtf8(value))
            .build());
  }

  /** As the client library asks for it, again and again under the same id. */
  private Message put(String through, String key, String value, OperationId id) {
    return group.ask(through, request(key, value, id));
  }

  private static PutRequest request(String key, String value, OperationId id) {
    return PutRequest.newBuilder()
        .setKeyspace(keyspace(NAME))
        .setKey(ByteString.copyFromUtf8(key))
        .setValue(ByteString.copyFromUtf8(value))
        .setOperation(id)
        .build();
  }

  /** Writes over what the context covers. */
  private Message replace(String through, String key, String value, ByteString context) {
    return group.ask(
        through,
        PutRequest.newBuilder()
            .setKeyspace(keyspace(NAME))
            .setKey(ByteString.copyFromUtf8(key))
            .setValue(ByteString.copyFromUtf8(value))
            .setContext(context)
            .build());
  }

  private Message get(String through, String key, Level level, SessionClaim claim) {
    return group.ask(
        through,
        GetRequest.newBuilder()
            .setKeyspace(keyspace(NAME))
            .setKey(ByteString.copyFromUtf8(key))
            .setLevel(level)
            .setAtLeast(claim)
            .build());
  }

  private static Receipt receipt(Message answer) {
    assertThat(answer).isInstanceOf(GetResponse.class);
    return ((GetResponse) answer).getReceipt();
  }

  /** As a session keeps it. */
  private static SessionClaim claim(Receipt receipt) {
    return SessionClaim.newBuilder()
        .addAllDots(receipt.getSeenList())
        .setEpoch(receipt.getEpoch())
        .build();
  }

  private void cutOff(String id) {
    for (String other : NODES) {
      if (!other.equals(id)) {
        group.cut(id, other);
        group.cut(other, id);
      }
    }
  }

  /** Writes through a node that reaches nobody, and returns what a session reads there at one. */
  private Receipt readsWhatNobodyConfirmed(String key) {
    cutOff(alone);
    ErrorDetail unknown = (ErrorDetail) put(alone, key, "never acknowledged");
    assertThat(unknown.getOutcome()).isNotEqualTo(Outcome.OUTCOME_OK);
    Receipt seen = receipt(get(alone, key, Level.LEVEL_ONE, SessionClaim.getDefaultInstance()));
    assertThat(seen.getValue().toStringUtf8()).isEqualTo("never acknowledged");
    return seen;
  }

  // ---- stories ----

  @Test
  @DisplayName("that read what nobody acknowledged is answered in CP, and told what is gone")
  void toCp() {
    Receipt seen = readsWhatNobodyConfirmed("k");
    setMode(leader, Mode.MODE_CP);
    group.heal();
    group.until(() -> isAt(alone, Mode.MODE_CP));

    for (String node : NODES) {
      Receipt stale = receipt(get(node, "k", Level.LEVEL_STALE, claim(seen)));
      assertThat(stale.getFound()).isFalse();
      assertThat(stale.getLeftBehindList()).isEqualTo(seen.getSeenList());
      assertThat(stale.getOpenedEpoch()).isEqualTo(stale.getEpoch()).isEqualTo(2);
    }
  }

  @Test
  @DisplayName("that slept through CP is answered in the next AP epoch, by every replica")
  void toCpAndBack() {
    Receipt gone = readsWhatNobodyConfirmed("k");
    assertThat(put(leader, "kept", "acknowledged")).isInstanceOf(PutResponse.class);
    Receipt kept = receipt(get(leader, "kept", Level.LEVEL_ONE, SessionClaim.getDefaultInstance()));
    setMode(leader, Mode.MODE_CP);
    group.heal();
    group.until(() -> isAt(alone, Mode.MODE_CP));
    setModeEverywhere(Mode.MODE_AP);

    for (String node : NODES) {
      Receipt read = receipt(get(node, "k", Level.LEVEL_ONE, claim(gone)));
      assertThat(read.getFound()).isFalse();
      assertThat(read.getLeftBehindList()).isEqualTo(gone.getSeenList());
      Receipt still = receipt(get(node, "kept", Level.LEVEL_ONE, claim(kept)));
      assertThat(still.getValue().toStringUtf8()).isEqualTo("acknowledged");
      assertThat(still.getLeftBehindList()).isEmpty();
      ScanResponse page =
          (ScanResponse)
              group.ask(
                  node,
                  ScanRequest.newBuilder()
                      .setKeyspace(keyspace(NAME))
                      .setLevel(Level.LEVEL_ONE)
                      .setAtLeast(claim(gone))
                      .build());
      assertThat(page.getReceipt().getLeftBehindList()).isEqualTo(gone.getSeenList());
    }
  }

  @Test
  @DisplayName("is told of a write in a gap too: a later one of the same node came across")
  void inAGap() {
    // Of the two writes of this node only the second one reaches anybody.
    group.losing(message -> carries(message, "k"));
    assertThat(put(alone, "k", "never acknowledged")).isInstanceOf(ErrorDetail.class);
    Receipt gone = receipt(get(alone, "k", Level.LEVEL_ONE, SessionClaim.getDefaultInstance()));
    assertThat(put(alone, "next", "acknowledged")).isInstanceOf(PutResponse.class);
    cutOff(alone);
    group.losing(message -> false);
    setMode(leader, Mode.MODE_CP);
    group.heal();
    group.until(() -> isAt(alone, Mode.MODE_CP));
    setModeEverywhere(Mode.MODE_AP);

    Receipt read = receipt(get("n1", "k", Level.LEVEL_ONE, claim(gone)));

    assertThat(read.getFound()).isFalse();
    assertThat(read.getLeftBehindList()).isEqualTo(gone.getSeenList());
    assertThat(receipt(get("n1", "next", Level.LEVEL_ONE, SessionClaim.getDefaultInstance())))
        .extracting(found -> found.getValue().toStringUtf8())
        .isEqualTo("acknowledged");
  }

  private static boolean carries(PeerMessage message, String key) {
    return message.getQuorum().hasMissingDots()
        || message.getQuorum().getReplicate().getKey().toStringUtf8().equals(key);
  }

  @Test
  @DisplayName("of a later epoch is not answered by a replica that has yet to come there")
  void laggard() {
    cutOff(alone);
    setMode(leader, Mode.MODE_CP);
    assertThat(put(leader, "k", "in the log")).isInstanceOf(PutResponse.class);
    Receipt seen = receipt(get(leader, "k", Level.LEVEL_STALE, SessionClaim.getDefaultInstance()));

    Message refused = get(alone, "k", Level.LEVEL_ONE, claim(seen));

    assertThat(refused).isInstanceOf(ErrorDetail.class);
    assertThat(((ErrorDetail) refused).getCode()).isEqualTo("SESSION_NOT_MET");
  }

  @Test
  @DisplayName("is told in CP that its write was taken in AP, where its answer was lost")
  void findsItsWrite() {
    OperationId id = OperationId.newBuilder().setSession(77).setSequence(1).build();
    assertThat(put(leader, "k", "1", id)).isInstanceOf(PutResponse.class);
    setModeEverywhere(Mode.MODE_CP);

    Message found = put(alone, "k", "1", id);

    assertThat(found).isInstanceOf(PutResponse.class);
    assertThat(((PutResponse) found).getReceipt().getEpoch()).isEqualTo(2);
    Receipt read = receipt(get(leader, "k", Level.LEVEL_STALE, SessionClaim.getDefaultInstance()));
    assertThat(read.getValue().toStringUtf8()).isEqualTo("1");
    assertThat(read.getSiblingsCount()).isEqualTo(1);
  }

  @Test
  @DisplayName("asks in CP for a write that others have replaced in AP: it is not done again")
  void doesNotGoBack() {
    OperationId id = OperationId.newBuilder().setSession(77).setSequence(1).build();
    assertThat(put(leader, "k", "1", id)).isInstanceOf(PutResponse.class);
    assertThat(put(leader, "k", "2")).isInstanceOf(PutResponse.class);
    setModeEverywhere(Mode.MODE_CP);

    Message unknown = put(alone, "k", "1", id);

    assertThat(unknown).isInstanceOf(ErrorDetail.class);
    assertThat(((ErrorDetail) unknown).getCode()).isEqualTo("UNKNOWN_SESSION");
    Receipt read = receipt(get(leader, "k", Level.LEVEL_STALE, SessionClaim.getDefaultInstance()));
    assertThat(read.getValue().toStringUtf8()).isEqualTo("2");
  }

  @Test
  @DisplayName("is told after two changes which version the log wrote then, and can go on from it")
  void nameOfAnEarlierVersion() {
    setModeEverywhere(Mode.MODE_CP);
    OperationId id = openSession();
    Receipt written = written(put(leader, "k", "1", id));
    setModeEverywhere(Mode.MODE_AP);

    Receipt inAp = written(put(alone, "k", "1", id));

    assertThat(inAp.getEpoch()).isEqualTo(3);
    assertThat(inAp.getSeenList()).isEqualTo(written.getSeenList());
    Receipt read = receipt(get(alone, "k", Level.LEVEL_ONE, claim(inAp)));
    assertThat(read.getSeenList()).isEqualTo(written.getSeenList());
    setModeEverywhere(Mode.MODE_CP);
    Receipt inCp = written(put(alone, "k", "1", id));
    assertThat(inCp.getEpoch()).isEqualTo(4);
    assertThat(inCp.getSeenList()).isEqualTo(written.getSeenList());
    assertThat(replace(leader, "k", "2", inCp.getContext())).isInstanceOf(PutResponse.class);
  }

  @Test
  @DisplayName("goes on in CP from the version that its write has in AP")
  void goesOnFromItsWrite() {
    OperationId id = OperationId.newBuilder().setSession(77).setSequence(1).build();
    Receipt written = written(put(leader, "k", "1", id));
    setModeEverywhere(Mode.MODE_CP);

    Receipt found = written(put(alone, "k", "1", id));

    assertThat(found.getSeenList()).isEqualTo(written.getSeenList());
    assertThat(found.getVersion()).isEqualTo(written.getVersion());
    assertThat(replace(leader, "k", "2", found.getContext())).isInstanceOf(PutResponse.class);
  }

  @Test
  @DisplayName("is answered in the present epoch by a leader that took its call in an earlier one")
  void leaderThatWasAway() {
    setModeEverywhere(Mode.MODE_CP);
    OperationId id = openSession();
    cutOff(alone);
    setMode(leader, Mode.MODE_AP);
    setMode(leader, Mode.MODE_CP);
    Receipt written = written(put(leader, "k", "1", id));
    assertThat(written.getEpoch()).isEqualTo(4);
    // Asked while it is away, and answered only once it leads itself.
    group.losing(PeerMessage::hasForward);
    long again = group.call(alone, request("k", "1", id), 60 * LoneReplica.SECOND_NANOS);
    group.heal();
    group.ask(leader, TransferLeadershipRequest.newBuilder().setTarget(alone).build());

    group.until(() -> group.answer(again) != null);

    Receipt found = written(group.answer(again));
    assertThat(found.getServedBy()).isEqualTo(alone);
    assertThat(found.getEpoch()).isEqualTo(4);
    assertThat(found.getSeenList()).isEqualTo(written.getSeenList());
    assertThat(found.getContext()).isEqualTo(written.getContext());
  }

  private OperationId openSession() {
    assertThat(group.ask(leader, OpenSessionRequest.newBuilder().setSession(77).build()))
        .isInstanceOf(OpenSessionResponse.class);
    return OperationId.newBuilder().setSession(77).setSequence(1).build();
  }

  private static Receipt written(Message answer) {
    assertThat(answer).isInstanceOf(PutResponse.class);
    return ((PutResponse) answer).getReceipt();
  }

  @Test
  @DisplayName("is held to what it saw where the change was given up")
  void givenUp() {
    Receipt seen = readsWhatNobodyConfirmed("k");
    // Nobody hears that the replicas have converged, so the change gives itself up.
    group.losing(
        message -> message.getSwitch().getReport().getPhase() == SwitchPhase.SWITCH_PHASE_CONVERGE);
    group.ask(leader, SetModeRequest.newBuilder().setName(NAME).setMode(Mode.MODE_CP).build());
    group.until(() -> description(leader).getEpoch() == 3);
    assertThat(description(leader).getMode()).isEqualTo(Mode.MODE_AP);

    Message refused = get(leader, "k", Level.LEVEL_ONE, claim(seen));

    assertThat(((ErrorDetail) refused).getCode()).isEqualTo("SESSION_NOT_MET");
    group.heal();
    group.until(() -> get(leader, "k", Level.LEVEL_ONE, claim(seen)) instanceof GetResponse);
  }
}
