package io.capstan.chaos.cluster;

import java.io.IOException;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The condition behind {@link RequiresDocker}. */
final class DockerCondition implements ExecutionCondition {
  private static final String VARIABLE = "CAPSTAN_DOCKER";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if ("off".equals(System.getenv(VARIABLE))) {
      return ConditionEvaluationResult.disabled("Not run in containers: " + VARIABLE + "=off");
    }
    try {
      return ConditionEvaluationResult.enabled("image " + DockerImages.current());
    } catch (IOException e) {
      if ("required".equals(System.getenv(VARIABLE))) {
        throw new IllegalStateException(VARIABLE + " is required, but " + e.getMessage(), e);
      }
      return ConditionEvaluationResult.disabled(
          "Not run in containers: "
              + e.getMessage()
              + " ("
              + VARIABLE
              + "=required makes it fail)");
    }
  }
}
