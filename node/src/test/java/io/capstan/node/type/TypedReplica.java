package io.capstan.node.type;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.proto.store.v1.OperationId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One key on one replica, written by hand. */
final class TypedReplica {
  private final Actor self;
  private long counter;
  private long wallMillis = 1_000;
  private DottedVersionVectorSet held = DottedVersionVectorSet.EMPTY;

  TypedReplica(String name) {
    this.self = new Actor(name, 1);
  }

  static OperationId operation(long session, long sequence) {
    return OperationId.newBuilder().setSession(session).setSequence(sequence).build();
  }

  DottedVersionVectorSet held() {
    return held;
  }

  Dot lastDot() {
    return new Dot(self, counter);
  }

  void takes(TypedReplica other) {
    held = held.join(other.held);
  }

  void passMillis(long millis) {
    wallMillis += millis;
  }

  private TypedChange.Moment moment() {
    return new TypedChange.Moment(
        self, counter + 1, new HybridTimestamp(wallMillis, 0), wallMillis);
  }

  private TypedChange done(TypedChange change) {
    if (change instanceof TypedChange.Written written) {
      held = written.last();
      counter += written.rows().size();
    }
    return change;
  }

  TypedChange add(@Nullable OperationId operation, long delta) {
    return done(Counters.add(held, moment(), operation, delta));
  }

  /** Folds everything, or what the test calls stable. */
  boolean fold(Counters.Stability stability) {
    DottedVersionVectorSet folded = Counters.fold(held, moment(), stability, 1);
    if (folded == null) {
      return false;
    }
    held = folded;
    counter++;
    return true;
  }

  long sum() {
    return Counters.sum(held);
  }

  TypedChange setAdd(@Nullable OperationId operation, String element) {
    return done(Sets.add(held, moment(), operation, ByteString.copyFromUtf8(element)));
  }

  TypedChange setRemove(@Nullable OperationId operation, String element) {
    return done(Sets.remove(held, moment(), operation, ByteString.copyFromUtf8(element)));
  }

  List<String> elements() {
    return Sets.elements(held).stream().map(ByteString::toStringUtf8).toList();
  }
}
