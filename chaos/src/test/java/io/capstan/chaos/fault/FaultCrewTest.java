package io.capstan.chaos.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.cluster.AddedNode;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkMode;
import io.capstan.chaos.scenario.FakeCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The crew that makes faults happen")
class FaultCrewTest {
  private static final ClusterOffice NO_OFFICE =
      new ClusterOffice() {
        @Override
        public void askToReplace(String removed, AddedNode added) {}

        @Override
        public void replace(String removed, AddedNode added) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void switchModes(boolean back) {
          throw new UnsupportedOperationException();
        }
      };

  @TempDir Path folder;
  private long now;

  private Path file() {
    return folder.resolve("faults.jsonl");
  }

  private FaultCrew crew(Cluster cluster, FaultJournal journal) {
    return new FaultCrew(cluster, journal, () -> now++, NO_OFFICE);
  }

  private static PlannedFault cut(String target) {
    return PlannedFault.of(FaultType.PARTITION, target, 0, 1);
  }

  @Test
  @DisplayName("opens a link only once the last fault that cut it is over")
  void overlappingCuts() {
    FakeCluster cluster = new FakeCluster("n2", "n1", "n2", "n3");
    try (FaultJournal journal = FaultJournal.create(file());
        FaultCrew crew = crew(cluster, journal)) {
      FaultInForce alone = crew.begin(cut("leader|rest"));
      FaultInForce oneWay = crew.begin(cut("n1>n2"));
      assertThat(alone.detail()).isEqualTo("n2|n1,n3");
      assertThat(cluster.cutLinks()).hasSize(4);

      crew.end(alone.id());
      assertThat(cluster.cutLinks()).containsExactly(new DirectedLink("n1", "n2"));

      crew.end(oneWay.id());
      assertThat(cluster.cutLinks()).isEmpty();
      assertThat(crew.linkChanges().get(crew.linkChanges().size() - 1).cut()).isEmpty();
    }
  }

  @Test
  @DisplayName(
      "writes down what it is about to do before it does it, and heals what is open at last")
  void journalFirst() throws IOException {
    List<List<FaultJournal.Entry>> openAtCut = new ArrayList<>();
    FakeCluster cluster =
        new FakeCluster("n1", "n1", "n2", "n3") {
          @Override
          public void setLinks(Set<DirectedLink> links, LinkMode mode) {
            try {
              openAtCut.add(FaultJournal.unhealed(file()));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            super.setLinks(links, mode);
          }
        };
    try (FaultJournal journal = FaultJournal.create(file())) {
      try (FaultCrew crew = crew(cluster, journal)) {
        crew.begin(cut("leader|rest"));
        assertThat(openAtCut.get(0)).hasSize(1);
        assertThat(openAtCut.get(0).get(0).state()).isEqualTo("intended");
        assertThat(openAtCut.get(0).get(0).detail()).isEqualTo("n1|n2,n3");
      }
      assertThat(cluster.cutLinks()).isEmpty();
      assertThat(FaultJournal.unhealed(file())).isEmpty();
    }
  }

  @Test
  @DisplayName("undoes a fault that could not be made whole")
  void failingFault() throws IOException {
    FakeCluster cluster =
        new FakeCluster("n1", "n1", "n2", "n3") {
          @Override
          public void awaitLinks(Duration timeout) {
            throw new IllegalStateException("the nodes do not show it");
          }
        };
    try (FaultJournal journal = FaultJournal.create(file());
        FaultCrew crew = crew(cluster, journal)) {
      assertThatThrownBy(() -> crew.begin(cut("leader|rest")))
          .hasMessageContaining("do not show it");
      assertThat(cluster.cutLinks()).isEmpty();
      assertThat(FaultJournal.unhealed(file())).isEmpty();
    }
  }

  @Test
  @DisplayName("turns flapping links and leaves them open at the end")
  void flapping() {
    FakeCluster cluster = new FakeCluster("n1", "n1", "n2", "n3");
    try (FaultJournal journal = FaultJournal.create(file());
        FaultCrew crew = crew(cluster, journal)) {
      FaultInForce flap = crew.begin(PlannedFault.of(FaultType.FLAP, "n3|rest", 0, 1));
      assertThat(cluster.cutLinks()).hasSize(4);
      crew.toggle(flap.id());
      assertThat(cluster.cutLinks()).isEmpty();
      crew.end(flap.id());
      assertThat(cluster.cutLinks()).isEmpty();
    }
    assertThat(Files.exists(file())).isTrue();
  }
}
