package io.capstan.chaos.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkMode;
import io.capstan.chaos.scenario.FakeCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fault is written down before it acts, and healed whatever happens. */
class FaultJournalTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("faults.jsonl");
  }

  @Test
  void theFaultIsOnDiskBeforeTheFirstLinkIsCut() {
    List<Integer> linesAtEachCut = new ArrayList<>();
    FakeCluster cluster =
        new FakeCluster("n1", "n1", "n2", "n3") {
          @Override
          public void setLinks(Set<DirectedLink> links, LinkMode mode) {
            linesAtEachCut.add(lines().size());
            super.setLinks(links, mode);
          }
        };
    try (FaultJournal journal = FaultJournal.create(file());
        FaultInjector injector = new FaultInjector(cluster, journal, () -> 0)) {
      injector.begin(new Fault.Partition("n1|n2,n3"), TIMEOUT);

      assertThat(linesAtEachCut).containsExactly(1);
      assertThat(lines().get(0)).contains("\"intended\"").contains("n1|n2,n3");
    }
  }

  @Test
  void whoFindsTheJournalOfACrashedHarnessKnowsWhatToHeal() throws Exception {
    FakeCluster cluster = new FakeCluster("n1", "n1", "n2", "n3");
    FaultJournal journal = FaultJournal.create(file());
    FaultInjector crashed = new FaultInjector(cluster, journal, () -> 5_000_000);
    InjectedFault first = crashed.begin(new Fault.Partition("n1|n2,n3"), TIMEOUT);
    crashed.end(first);
    crashed.begin(new Fault.Partition("n1>n2"), TIMEOUT);

    assertThat(FaultJournal.unhealed(file()))
        .singleElement()
        .satisfies(
            entry -> {
              assertThat(entry.detail()).isEqualTo("n1>n2");
              assertThat(entry.state()).isEqualTo("active");
              assertThat(entry.atMillis()).isEqualTo(5);
            });
  }

  @Test
  void aLastLineThatWasNotWrittenOutIsPassedOverAnEarlierOneIsAnError() throws Exception {
    try (FaultJournal journal = FaultJournal.create(file())) {
      journal.append(FaultJournal.State.INTENDED, 1, "partition", "n1|n2,n3", 0);
    }
    Files.writeString(file(), "{\"id\":2,\"sta", StandardOpenOption.APPEND);
    assertThat(FaultJournal.unhealed(file()))
        .extracting(FaultJournal.Entry::id)
        .containsExactly(1L);

    Files.writeString(file(), "\n\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> FaultJournal.unhealed(file()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 2");
  }

  @Test
  void closingHealsWhatIsOpen() throws Exception {
    FakeCluster cluster = new FakeCluster("n1", "n1", "n2", "n3");
    try (FaultJournal journal = FaultJournal.create(file());
        FaultInjector injector = new FaultInjector(cluster, journal, () -> 0)) {
      injector.begin(new Fault.IsolateLeader(), TIMEOUT);
      assertThat(cluster.cutLinks()).hasSize(4);
    }

    assertThat(cluster.cutLinks()).isEmpty();
    assertThat(FaultJournal.unhealed(file())).isEmpty();
  }

  @Test
  void aCutThatDoesNotShowIsHealedAtOnce() throws Exception {
    FakeCluster cluster =
        new FakeCluster("n1", "n1", "n2", "n3") {
          @Override
          public void awaitLinks(Duration timeout) {
            throw new ClusterException(
                ClusterException.Kind.FAILED, "n2 still hears n1 after 1 s.", "");
          }
        };
    try (FaultJournal journal = FaultJournal.create(file());
        FaultInjector injector = new FaultInjector(cluster, journal, () -> 0)) {
      assertThatThrownBy(() -> injector.begin(new Fault.IsolateLeader(), TIMEOUT))
          .isInstanceOf(ClusterException.class)
          .hasMessageContaining("still hears");

      assertThat(cluster.cutLinks()).isEmpty();
      assertThat(FaultJournal.unhealed(file())).isEmpty();
    }
  }

  @Test
  void anInterruptedThreadStillHealsAndStaysInterrupted() throws Exception {
    FakeCluster cluster = new FakeCluster("n1", "n1", "n2", "n3");
    try (FaultJournal journal = FaultJournal.create(file());
        FaultInjector injector = new FaultInjector(cluster, journal, () -> 0)) {
      InjectedFault fault = injector.begin(new Fault.IsolateLeader(), TIMEOUT);
      Thread.currentThread().interrupt();
      injector.end(fault);

      assertThat(Thread.interrupted()).isTrue();
      assertThat(cluster.cutLinks()).isEmpty();
      assertThat(FaultJournal.unhealed(file())).isEmpty();
    }
  }

  @Test
  void theLeaderOfTwoNodesCannotBeInTheMinority() {
    FakeCluster cluster = new FakeCluster("n1", "n1", "n2");

    assertThatThrownBy(() -> new Fault.IsolateLeader().resolve(cluster))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("2 nodes");
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(file());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
