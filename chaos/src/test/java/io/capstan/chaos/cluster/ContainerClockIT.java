package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** Of the containers themselves and not of the store: hence on the class that makes them. */
@RequiresDocker
@DisplayName("A container whose wall clock stands wrong")
class ContainerClockIT {
  private static final long SKEW_MILLIS = 30_000;
  private static final Duration READY_MAX = Duration.ofSeconds(90);
  private static final int UPTIME_SECONDS = 5;

  /** This thread of the JVM waits a minute at a time. */
  private static final String IDLE_THREAD = "Common-Cleaner";

  private static final int TICKS_PER_SECOND = 100;

  private ContainerCluster cluster;

  @BeforeEach
  void startCluster() throws IOException {
    String plain = DockerImages.current();
    String image;
    try {
      image = DockerImages.withClock(plain);
    } catch (IOException e) {
      throw new TestAbortedException("Containers reach no Debian mirror here: " + e.getMessage());
    }
    cluster = ContainerCluster.start(1, image, id -> Map.of(), new ContainerEquipment(false, true));
  }

  @AfterEach
  void removeCluster() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  @DisplayName("goes on serving, and a thread that waits for a minute waits for a minute")
  void waitsAsLongAsItShould() {
    // Given
    cluster.awaitReady(READY_MAX);

    // When: returns once a process in it shows the time that is wrong.
    cluster.skewClock("n1", SKEW_MILLIS);
    double before = idleThreadSeconds();
    Awaitility.await()
        .pollDelay(Duration.ofSeconds(UPTIME_SECONDS))
        .atMost(READY_MAX)
        .until(() -> cluster.views().containsKey("n1"));

    // Then: what does nothing has taken no processor time. With waits that end at once it would
    // take its share of it, however busy the machine is.
    assertThat(idleThreadSeconds() - before).isLessThan(0.1);
    assertThat(cluster.views().get("n1").leader()).isEqualTo("n1");
  }

  /** Fields 14 and 15 of proc(5)'s stat: ticks spent in user mode and in the kernel. */
  private double idleThreadSeconds() {
    String ticks =
        cluster
            .node("n1")
            .run(
                "for t in /proc/[0-9]*/task/*; do if [ \"$(cat $t/comm)\" = "
                    + IDLE_THREAD
                    + " ]; then cut -d ' ' -f 14,15 $t/stat; fi; done")
            .strip();
    assertThat(ticks).matches("\\d+ \\d+");
    String[] fields = ticks.split(" ");
    return (Long.parseLong(fields[0]) + Long.parseLong(fields[1])) / (double) TICKS_PER_SECOND;
  }
}
