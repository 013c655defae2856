package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("An operation on a counter or a set that was confirmed")
class TypeOracleTest {
  private static final ByteString TAGS = ByteString.copyFromUtf8("tags");
  private static final ByteString NEW = ByteString.copyFromUtf8("new");

  private final TypeOracle oracle = new TypeOracle("feed", 7, false);

  private static void confirmed(TypeOracle.Typed operation, Integer... disks) {
    operation.outcome = TypeOracle.Outcome.OK;
    operation.disks = new TreeSet<>(Set.of(disks));
  }

  private TypeOracle.Change change(boolean isAddition, Integer... disks) {
    TypeOracle.Change change =
        oracle.change(TAGS, NEW, isAddition, OperationId.getDefaultInstance());
    confirmed(change, disks);
    return change;
  }

  @Test
  @DisplayName("may be gone with the only disk that did so, and counts once at the most")
  void mayBeGoneWithItsDisk() {
    TypeOracle.Addition addition = oracle.addition(0, false);
    confirmed(addition, 1);
    oracle.givesUp(1);

    assertThatCode(() -> oracle.checkCounter(addition.key, 0, "n2")).doesNotThrowAnyException();
    assertThatCode(() -> oracle.checkCounter(addition.key, addition.delta(), "n2"))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> oracle.checkCounter(addition.key, 2 * addition.delta(), "n2"))
        .hasMessageContaining("counted 2 times");
  }

  @Test
  @DisplayName("must be there while one disk is left that did so")
  void isThereWhileADiskIsLeft() {
    TypeOracle.Addition addition = oracle.addition(0, false);
    confirmed(addition, 1, 2);
    change(true, 1, 2);
    oracle.givesUp(1);

    assertThatThrownBy(() -> oracle.checkCounter(addition.key, 0, "n2"))
        .hasMessageContaining("counted 0 times");
    assertThatThrownBy(() -> oracle.checkSet(TAGS, Set.of(), "n2")).hasMessageContaining("is lost");
  }

  @Test
  @DisplayName("may have taken an element away or not, where it was a removal on lost disks")
  void aLostRemoval() {
    change(true, 1, 2);
    TypeOracle.Change removal = change(false, 0);
    removal.isTold = true;
    oracle.givesUp(0);

    assertThatCode(() -> oracle.checkSet(TAGS, Set.of(), "n2")).doesNotThrowAnyException();
    assertThatCode(() -> oracle.checkSet(TAGS, Set.of(NEW), "n2")).doesNotThrowAnyException();
  }
}
