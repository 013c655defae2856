package io.capstan.client;

import static io.capstan.client.FakeNode.refuse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
@DisplayName("A session of the client")
class SessionTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final Get POST = Get.of("post").keyspace("feed").level(Level.ONE);
  private static final Put WRITE = Put.of("post", "hi").keyspace("feed").level(Level.ONE);

  private FakeCluster cluster;
  private CapstanClient first;
  private CapstanClient second;

  @BeforeEach
  void twoNodesAndAClientOfEach() throws Exception {
    cluster = new FakeCluster(2);
    first = clientOf(cluster.node(1).address());
    second = clientOf(cluster.node(2).address());
  }

  private static CapstanClient clientOf(String... endpoints) {
    return CapstanClient.builder().endpoints(List.of(endpoints)).timeout(TIMEOUT).build();
  }

  @AfterEach
  void close() {
    first.close();
    second.close();
    cluster.close();
  }

  private static CapstanException failure(Runnable call) {
    CapstanException failure = catchThrowableOfType(CapstanException.class, call::run);
    assertThat(failure).as("the call should have failed").isNotNull();
    return failure;
  }

  @Test
  void tellsTheNextNodeWhatItHasSeenAcrossARestart() {
    Session before = first.session();
    before.blocking().put(WRITE);

    Session after = second.session(before.export());
    after.blocking().get(POST);
    second.blocking().get(POST);

    assertThat(cluster.node(2).claims()).hasSize(2);
    assertThat(cluster.node(2).claims().get(0).getDotsList()).hasSize(1);
    assertThat(cluster.node(2).claims().get(0).getEpoch()).isEqualTo(1);
    assertThat(cluster.node(2).claims().get(1).getDotsList()).isEmpty();
  }

  @Test
  void triesTheOtherNodesBeforeItGivesUp() {
    try (CapstanClient both = clientOf(cluster.endpoints().toArray(String[]::new))) {
      Session session = both.session().patience(Duration.ZERO);
      session.blocking().put(WRITE);
      cluster.node(1).always(refuse(ErrorCode.SESSION_NOT_MET));

      for (int i = 0; i < 4; i++) {
        assertThat(session.blocking().get(POST).receivedBy()).isEqualTo("n2");
      }
    }
  }

  @Test
  @DisplayName("without patience says at once that no node has what it saw")
  void atOnce() {
    Session session = first.session().patience(Duration.ZERO);
    session.blocking().put(WRITE);
    cluster.node(1).always(refuse(ErrorCode.SESSION_NOT_MET));
    int before = cluster.node(1).requests();

    CapstanException failure = failure(() -> session.blocking().get(POST));

    assertThat(failure.code()).isEqualTo(ErrorCode.SESSION_NOT_MET);
    assertThat(failure.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(cluster.node(1).requests()).isEqualTo(before + 1);
  }

  @Test
  void withPatienceWaitsForTheReplicaToComeBack() {
    Session session = first.session();
    session.blocking().put(WRITE);
    cluster.node(1).onReads(refuse(ErrorCode.SESSION_NOT_MET), refuse(ErrorCode.SESSION_NOT_MET));

    assertThat(session.blocking().get(POST).valueUtf8()).isEqualTo("hi");
  }

  @Test
  @DisplayName("of a keyspace that was dropped and made again is told so, for reads and writes")
  void otherKeyspace() {
    Session session = first.session();
    session.blocking().put(WRITE);
    cluster.drop("feed");
    cluster.addKeyspace("feed", io.capstan.proto.store.v1.Mode.MODE_AP);

    CapstanException read = failure(() -> session.blocking().get(POST));
    Session later = second.session(session.export());
    CapstanException write = failure(() -> later.blocking().put(WRITE));

    for (CapstanException failure : List.of(read, write)) {
      assertThat(failure.code()).isEqualTo(ErrorCode.SESSION_MISMATCH);
      assertThat(failure.outcome()).isEqualTo(Outcome.FAILED);
      assertThat(failure.getMessage()).contains("\"feed\"").contains("dropped");
    }
    assertThat(cluster.applied()).isEqualTo(1);
  }

  @Test
  void thatReadNothingYetIsNoBurden() {
    assertThat(first.session().blocking().get(POST).found()).isFalse();
    assertThat(cluster.node(1).claims().get(0).getDotsList()).isEmpty();
  }
}
