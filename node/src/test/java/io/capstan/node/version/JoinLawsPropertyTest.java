package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The laws of join over states that replicas really reach: seeded histories of one key. */
@DisplayName("The join of what replicas hold")
class JoinLawsPropertyTest {

  private static final int HISTORIES = 400;

  /** Replicas of one key that write, overwrite, delete, retry and gossip as the seed says. */
  private static final class History {
    private final Random random;
    private final List<DottedVersionVectorSet> replicas = new ArrayList<>();
    private final long[] counters;

    /** Every state that any replica ever had. */
    final List<DottedVersionVectorSet> states = new ArrayList<>();

    /** The dots of which a write knew, and which it therefore superseded. */
    final Set<Dot> superseded = new HashSet<>();

    final Set<Dot> written = new HashSet<>();

    History(long seed) {
      random = new Random(seed);
      int size = 2 + random.nextInt(4);
      counters = new long[size];
      for (int i = 0; i < size; i++) {
        replicas.add(DottedVersionVectorSet.EMPTY);
      }
      states.add(DottedVersionVectorSet.EMPTY);
      for (int step = 0; step < 25; step++) {
        int at = random.nextInt(size);
        DottedVersionVectorSet next =
            random.nextInt(3) == 0 ? gossip(at) : write(at, replicas.get(at));
        replicas.set(at, next);
        states.add(next);
      }
    }

    private DottedVersionVectorSet gossip(int at) {
      return replicas.get(at).join(states.get(random.nextInt(states.size())));
    }

    private DottedVersionVectorSet write(int at, DottedVersionVectorSet held) {
      // Counters run over the keyspace: other keys take some in between.
      counters[at] += 1 + random.nextInt(3);
      Dot dot = new Dot(new Actor("n" + at, 1), counters[at]);
      DottedVersionVectorSet read =
          random.nextInt(3) > 0 ? held : states.get(random.nextInt(states.size()));
      read.siblings().forEach(sibling -> superseded.add(sibling.dot()));
      written.add(dot);
      OperationId operation =
          random.nextBoolean()
              ? null
              : OperationId.newBuilder().setSession(1).setSequence(random.nextInt(4)).build();
      ByteString value = random.nextInt(4) == 0 ? null : ByteString.copyFromUtf8(dot.toString());
      return held.discard(read.context())
          .add(new Sibling(dot, new HybridTimestamp(random.nextInt(9), 0), operation, value));
    }

    DottedVersionVectorSet anyState() {
      return states.get(random.nextInt(states.size()));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void isAssociativeCommutativeAndIdempotent(long block) {
    for (int i = 0; i < HISTORIES; i++) {
      long seed = block * 10_000 + i;
      History history = new History(seed);
      for (int draw = 0; draw < 20; draw++) {
        DottedVersionVectorSet x = history.anyState();
        DottedVersionVectorSet y = history.anyState();
        DottedVersionVectorSet z = history.anyState();

        assertThat(x.join(y)).as("commutative, seed %d", seed).isEqualTo(y.join(x));
        assertThat(x.join(y).join(z)).as("associative, seed %d", seed).isEqualTo(x.join(y.join(z)));
        assertThat(x.join(x)).as("idempotent, seed %d", seed).isEqualTo(x);
        assertThat(x.join(y).join(y)).as("absorbing, seed %d", seed).isEqualTo(x.join(y));
        assertThat(x.join(y).toProto()).isEqualTo(y.join(x).toProto());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5})
  void keepsExactlyTheWritesThatNoOtherWriteKnewOf(long block) {
    for (int i = 0; i < HISTORIES; i++) {
      long seed = block * 10_000 + i;
      History history = new History(seed);
      List<DottedVersionVectorSet> shuffled = new ArrayList<>(history.states);
      Collections.shuffle(shuffled, new Random(seed));

      DottedVersionVectorSet all = DottedVersionVectorSet.EMPTY;
      for (DottedVersionVectorSet state : shuffled) {
        all = all.join(state);
      }

      Set<Dot> expected = new HashSet<>(history.written);
      expected.removeAll(history.superseded);
      assertThat(all.siblings().stream().map(Sibling::dot))
          .as("seed %d", seed)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(history.written).as("seed %d", seed).allMatch(all::covers);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {6})
  void showsEachOperationOnceAndSurvivesTheDisk(long block) {
    for (int i = 0; i < HISTORIES; i++) {
      History history = new History(block * 10_000 + i);
      for (DottedVersionVectorSet state : history.states) {
        List<OperationId> shown =
            state.visible().stream().map(Sibling::operation).filter(o -> o != null).toList();
        assertThat(shown).doesNotHaveDuplicates();
        assertThat(DottedVersionVectorSet.fromProto(state.toProto())).isEqualTo(state);
      }
    }
  }
}
