package io.capstan.chaos.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a supervisor takes orders: HTTP with JSON on the loopback address, on a port of its own.
 * Every request must carry the token, which stands in a file that only its owner can read.
 *
 * <ul>
 *   <li>{@code GET /v1/report}: a {@link ClusterReport}
 *   <li>{@code POST /v1/node {"node","deed"}}: start, stop, kill, restart, pause, resume
 *   <li>{@code POST /v1/add}: the next node, started; answers {@code {"node","client","peer"}}
 *   <li>{@code POST /v1/links {"links":["n1>n2"],"mode":"blackhole"}}
 *   <li>{@code POST /v1/await {"what":"links"|"ready","timeoutMillis"}}
 *   <li>{@code POST /v1/stop}: answers at once; the process ends when the nodes have
 * </ul>
 *
 * <p>A failure is answered with status 409 (or 400 for usage) and {@code {"kind","message",
 * "hint"}}.
 */
final class ControlServer implements AutoCloseable {
  /** The header that carries the token. */
  static final String TOKEN_HEADER = "X-Capstan-Token";

  /** Orders that may be carried out at the same time; more wait. */
  private static final int THREADS = 16;

  private static final int BODY_MAX_BYTES = 64 * 1024;
  private static final int TOKEN_BYTES = 24;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOGGER = LoggerFactory.getLogger(ControlServer.class);

  private final HttpServer server;
  private final ExecutorService executor;
  private final String token;
  private final Supplier<ProcessCluster> cluster;
  private final Supplier<ClusterReport> report;
  private final Runnable stop;

  private ControlServer(
      HttpServer server,
      Supplier<ProcessCluster> cluster,
      Supplier<ClusterReport> report,
      Runnable stop) {
    this.server = server;
    this.cluster = cluster;
    this.report = report;
    this.stop = stop;
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    this.token = HexFormat.of().formatHex(random);
    this.executor = Executors.newFixedThreadPool(THREADS, Thread.ofPlatform().daemon().factory());
  }

  /**
   * Starts to listen.
   *
   * @param cluster whom the orders are for; may throw a {@link ClusterException} while there is
   *     none
   * @param report what {@code GET /v1/report} answers
   * @param stop called on {@code POST /v1/stop}; must be quick
   */
  static ControlServer start(
      Supplier<ProcessCluster> cluster, Supplier<ClusterReport> report, Runnable stop)
      throws IOException {
    HttpServer http = HttpServer.create(new InetSocketAddress(ClusterLayout.LOOPBACK, 0), 0);
    ControlServer server = new ControlServer(http, cluster, report, stop);
    http.createContext("/v1/", server::handle);
    http.setExecutor(server.executor);
    http.start();
    return server;
  }

  /** Returns the address, {@code http://host:port}. */
  String address() {
    return "http://" + ClusterLayout.LOOPBACK + ":" + server.getAddress().getPort();
  }

  /** Returns the token that every request must carry. */
  String token() {
    return token;
  }

  @Override
  public void close() {
    server.stop(1);
    executor.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!isAuthorized(exchange)) {
        answer(exchange, 403, failure("USAGE", "The token is missing or wrong.", ""));
        return;
      }
      try {
        answer(exchange, 200, act(exchange));
      } catch (ClusterException e) {
        int status = e.kind() == ClusterException.Kind.USAGE ? 400 : 409;
        answer(exchange, status, failure(e.kind().name(), e.getMessage(), e.hint()));
      } catch (IllegalArgumentException e) {
        answer(exchange, 400, failure("USAGE", e.getMessage(), ""));
      } catch (RuntimeException e) {
        LOGGER.error("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
        answer(exchange, 409, failure("FAILED", "The supervisor failed: " + e, ""));
      }
    }
  }

  private boolean isAuthorized(HttpExchange exchange) {
    String given = exchange.getRequestHeaders().getFirst(TOKEN_HEADER);
    return given != null
        && MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
  }

  private JsonNode act(HttpExchange exchange) throws IOException {
    String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    switch (request) {
      case "GET /v1/report" -> {
        return JSON.valueToTree(report.get());
      }
      case "POST /v1/node" -> {
        JsonNode order = body(exchange);
        nodeDeed(order.path("node").asText(), order.path("deed").asText());
      }
      case "POST /v1/add" -> {
        ProcessCluster target = cluster.get();
        String id = target.add();
        return JsonNodeFactory.instance
            .objectNode()
            .put("node", id)
            .put("client", target.layout().clientAddress(id))
            .put("peer", target.layout().peerAddress(id));
      }
      case "POST /v1/links" -> {
        JsonNode order = body(exchange);
        Set<DirectedLink> links = new LinkedHashSet<>();
        order.path("links").forEach(link -> links.add(DirectedLink.parse(link.asText())));
        String mode = order.path("mode").asText().toUpperCase(Locale.ROOT);
        cluster.get().setLinks(links, LinkMode.valueOf(mode));
      }
      case "POST /v1/await" -> {
        JsonNode order = body(exchange);
        await(order.path("what").asText(), Duration.ofMillis(order.path("timeoutMillis").asLong()));
      }
      case "POST /v1/stop" -> stop.run();
      default -> throw ClusterException.usage("There is no " + request + " here.", "");
    }
    return JsonNodeFactory.instance.objectNode();
  }

  private void nodeDeed(String node, String deed) {
    Cluster target = cluster.get();
    switch (deed) {
      case "start" -> target.start(node);
      case "stop" -> target.stop(node);
      case "kill" -> target.kill(node);
      case "restart" -> target.restart(node);
      case "pause" -> target.pause(node);
      case "resume" -> target.resume(node);
      default -> throw ClusterException.usage("A node cannot be told to \"" + deed + "\".", "");
    }
  }

  private void await(String what, Duration timeout) {
    switch (what) {
      case "links" -> cluster.get().awaitLinks(timeout);
      case "ready" -> cluster.get().awaitReady(timeout);
      default ->
          throw ClusterException.usage("Nothing can be awaited called \"" + what + "\".", "");
    }
  }

  private static JsonNode body(HttpExchange exchange) throws IOException {
    try (InputStream in = exchange.getRequestBody()) {
      return JSON.readTree(in.readNBytes(BODY_MAX_BYTES));
    }
  }

  private static ObjectNode failure(String kind, @Nullable String message, String hint) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("kind", kind)
        .put("message", message)
        .put("hint", hint);
  }

  private static void answer(HttpExchange exchange, int status, JsonNode content)
      throws IOException {
    byte[] bytes = JSON.writeValueAsBytes(content);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
