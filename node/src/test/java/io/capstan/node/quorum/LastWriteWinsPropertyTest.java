package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridClock;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seeded histories of one key over coordinators whose clocks differ by more than the bound. */
@DisplayName("Where the latest write wins, merging")
class LastWriteWinsPropertyTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("k");
  private static final int HISTORIES = 300;
  private static final int PERMUTATIONS = 6;
  private static final long DRIFT_MAX_MILLIS = 50;
  private static final KeyspaceRecord RECORD =
      TestCluster.record(Level.LEVEL_ONE).toBuilder()
          .setConflicts(ConflictPolicy.CONFLICT_POLICY_LWW)
          .build();

  /** A replica's row, clock and ledger. */
  private static final class Node {
    final MemoryTables tables = new MemoryTables();
    final StepTime time = new StepTime();
    final ConflictRule rule =
        new ConflictRule(
            RECORD, new ConflictLedger(ConflictLedger.Limits.DEFAULT, tables.ledger(), "n", time));
    final HybridClock clock = new HybridClock(DRIFT_MAX_MILLIS);
    DottedVersionVectorSet row = DottedVersionVectorSet.EMPTY;
    long counter;

    void merge(DottedVersionVectorSet received) {
      row = rule.settle(KEY, row.join(received));
    }

    Set<Dot> listed() {
      Set<Dot> dots = new HashSet<>();
      tables.ledger().scan(entry -> dots.add(Dot.fromProto(entry.getDot())));
      return dots;
    }
  }

  private static final class History {
    final Random random;
    final List<Node> nodes = new ArrayList<>();
    final List<DottedVersionVectorSet> states = new ArrayList<>();
    final List<Sibling> written = new ArrayList<>();

    /** What some write knew of, whether it was still there or lost before. */
    final Set<Dot> known = new HashSet<>();

    History(long seed) {
      random = new Random(seed);
      int size = 2 + random.nextInt(4);
      long[] aheadMillis = new long[size];
      for (int i = 0; i < size; i++) {
        nodes.add(new Node());
        aheadMillis[i] = random.nextInt(400) - 200;
      }
      long wallMillis = 10_000;
      for (int step = 0; step < 30; step++) {
        wallMillis += random.nextInt(20);
        int at = random.nextInt(size);
        Node node = nodes.get(at);
        if (random.nextInt(3) == 0 && !states.isEmpty()) {
          node.merge(anyState());
        } else {
          write(at, node, wallMillis + aheadMillis[at]);
        }
        states.add(node.row);
      }
    }

    private void write(int at, Node node, long wallMillis) {
      // Blind, or with what some replica showed once, which this one need not hold.
      boolean blind = states.isEmpty() || random.nextBoolean();
      DottedVersionVectorSet read = blind ? node.row : anyState();
      HybridTimestamp newest = later(node.row.newest(), read.newest());
      node.clock.observe(newest, wallMillis);
      HybridTimestamp next = node.clock.next(wallMillis);
      node.counter += 1 + random.nextInt(2);
      Sibling sibling =
          new Sibling(
              new Dot(new Actor("n" + at, 1), node.counter),
              later(next, newest.successor()),
              null,
              ByteString.copyFromUtf8("v"));
      read.siblings().forEach(seen -> known.add(seen.dot()));
      written.add(sibling);
      node.row = node.rule.settle(KEY, node.row.discard(read.context()).add(sibling));
    }

    private static HybridTimestamp later(HybridTimestamp one, HybridTimestamp other) {
      return one.compareTo(other) >= 0 ? one : other;
    }

    private DottedVersionVectorSet anyState() {
      return states.get(random.nextInt(states.size()));
    }

    Sibling latest() {
      return written.stream()
          .max(
              (a, b) -> {
                int byTime = a.writtenAt().compareTo(b.writtenAt());
                return byTime != 0 ? byTime : a.dot().compareTo(b.dot());
              })
          .orElseThrow();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  @DisplayName("comes to the same row in every order: the latest of all writes")
  void everyOrderGivesTheSameRow(long block) {
    for (int i = 0; i < HISTORIES; i++) {
      long seed = block * 10_000 + i;
      History history = new History(seed);
      if (history.written.isEmpty()) {
        continue;
      }
      DottedVersionVectorSet expected = null;
      for (int draw = 0; draw < PERMUTATIONS; draw++) {
        List<DottedVersionVectorSet> shuffled = new ArrayList<>(history.states);
        Collections.shuffle(shuffled, new Random(seed * 31 + draw));
        Node reader = new Node();
        shuffled.forEach(reader::merge);

        assertThat(reader.row.siblings()).as("seed %d", seed).containsExactly(history.latest());
        if (expected == null) {
          expected = reader.row;
        }
        assertThat(reader.row.toProto()).as("seed %d", seed).isEqualTo(expected.toProto());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5})
  @DisplayName("loses nothing silently: each write won, was known to a later one, or is listed")
  void theBooksBalance(long block) {
    for (int i = 0; i < HISTORIES; i++) {
      long seed = block * 10_000 + i;
      History history = new History(seed);
      List<Node> all = history.nodes;
      for (Node node : all) {
        all.forEach(other -> node.merge(other.row));
      }
      Set<Dot> listed = new HashSet<>();
      all.forEach(node -> listed.addAll(node.listed()));

      for (Sibling write : history.written) {
        boolean won = write.equals(history.latest());
        assertThat(won || history.known.contains(write.dot()) || listed.contains(write.dot()))
            .as("seed %d: %s", seed, write)
            .isTrue();
        assertThat(won && listed.contains(write.dot())).as("seed %d: %s", seed, write).isFalse();
      }
    }
  }
}
