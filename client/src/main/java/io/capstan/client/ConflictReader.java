package io.capstan.client;

import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Reads the ledgers of all endpoints, page by page, and joins them. */
final class ConflictReader {
  private static final int PAGE_ROWS = 500;

  private final ClientCore core;
  private final ConflictQuery query;
  private final ListConflictsRequest request;
  private final long timeoutNanos;

  ConflictReader(ClientCore core, ConflictQuery query, String keyspace) {
    this.core = core;
    this.query = query;
    this.timeoutNanos =
        (query.timeout() != null ? query.timeout() : core.settings().timeout()).toNanos();
    ListConflictsRequest.Builder wanted =
        ListConflictsRequest.newBuilder()
            .setKeyspace(WireRequests.keyspace(keyspace, 0, 0))
            .setLimit(Math.min(PAGE_ROWS, query.limitRows()));
    Bytes key = query.key();
    if (key != null) {
      wanted.setKey(key.byteString());
    }
    String version = query.version();
    if (version != null) {
      wanted.setVersion(version);
    }
    this.request = wanted.build();
  }

  /** What one endpoint has told so far. */
  private record Told(Endpoint endpoint, List<Conflict> rows, ConflictList.Node node) {}

  CompletableFuture<ConflictList> read() {
    List<CompletableFuture<Told>> asked = new ArrayList<>();
    for (Endpoint endpoint : core.endpoints().all()) {
      if (endpoint.isAside()) {
        endpoint.reconnectNow();
      }
      CompletableFuture<Told> result = new CompletableFuture<>();
      askFrom(endpoint, request, new ArrayList<>(), result);
      asked.add(result);
    }
    return CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> joined(asked.stream().map(CompletableFuture::join).toList()));
  }

  private void askFrom(
      Endpoint endpoint,
      ListConflictsRequest page,
      List<Conflict> rows,
      CompletableFuture<Told> result) {
    Attempt.start(
        endpoint,
        AdminGrpc.getListConflictsMethod(),
        page,
        timeoutNanos,
        timeoutNanos,
        core.delays(),
        new Attempt.Listener<ListConflictsResponse>() {
          @Override
          public void answered(Endpoint from, ListConflictsResponse response) {
            from.recovered();
            rows.addAll(response.getConflictsList());
            boolean hasMore = response.getNextBefore() != 0;
            if (hasMore && rows.size() < query.limitRows()) {
              ListConflictsRequest next =
                  page.toBuilder()
                      .setBefore(response.getNextBefore())
                      .setLimit(Math.min(PAGE_ROWS, query.limitRows() - rows.size()))
                      .build();
              askFrom(endpoint, next, rows, result);
            } else {
              result.complete(new Told(from, rows, node(from, response, hasMore)));
            }
          }

          @Override
          public void failed(Endpoint from, Failure failure) {
            CapstanException error =
                WireAnswers.exception(failure, Outcome.FAILED, failure.message());
            result.complete(
                new Told(
                    from,
                    List.of(),
                    new ConflictList.Node(from.address(), "", 0, 0, 0, false, error)));
          }
        });
  }

  private static ConflictList.Node node(
      Endpoint from, ListConflictsResponse response, boolean hasMore) {
    return new ConflictList.Node(
        from.address(),
        response.getNodeId(),
        response.getDiscarded(),
        response.getCollapsed(),
        response.getCollapsedUntilMillis(),
        hasMore,
        null);
  }

  private static ConflictList joined(List<Told> all) {
    Map<String, List<String>> listedBy = new LinkedHashMap<>();
    Map<String, Conflict> first = new LinkedHashMap<>();
    for (Told told : all) {
      for (Conflict row : told.rows()) {
        first.putIfAbsent(row.getVersion(), row);
        listedBy
            .computeIfAbsent(row.getVersion(), version -> new ArrayList<>())
            .add(told.node().id());
      }
    }
    List<ConflictList.Conflict> conflicts =
        first.values().stream()
            .map(row -> conflict(row, listedBy.getOrDefault(row.getVersion(), List.of())))
            .sorted(
                Comparator.comparingLong(ConflictList.Conflict::discardedAtMillis)
                    .reversed()
                    .thenComparing(ConflictList.Conflict::version))
            .toList();
    return new ConflictList(conflicts, all.stream().map(Told::node).toList());
  }

  private static ConflictList.Conflict conflict(Conflict row, List<String> listedBy) {
    return new ConflictList.Conflict(
        Bytes.of(row.getKey()),
        row.getVersion(),
        row.hasValue() ? Bytes.of(row.getValue()) : null,
        row.getValueSizeBytes(),
        row.getWrittenAtMillis(),
        row.getWinnerVersion(),
        row.getWinnerWrittenAtMillis(),
        row.getDiscardedAtMillis(),
        listedBy);
  }
}
