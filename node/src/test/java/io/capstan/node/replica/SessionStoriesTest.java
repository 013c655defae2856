package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A session that reads stale from a CP keyspace")
final class SessionStoriesTest {
  private static final KeyspaceRef DEFAULT = KeyspaceRef.newBuilder().setName("default").build();
  private static final ByteString KEY = ByteString.copyFromUtf8("k");

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");
  private String leader = "";
  private String behind = "";

  /** One follower has the first value and hears nothing of what follows. */
  @BeforeEach
  void cutOneFollowerOff() {
    leader = group.leader();
    behind = leader.equals("n3") ? "n2" : "n3";
    group.ask(leader, put("default", "k", "old").build());
    group.until(() -> found(stale(behind, SessionClaim.getDefaultInstance())));
    for (String other : new String[] {"n1", "n2", "n3"}) {
      if (!other.equals(behind)) {
        group.cut(other, behind);
        group.cut(behind, other);
      }
    }
  }

  private Message stale(String node, SessionClaim claim) {
    return group.ask(
        node,
        GetRequest.newBuilder()
            .setKeyspace(DEFAULT)
            .setKey(KEY)
            .setLevel(Level.LEVEL_STALE)
            .setAtLeast(claim)
            .build());
  }

  private static boolean found(Message answer) {
    return answer instanceof GetResponse get && get.getReceipt().getFound();
  }

  private static SessionClaim claim(Receipt receipt) {
    return SessionClaim.newBuilder()
        .addAllDots(receipt.getSeenList())
        .setEpoch(receipt.getEpoch())
        .build();
  }

  @Test
  @DisplayName("is not shown less than what it wrote: read-your-writes lost on failover")
  void readYourWrites() {
    Receipt mine =
        ((PutResponse) group.ask(leader, put("default", "k", "mine").build())).getReceipt();

    ErrorDetail refused = (ErrorDetail) stale(behind, claim(mine));

    assertThat(refused.getCode()).isEqualTo("SESSION_NOT_MET");
    assertThat(refused.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(refused.getMessage()).contains("log index " + mine.getVersion()).contains(behind);
    assertThat(found(stale(behind, SessionClaim.getDefaultInstance()))).isTrue();
    group.heal();
    group.until(() -> found(stale(behind, claim(mine))));
    GetResponse after = (GetResponse) stale(behind, claim(mine));
    assertThat(after.getReceipt().getValue().toStringUtf8()).isEqualTo("mine");
  }

  @Test
  @DisplayName("is not shown an older value than one it read: new-then-old across replicas")
  void monotonicReads() {
    group.ask(leader, put("default", "k", "new").build());
    Receipt seen = ((GetResponse) stale(leader, SessionClaim.getDefaultInstance())).getReceipt();

    assertThat(stale(behind, claim(seen))).isInstanceOf(ErrorDetail.class);
  }

  @Test
  @DisplayName("is not shown a value again that it saw deleted, although a delete leaves no row")
  void monotonicReadsOfADelete() {
    DeleteResponse deleted =
        (DeleteResponse)
            group.ask(leader, DeleteRequest.newBuilder().setKeyspace(DEFAULT).setKey(KEY).build());
    Receipt seen = ((GetResponse) stale(leader, SessionClaim.getDefaultInstance())).getReceipt();
    assertThat(seen.getFound()).isFalse();

    assertThat(stale(behind, claim(seen))).isInstanceOf(ErrorDetail.class);
    assertThat(stale(behind, claim(deleted.getReceipt()))).isInstanceOf(ErrorDetail.class);
  }

  @Test
  @DisplayName("is served by any node that has applied what it saw, without asking the leader")
  void anyNodeThatCaughtUp() {
    Receipt seen = ((GetResponse) stale(behind, SessionClaim.getDefaultInstance())).getReceipt();

    assertThat(found(stale(behind, claim(seen)))).isTrue();
  }

  @Test
  void scansUnderTheSameRule() {
    Receipt mine =
        ((PutResponse) group.ask(leader, put("default", "k2", "mine").build())).getReceipt();

    Message answer =
        group.ask(
            behind,
            ScanRequest.newBuilder()
                .setKeyspace(DEFAULT)
                .setLevel(Level.LEVEL_STALE)
                .setAtLeast(claim(mine))
                .build());

    assertThat(answer).isInstanceOf(ErrorDetail.class);
  }
}
