package io.capstan.chaos.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Gives orders to a {@link ControlServer}. Thread-safe. */
final class ControlClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

  /** Longer than anything that a supervisor itself waits for. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(90);

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String address;
  private final String token;

  ControlClient(String address, String token) {
    this.address = address;
    this.token = token;
  }

  ClusterReport report() {
    try {
      return JSON.treeToValue(exchange("GET", "/v1/report", null), ClusterReport.class);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  void node(String node, String deed) {
    post("/v1/node", JsonNodeFactory.instance.objectNode().put("node", node).put("deed", deed));
  }

  AddedNode add() {
    try {
      byte[] order = JSON.writeValueAsBytes(JsonNodeFactory.instance.objectNode());
      return JSON.treeToValue(exchange("POST", "/v1/add", order), AddedNode.class);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  void links(Iterable<DirectedLink> links, LinkMode mode) {
    var order = JsonNodeFactory.instance.objectNode().put("mode", mode.name());
    var names = order.putArray("links");
    links.forEach(link -> names.add(link.toString()));
    post("/v1/links", order);
  }

  void await(String what, Duration timeout) {
    post(
        "/v1/await",
        JsonNodeFactory.instance
            .objectNode()
            .put("what", what)
            .put("timeoutMillis", timeout.toMillis()));
  }

  void stop() {
    post("/v1/stop", JsonNodeFactory.instance.objectNode());
  }

  private void post(String path, JsonNode order) {
    try {
      exchange("POST", path, JSON.writeValueAsBytes(order));
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  private JsonNode exchange(String method, String path, byte @Nullable [] order)
      throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(address + path).toURL().openConnection();
    connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
    connection.setReadTimeout((int) ANSWER_TIMEOUT.toMillis());
    connection.setRequestMethod(method);
    connection.setRequestProperty(ControlServer.TOKEN_HEADER, token);
    if (order != null) {
      connection.setDoOutput(true);
      connection.setRequestProperty("Content-Type", "application/json");
      try (OutputStream out = connection.getOutputStream()) {
        out.write(order);
      }
    }
    int status = connection.getResponseCode();
    try (InputStream in =
        status == 200 ? connection.getInputStream() : connection.getErrorStream()) {
      JsonNode answer = JSON.readTree(in == null ? new byte[0] : in.readAllBytes());
      if (status == 200) {
        return answer;
      }
      throw new ClusterException(
          ClusterException.Kind.valueOf(answer.path("kind").asText("FAILED")),
          answer.path("message").asText("The supervisor answered with status " + status + "."),
          answer.path("hint").asText(""));
    }
  }

  private ClusterException unreachable(IOException cause) {
    return new ClusterException(
        ClusterException.Kind.UNREACHABLE,
        "The supervisor of the cluster does not answer at "
            + address
            + ": "
            + cause.getMessage()
            + ".",
        "capstan cluster stop ends what is left of the cluster; its data is kept.",
        cause);
  }
}
