package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Before the first container is made")
class NodeImageTest {
  private static final String IMAGE = "capstan:here";

  private record FakeEngine(boolean answers) implements NodeImage.Engine {
    @Override
    public boolean has(String image) {
      if (!answers) {
        throw new IllegalStateException("somebody asked an engine that does not answer");
      }
      return image.equals(IMAGE);
    }
  }

  @Test
  @DisplayName("it is said that no Docker engine answers")
  void noEngine() {
    ClusterException refused = refusal(IMAGE, new FakeEngine(false));

    assertThat(refused.kind()).isEqualTo(ClusterException.Kind.UNREACHABLE);
    assertThat(refused).hasMessage("No Docker engine answers, and nodes in containers need one.");
    assertThat(refused.hint()).contains("docker version");
  }

  @Test
  @DisplayName("it is said that the engine does not have the image")
  void noImage() {
    ClusterException refused = refusal("capstan:elsewhere", new FakeEngine(true));

    assertThat(refused.kind()).isEqualTo(ClusterException.Kind.USAGE);
    assertThat(refused)
        .hasMessage("The Docker engine has no image capstan:elsewhere, and none is pulled.");
    assertThat(refused.hint()).contains("docker/build-image");
  }

  @Test
  @DisplayName("nothing is said where both are there")
  void both() {
    assertThatCode(() -> NodeImage.requirePresent(IMAGE, new FakeEngine(true)))
        .doesNotThrowAnyException();
  }

  private static ClusterException refusal(String image, NodeImage.Engine engine) {
    return Assertions.catchThrowableOfType(
        ClusterException.class, () -> NodeImage.requirePresent(image, engine));
  }
}
