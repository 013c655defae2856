package io.capstan.node;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The walls of the node")
final class ArchitectureTest {

  private static final String[] PURE = {
    "io.capstan.node.version..",
    "io.capstan.node.type..",
    "io.capstan.node.raft..",
    "io.capstan.node.quorum..",
    "io.capstan.node.keyspace..",
    "io.capstan.node.replica..",
    "io.capstan.node.storage",
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.capstan.node");

  @Test
  @DisplayName(
      "keep threads, locks, files, sockets, gRPC, RocksDB and loggers out of pure packages")
  void purePackagesTouchNoWorld() {
    noClasses()
        .that()
        .resideInAnyPackage(PURE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.io..",
            "java.nio.file..",
            "java.nio.channels..",
            "java.net..",
            "java.util.concurrent..",
            "java.time..",
            "io.grpc..",
            "org.rocksdb..",
            "org.slf4j..",
            "ch.qos..",
            "picocli..")
        .because("whatever decides must be replayable from a seed")
        .check(CLASSES);
  }

  @Test
  @DisplayName("keep clocks and randomness of their own out of pure packages")
  void purePackagesHaveNoClockAndNoDice() {
    noClasses()
        .that()
        .resideInAnyPackage(PURE)
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Math.class, "random")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Thread.class, java.util.Random.class, java.security.SecureRandom.class)
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.UUID")
        .because("time and randomness reach them as values")
        .check(CLASSES);
  }

  @Test
  @DisplayName("let arrows run downward only")
  void arrowsRunDownward() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.capstan.node..")
        .layer("version")
        .definedBy("io.capstan.node.version..")
        .layer("type")
        .definedBy("io.capstan.node.type..")
        .layer("raft")
        .definedBy("io.capstan.node.raft..")
        .layer("quorum")
        .definedBy("io.capstan.node.quorum..")
        .layer("keyspace")
        .definedBy("io.capstan.node.keyspace..")
        .layer("storage")
        .definedBy("io.capstan.node.storage")
        .layer("replica")
        .definedBy("io.capstan.node.replica..")
        .layer("rocks")
        .definedBy("io.capstan.node.storage.rocks..")
        .layer("server")
        .definedBy("io.capstan.node.server..")
        .whereLayer("server")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("rocks")
        .mayOnlyBeAccessedByLayers("server")
        .whereLayer("replica")
        .mayOnlyBeAccessedByLayers("server")
        .whereLayer("storage")
        .mayOnlyBeAccessedByLayers("replica", "rocks", "server")
        .whereLayer("quorum")
        .mayOnlyBeAccessedByLayers("replica", "server")
        .whereLayer("type")
        .mayOnlyBeAccessedByLayers("quorum", "replica")
        .whereLayer("keyspace")
        .mayOnlyBeAccessedByLayers("replica", "quorum", "server")
        .check(CLASSES);
  }

  @Test
  @DisplayName("let Raft know nothing but itself")
  void raftKnowsNothing() {
    classes()
        .that()
        .resideInAPackage("io.capstan.node.raft..")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage("io.capstan.node.raft..", "java..", "org.jspecify.."))
        .check(CLASSES);
  }

  @Test
  @DisplayName("let the client module be known by the command alone")
  void onlyTheCommandKnowsTheClient() {
    noClasses()
        .that(not(resideInAPackage("io.capstan.node.server..")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.capstan.client..", "io.capstan.cli..")
        .check(CLASSES);
  }
}
