package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The session of one client on the keyspace that changes sides. It sends along what the client
 * library would, and judges every answer: what it saw once it sees again, in whichever mode and
 * epoch, or it is told that this did not come across a change of sides or went with a disk; and of
 * what was acknowledged, and is not on lost disks alone, nobody may tell it that.
 */
final class FlipSession {
  private static final String CLAIM =
      "a session sees again what it saw, or is told that it is gone";

  /**
   * What it saw of a key, to which nobody writes a second time.
   *
   * @param openedEpoch the epoch that had opened what was served then
   */
  private record Known(String value, List<Dot> seen, long openedEpoch) {}

  private final FlipOracle oracle;
  private final Coverage coverage;
  private final Map<ByteString, Known> known = new LinkedHashMap<>();
  private long epoch;
  private long openedEpoch;

  FlipSession(FlipOracle oracle, Coverage coverage) {
    this.oracle = oracle;
    this.coverage = coverage;
  }

  /** The keys of which it has seen something, the oldest first. */
  List<ByteString> keys() {
    return new ArrayList<>(known.keySet());
  }

  SessionClaim claim(ByteString key) {
    SessionClaim.Builder claim = SessionClaim.newBuilder().setEpoch(epoch);
    Known seen = known.get(key);
    if (seen != null && seen.openedEpoch() < openedEpoch) {
      claim.addAllEarlier(seen.seen());
    } else if (seen != null) {
      claim.addAllDots(seen.seen());
    }
    return claim.build();
  }

  /** A write of it was confirmed. */
  void wrote(ByteString key, String value, Receipt receipt) {
    learn(key, value, receipt);
  }

  /** A read of it was answered. */
  void read(ByteString key, Receipt receipt) {
    coverage.count(Coverage.Counter.SESSION_READS);
    Known seen = known.get(key);
    if (receipt.getEpoch() < epoch) {
      throw failure(key, seen, receipt, "is answered in an epoch before " + epoch);
    }
    if (receipt.getFound()) {
      // A retry after the change may have written the value again, as another version.
      if (receipt.getLeftBehindList().stream().anyMatch(receipt.getSeenList()::contains)) {
        throw failure(key, seen, receipt, "is shown what it is told to be gone");
      }
      learn(key, receipt.getValue().toStringUtf8(), receipt);
      return;
    }
    if (seen == null) {
      learnEpoch(receipt);
      return;
    }
    // By a change of sides, or with the disk of a node that was given up.
    boolean mayBeGone = seen.openedEpoch() < receipt.getOpenedEpoch() || oracle.anyDiskLost();
    boolean told = mayBeGone && receipt.getLeftBehindList().containsAll(seen.seen());
    if (!told) {
      throw failure(key, seen, receipt, "is shown nothing, and told nothing");
    }
    if (oracle.isConfirmed(seen.value())) {
      throw failure(key, seen, receipt, "is told that a confirmed write is gone");
    }
    coverage.count(Coverage.Counter.SESSIONS_TOLD);
    known.remove(key);
    learnEpoch(receipt);
  }

  private void learn(ByteString key, String value, Receipt receipt) {
    learnEpoch(receipt);
    known.put(key, new Known(value, receipt.getSeenList(), receipt.getOpenedEpoch()));
  }

  private void learnEpoch(Receipt receipt) {
    epoch = Math.max(epoch, receipt.getEpoch());
    openedEpoch = Math.max(openedEpoch, receipt.getOpenedEpoch());
  }

  private static SimulationFailure failure(
      ByteString key, @Nullable Known seen, Receipt receipt, String what) {
    return new SimulationFailure(
        CLAIM, what + ": key " + key.toStringUtf8() + ", seen " + seen + ", answered " + receipt);
  }
}
