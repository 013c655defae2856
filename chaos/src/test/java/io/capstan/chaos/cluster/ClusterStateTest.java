package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterStateTest {
  private static final ClusterState.SupervisorEntry SUPERVISOR =
      new ClusterState.SupervisorEntry(17, 18, "http://127.0.0.1:19", "secret");

  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsReadBackWithTheSamePorts() throws IOException {
    ClusterDirectory directory = new ClusterDirectory(folder);
    ClusterLayout layout = ClusterLayout.at("test", NodeNames.first(3), 7_301, null);

    ClusterState.of(layout, null, SUPERVISOR).write(directory);

    ClusterState read = ClusterState.read(directory).orElseThrow();
    assertThat(read.layout().nodes()).isEqualTo(layout.nodes());
    assertThat(read.layout().proxyPorts()).isEqualTo(layout.proxyPorts());
    assertThat(read.supervisor()).isEqualTo(SUPERVISOR);
    assertThat(read.nodes())
        .extracting(ClusterState.NodeEntry::address)
        .containsExactly("127.0.0.1:7301", "127.0.0.1:7302", "127.0.0.1:7303");
  }

  @Test
  void onlyItsOwnerMayReadTheFileBecauseOfTheToken() throws IOException {
    ClusterDirectory directory = new ClusterDirectory(folder);
    ClusterLayout layout = ClusterLayout.onFreePorts("test", NodeNames.first(1));

    ClusterState.of(layout, null, SUPERVISOR).write(directory);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.stateFile())))
        .isEqualTo("rw-------");
  }

  @Test
  void aFolderWithoutAClusterHasNoState() {
    assertThat(ClusterState.read(new ClusterDirectory(folder))).isEmpty();
  }

  @Test
  void aDamagedFileIsNamedAndNotTakenForAnEmptyCluster() throws IOException {
    ClusterDirectory directory = new ClusterDirectory(folder);
    Files.writeString(directory.stateFile(), "{\"nodes\": [");

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> ClusterState.read(directory))
        .withMessageContaining(directory.stateFile().toString())
        .withMessageContaining("does not describe a cluster");
  }

  @Test
  void innerPortsAreKeptFromOneStartToTheNext() {
    List<String> nodes = NodeNames.first(3);
    ClusterLayout before = ClusterLayout.at("test", nodes, 7_321, null);

    ClusterLayout after = ClusterLayout.at("test", nodes, 7_341, before);

    assertThat(after.proxyPorts()).isEqualTo(before.proxyPorts());
    assertThat(after.peerAddress("n2")).isEqualTo(before.peerAddress("n2"));
    assertThat(after.clientAddress("n2")).isEqualTo("127.0.0.1:7342");
  }

  @Test
  void eachNodeIsToldTheProxiesOfItsOwnLinks() {
    ClusterLayout layout = ClusterLayout.onFreePorts("test", NodeNames.first(3));

    NodeSettings settings = layout.settings("n2", folder);

    assertThat(settings.members().keySet()).containsExactly("n1", "n2", "n3");
    assertThat(settings.members())
        .containsEntry("n1", proxy(layout, "n2>n1"))
        .containsEntry("n2", layout.peerAddress("n2"))
        .containsEntry("n3", proxy(layout, "n2>n3"));
    assertThat(settings.memberClients()).containsEntry("n3", layout.clientAddress("n3"));
    assertThat(settings.data()).isEqualTo(folder.resolve("n2/data"));
  }

  private static String proxy(ClusterLayout layout, String link) {
    return layout.host() + ":" + layout.proxyPorts().get(DirectedLink.parse(link));
  }

  @Test
  void theCurrentClusterIsTheOnePointedToAndElseTheDefault() throws IOException {
    CapstanHome home = CapstanHome.of(Map.of(CapstanHome.VARIABLE, folder.toString()));
    ClusterDirectory elsewhere = new ClusterDirectory(folder.resolve("elsewhere"));
    assertThat(home.currentCluster()).isEqualTo(home.defaultCluster());

    home.pointTo(elsewhere);
    assertThat(home.currentCluster()).isEqualTo(elsewhere);

    home.forget(home.defaultCluster());
    assertThat(home.currentCluster()).isEqualTo(elsewhere);

    home.forget(elsewhere);
    assertThat(home.currentCluster()).isEqualTo(home.defaultCluster());
  }

  @Test
  void aProcessIsKnownByItsStartTimeAndNotByItsIdAlone() {
    ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current());

    assertThat(self.find()).contains(ProcessHandle.current());
    assertThat(new ProcessIdentity(self.pid(), self.startedMillis() - 60_000).find()).isEmpty();
  }

  @Test
  void aNodeNeverNamesAFolderOutsideTheClusters() {
    ClusterDirectory directory = new ClusterDirectory(folder);

    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> directory.node("../precious"));
  }
}
