package io.capstan.chaos.cluster;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the tests of a class where a Docker engine answers and the image can be built; elsewhere
 * they are skipped, and the report says why. With {@code CAPSTAN_DOCKER=required} in the
 * environment they fail instead; with {@code CAPSTAN_DOCKER=off} they are skipped everywhere.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("docker")
@ExtendWith(DockerCondition.class)
public @interface RequiresDocker {}
