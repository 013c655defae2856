package io.capstan.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.capstan.client.Bytes;
import io.capstan.client.Txn;
import java.io.IOException;
import java.util.Base64;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;

/** Reads a transaction from its JSON form; the format stands in the help of {@link TxnCommand}. */
final class TxnDocument {
  private TxnDocument() {}

  /**
   * @throws IllegalArgumentException where the document is not of that form; the message says where
   */
  static Txn read(byte[] document) {
    JsonMapper mapper =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    JsonNode root;
    try {
      root = mapper.readTree(document);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
    }
    expectFields(root, "the document", Set.of("compare", "then", "else"));
    Txn.Builder txn = Txn.builder();
    for (JsonNode each : array(root, "compare")) {
      txn.compare(compare(each));
    }
    for (JsonNode each : array(root, "then")) {
      txn.step(step(each));
    }
    txn.otherwise();
    for (JsonNode each : array(root, "else")) {
      txn.step(step(each));
    }
    return txn.build();
  }

  private static Iterable<JsonNode> array(JsonNode root, String name) {
    JsonNode array = root.path(name);
    if (!array.isMissingNode() && !array.isArray()) {
      throw new IllegalArgumentException("\"" + name + "\" must be an array");
    }
    return array;
  }

  private static Txn.Compare compare(JsonNode node) {
    expectFields(node, "a comparison", Set.of("key", "is", "version", "value", "absent"));
    Bytes key = bytes(node, "key");
    Txn.Relation relation = relation(node);
    if (node.has("version") && node.path("version").canConvertToLong()) {
      return new Txn.Compare.Version(key, relation, node.path("version").longValue());
    }
    if (node.has("version")) {
      throw new IllegalArgumentException("\"version\" must be a whole number: " + node);
    }
    if (node.has("value")) {
      return new Txn.Compare.Value(key, relation, bytes(node, "value"));
    }
    if (node.path("absent").asBoolean(false)) {
      return new Txn.Compare.Absent(key);
    }
    throw new IllegalArgumentException(
        "a comparison needs \"version\", \"value\" or \"absent\": true: " + node);
  }

  private static Txn.Relation relation(JsonNode node) {
    String is = node.path("is").asText("=");
    return switch (is) {
      case "=" -> Txn.Relation.EQUAL;
      case "!=" -> Txn.Relation.NOT_EQUAL;
      case "<" -> Txn.Relation.LESS;
      case ">" -> Txn.Relation.GREATER;
      default ->
          throw new IllegalArgumentException("\"is\" must be =, !=, < or >, not \"" + is + "\"");
    };
  }

  private static Txn.Step step(JsonNode node) {
    expectFields(node, "a step", Set.of("put", "value", "delete", "get"));
    if (node.has("put")) {
      return new Txn.Step.PutStep(bytes(node, "put"), bytes(node, "value"), null);
    }
    if (node.has("delete")) {
      return new Txn.Step.DeleteStep(bytes(node, "delete"), null);
    }
    if (node.has("get")) {
      return new Txn.Step.GetStep(bytes(node, "get"));
    }
    throw new IllegalArgumentException(
        "a step needs \"put\" (with \"value\"), \"delete\" or \"get\": " + node);
  }

  private static Bytes bytes(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (value.isTextual()) {
      return Bytes.of(value.textValue());
    }
    JsonNode base64 = value.path("base64");
    if (base64.isTextual()) {
      return Bytes.of(Base64.getDecoder().decode(base64.textValue()));
    }
    throw new IllegalArgumentException(
        "\"" + field + "\" must be a string or {\"base64\": \"...\"}: " + node);
  }

  private static void expectFields(JsonNode node, String what, Set<String> allowed) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(what + " must be an object: " + node);
    }
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!allowed.contains(name)) {
        throw new IllegalArgumentException(
            "\"" + name + "\" is not part of " + what + "; allowed are " + new TreeSet<>(allowed));
      }
    }
  }
}
