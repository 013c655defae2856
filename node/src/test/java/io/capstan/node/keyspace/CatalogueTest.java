package io.capstan.node.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The catalogue")
final class CatalogueTest {

  private final Catalogue catalogue = new Catalogue(2);

  private static KeyspaceRecord wanted(String name, Mode mode) {
    return KeyspaceRecord.newBuilder().setName(name).setMode(mode).build();
  }

  @Test
  @DisplayName("gives the log index as id, and a new one to a name that comes again")
  void neverUsesAnIdAgain() {
    KeyspaceRecord first = catalogue.create(wanted("feed", Mode.MODE_AP), 1, 5);
    catalogue.drop(first.getId());
    KeyspaceRecord second = catalogue.create(wanted("feed", Mode.MODE_AP), 1, 9);

    assertThat(first.getId()).isEqualTo(5);
    assertThat(second.getId()).isEqualTo(9);
    assertThat(catalogue.withId(5)).isNull();
    assertThat(second.getEpoch()).isEqualTo(1);
    assertThat(second.getMinWrites()).isEqualTo(Level.LEVEL_ONE);
  }

  @Test
  @DisplayName("holds a name once, and no more keyspaces than allowed")
  void isBounded() {
    catalogue.create(wanted("a", Mode.MODE_CP), 1, 1);
    assertThat(catalogue.canCreate("a")).isEqualTo(Catalogue.CreateOutcome.EXISTS);
    catalogue.create(wanted("b", Mode.MODE_CP), 1, 2);

    assertThat(catalogue.canCreate("c")).isEqualTo(Catalogue.CreateOutcome.TOO_MANY);
    assertThatThrownBy(() -> catalogue.create(wanted("c", Mode.MODE_CP), 1, 3))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  @DisplayName("knows which names are names")
  void checksNames() {
    assertThat(Catalogue.isValidName("feed-2")).isTrue();
    assertThat(Catalogue.isValidName("2feed")).isFalse();
    assertThat(Catalogue.isValidName("Feed")).isFalse();
    assertThat(Catalogue.isValidName("a".repeat(64))).isFalse();
  }

  @Test
  @DisplayName("says which level a mode has, and what a keyspace demands of its writes")
  void knowsLevels() {
    KeyspaceRecord strict =
        wanted("feed", Mode.MODE_AP).toBuilder().setMinWrites(Level.LEVEL_QUORUM).build();
    KeyspaceRecord bank = wanted("bank", Mode.MODE_CP);

    assertThat(LevelRule.refusal(strict, Level.LEVEL_ONE, true)).contains("--min-writes quorum");
    assertThat(LevelRule.refusal(strict, Level.LEVEL_ONE, false)).isNull();
    assertThat(LevelRule.refusal(bank, Level.LEVEL_STALE, false)).isNull();
    assertThat(LevelRule.refusal(bank, Level.LEVEL_STALE, true)).contains("linearizable");
    assertThat(LevelRule.refusal(bank, Level.LEVEL_QUORUM, false)).contains("CP");
  }
}
