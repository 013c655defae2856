package io.capstan.chaos;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The walls of the harness")
final class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.capstan.chaos");

  @Test
  @DisplayName("let the checkers know histories and no cluster")
  void checkersKnowNoCluster() {
    classes()
        .that()
        .resideInAPackage("io.capstan.chaos.check..")
        .should()
        .onlyDependOnClassesThat(
            DescribedPredicate.or(
                JavaClass.Predicates.resideInAPackage("io.capstan.chaos.check.."),
                DescribedPredicate.not(JavaClass.Predicates.resideInAPackage("io.capstan.."))))
        .check(CLASSES);
  }

  @Test
  @DisplayName("let reports know the checkers and no cluster")
  void reportsKnowNoCluster() {
    classes()
        .that()
        .resideInAPackage("io.capstan.chaos.report..")
        .should()
        .onlyDependOnClassesThat(
            DescribedPredicate.or(
                JavaClass.Predicates.resideInAnyPackage(
                    "io.capstan.chaos.report..", "io.capstan.chaos.check.."),
                DescribedPredicate.not(JavaClass.Predicates.resideInAPackage("io.capstan.."))))
        .check(CLASSES);
  }

  @Test
  @DisplayName("let the simulator have no clock, no threads and no dice of its own")
  void simulatorIsPure() {
    noClasses()
        .that()
        .resideInAPackage("io.capstan.chaos.sim..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.util.concurrent..", "java.net..", "java.nio.file..", "io.grpc..", "org.rocksdb..")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Thread.class, java.util.Random.class)
        .because("the same seed must give the same run")
        .check(CLASSES);
  }
}
