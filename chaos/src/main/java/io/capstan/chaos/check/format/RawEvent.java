package io.capstan.chaos.check.format;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The map of one event, not yet judged.
 *
 * @param line where it begins, from 1
 * @param fields by name, keywords without their colon
 */
record RawEvent(int line, Map<String, @Nullable Object> fields) {}
