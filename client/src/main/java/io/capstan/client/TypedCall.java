package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.KeyspaceRef;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A call on a counter or a set.
 *
 * @param problem what is wrong with it, or null where nothing is
 * @param receipts takes the receipt out of the answer
 */
record TypedCall<Q, R>(
    String verb,
    MethodDescriptor<Q, R> method,
    boolean isRead,
    String keyspace,
    @Nullable String problem,
    Requests<Q> requests,
    Function<R, io.capstan.proto.v1.Receipt> receipts,
    @Nullable Duration timeout) {

  /** Makes the request of an attempt. */
  interface Requests<Q> {
    Q request(KeyspaceRef keyspace, @Nullable OperationId operation);
  }
}
