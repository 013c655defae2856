package io.capstan.client;

import com.google.protobuf.ByteString;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.DivergenceResponse;
import io.capstan.proto.v1.RowSum;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Compares the hash trees of all endpoints: first the leaves, then the rows of those leaves that
 * differ, page by page.
 */
final class DivergenceReader {
  private static final int HASH_BYTES = 16;

  /** Pages of one node: the rows of a keyspace of ten million, looked at once. */
  private static final int PAGES_MAX = 5_000;

  private final ClientCore core;
  private final String keyspace;
  private final boolean byRow;
  private final long timeoutNanos;

  /**
   * @param byRow whether rows that differ are looked for, which has the nodes read all their rows
   */
  DivergenceReader(ClientCore core, String keyspace, boolean byRow) {
    this.core = core;
    this.keyspace = keyspace;
    this.byRow = byRow;
    this.timeoutNanos = core.settings().timeout().toNanos();
  }

  /** What one endpoint has told so far. */
  private static final class Told {
    final Endpoint endpoint;
    @Nullable DivergenceResponse first;
    @Nullable CapstanException error;
    final Map<ByteString, ByteString> rows =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    boolean complete = true;

    Told(Endpoint endpoint) {
      this.endpoint = endpoint;
    }

    String id() {
      DivergenceResponse response = first;
      return response == null ? "" : response.getNodeId();
    }

    boolean hasLeaves() {
      DivergenceResponse response = first;
      return response != null && !response.getLeaves().isEmpty();
    }
  }

  CompletableFuture<Divergence> read() {
    DivergenceRequest leaves = request().setLeaves(byRow).build();
    List<CompletableFuture<Told>> asked = new ArrayList<>();
    for (Endpoint endpoint : core.endpoints().all()) {
      if (endpoint.isAside()) {
        endpoint.reconnectNow();
      }
      CompletableFuture<Told> result = new CompletableFuture<>();
      Told told = new Told(endpoint);
      ask(
          endpoint,
          leaves,
          new Attempt.Listener<>() {
            @Override
            public void answered(Endpoint from, DivergenceResponse response) {
              from.recovered();
              told.first = response;
              result.complete(told);
            }

            @Override
            public void failed(Endpoint from, Failure failure) {
              told.error = WireAnswers.exception(failure, Outcome.FAILED, failure.message());
              result.complete(told);
            }
          });
      asked.add(result);
    }
    return all(asked).thenCompose(this::readRows);
  }

  private static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> asked) {
    return CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> asked.stream().map(CompletableFuture::join).toList());
  }

  private DivergenceRequest.Builder request() {
    return DivergenceRequest.newBuilder().setKeyspace(WireRequests.keyspace(keyspace, 0, 0));
  }

  private void ask(
      Endpoint endpoint, DivergenceRequest request, Attempt.Listener<DivergenceResponse> listener) {
    Attempt.start(
        endpoint,
        AdminGrpc.getDivergenceMethod(),
        request,
        timeoutNanos,
        timeoutNanos,
        core.delays(),
        listener);
  }

  private CompletableFuture<Divergence> readRows(List<Told> all) {
    BitSet apart = leavesApart(all.stream().filter(Told::hasLeaves).toList());
    if (apart.isEmpty()) {
      return CompletableFuture.completedFuture(joined(all));
    }
    DivergenceRequest rows = request().addAllRowsOfLeaves(apart.stream().boxed().toList()).build();
    List<CompletableFuture<Told>> asked = new ArrayList<>();
    for (Told told : all) {
      if (told.hasLeaves()) {
        CompletableFuture<Told> result = new CompletableFuture<>();
        askRows(told, rows, PAGES_MAX, result);
        asked.add(result);
      }
    }
    return all(asked).thenApply(done -> joined(all));
  }

  private void askRows(
      Told told, DivergenceRequest page, int pagesMax, CompletableFuture<Told> result) {
    ask(
        told.endpoint,
        page,
        new Attempt.Listener<>() {
          @Override
          public void answered(Endpoint from, DivergenceResponse response) {
            for (RowSum sum : response.getRowSumsList()) {
              told.rows.put(sum.getKey(), sum.getHash());
            }
            if (response.getMore() && pagesMax > 1) {
              askRows(
                  told,
                  page.toBuilder().setFrom(response.getNextFrom()).build(),
                  pagesMax - 1,
                  result);
            } else {
              told.complete = !response.getMore();
              result.complete(told);
            }
          }

          @Override
          public void failed(Endpoint from, Failure failure) {
            told.complete = false;
            result.complete(told);
          }
        });
  }

  private static BitSet leavesApart(List<Told> told) {
    BitSet apart = new BitSet();
    for (int i = 1; i < told.size(); i++) {
      ByteString first = leaves(told.get(0));
      ByteString other = leaves(told.get(i));
      for (int at = 0; at + HASH_BYTES <= first.size() && at < other.size(); at += HASH_BYTES) {
        if (!first.substring(at, at + HASH_BYTES).equals(other.substring(at, at + HASH_BYTES))) {
          apart.set(at / HASH_BYTES);
        }
      }
    }
    return apart;
  }

  private static ByteString leaves(Told told) {
    DivergenceResponse response = told.first;
    return response == null ? ByteString.EMPTY : response.getLeaves();
  }

  private Divergence joined(List<Told> all) {
    Map<ByteString, Map<String, String>> byKey =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    List<Told> compared = all.stream().filter(Told::hasLeaves).toList();
    for (Told told : compared) {
      told.rows.forEach(
          (key, hash) ->
              byKey.computeIfAbsent(key, k -> new LinkedHashMap<>()).put(told.id(), hex(hash)));
    }
    byKey
        .values()
        .removeIf(
            hashes ->
                hashes.size() == compared.size()
                    && hashes.values().stream().distinct().count() == 1);
    List<Divergence.Row> rows =
        byKey.entrySet().stream()
            .limit(Divergence.ROWS_MAX)
            .map(row -> new Divergence.Row(Bytes.of(row.getKey()), row.getValue()))
            .toList();
    boolean complete =
        byRow && byKey.size() == rows.size() && compared.stream().allMatch(told -> told.complete);
    return new Divergence(
        keyspace, all.stream().map(DivergenceReader::node).toList(), rows, complete);
  }

  private static Divergence.Node node(Told told) {
    DivergenceResponse response = told.first;
    if (response == null) {
      return new Divergence.Node(
          told.endpoint.address(),
          "",
          Bytes.of(ByteString.EMPTY),
          null,
          0,
          false,
          false,
          List.of(),
          List.of(),
          0,
          told.error);
    }
    return new Divergence.Node(
        told.endpoint.address(),
        response.getNodeId(),
        Bytes.of(response.getClock().toByteString()),
        response.getRoot().isEmpty() ? null : hex(response.getRoot()),
        response.getRows(),
        response.getReading(),
        response.getTakingOver(),
        response.getPeersList().stream()
            .map(
                peer ->
                    new Divergence.Peer(
                        peer.getId(),
                        peer.hasDotsMissingThere() ? peer.getDotsMissingThere() : null,
                        peer.hasDotsMissingHere() ? peer.getDotsMissingHere() : null,
                        peer.hasComparedAgoMillis() ? peer.getComparedAgoMillis() : null,
                        peer.getDisagrees()))
            .toList(),
        response.getCollectionWaitsForList(),
        response.getUnconfirmedDots(),
        null);
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }
}
