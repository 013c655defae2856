package io.capstan.node.server.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value as somebody wrote it, not yet understood.
 *
 * @param text the value, or null where it is a map
 * @param map the entries of a map, in order; empty where it is a text
 * @param source where it stands, for messages: "line 3 of node.yaml"
 */
record RawSetting(@Nullable String text, Map<String, String> map, String source) {

  static RawSetting of(String text, String source) {
    return new RawSetting(text, Map.of(), source);
  }
}
